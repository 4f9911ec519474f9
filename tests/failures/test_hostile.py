"""Every kind of bad input through the whole command: errors of the catalogue, exit code 2, nothing changed.

What exactly is said about each stands in the tests of each reader; here it is enough that nothing else ever happens.
"""

from __future__ import annotations

import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder.errors import CATALOGUE
from tests.archives import folder_entries, special, write_zip
from tests.failures.conftest import Run
from tests.models import tiny_model
from tests.trees import contents

# Makes something bad of a good model folder with labels.txt; the path to give as MODEL, if it is not the folder.
Spoil = Callable[[Path], object]
SHARD = "group1-shard1of1.bin"


def document(change: Callable[[dict[str, Any]], object]) -> Spoil:
    def spoil(model: Path) -> None:
        found = json.loads((model / "model.json").read_text("utf-8"))
        change(found)
        (model / "model.json").write_text(json.dumps(found), "utf-8")

    return spoil


def shard_path(path: str) -> Spoil:
    return document(lambda found: found["weightsManifest"][0].update(paths=[path]))


def weight(**keys: object) -> Spoil:
    return document(lambda found: found["weightsManifest"][0]["weights"][2].update(keys))


def model_text(text: bytes) -> Spoil:
    return lambda model: (model / "model.json").write_bytes(text)


def label_text(text: bytes, name: str = "labels.txt") -> Spoil:
    def spoil(model: Path) -> None:
        (model / "labels.txt").unlink()
        (model / name).write_bytes(text)
        (model / "tfjs-for-unity.toml").write_text(f'labels = "{name}"\n', "utf-8")

    return spoil


def shard_bytes(change: Callable[[bytes], bytes]) -> Spoil:
    return lambda model: (model / SHARD).write_bytes(change((model / SHARD).read_bytes()))


def folder_instead(name: str) -> Spoil:
    def spoil(model: Path) -> None:
        (model / name).unlink()
        (model / name).mkdir()

    return spoil


def device_shard(model: Path) -> None:
    """Of a graph: games get those as they are, while layers become a graph with shards of its own."""
    tiny_model(model, format="graph")
    (model / SHARD).rename(model / "con.bin")
    shard_path("con.bin")(model)


def linked_shard(model: Path) -> None:
    (model / SHARD).rename(model.parent / "elsewhere.bin")
    (model / SHARD).symlink_to(model.parent / "elsewhere.bin")


def ring_of_links(model: Path) -> None:
    (model / SHARD).unlink()
    (model / SHARD).symlink_to(SHARD)


def zipped(*more: tuple[str | zipfile.ZipInfo, bytes]) -> Spoil:
    return lambda model: write_zip(model.parent / "model.zip", [*folder_entries(model), *more])


def cut_zip(model: Path) -> Path:
    whole = write_zip(model.parent / "model.zip", folder_entries(model))
    whole.write_bytes(whole.read_bytes()[:-40])
    return whole


def nested_nodes(found: dict[str, Any]) -> None:
    layers = found["modelTopology"]["model_config"]["config"]["layers"]
    layers[0] = {"class_name": "Sequential", "config": {"layers": layers[:]}}


SPOILED: dict[str, Spoil] = {
    "no model.json": lambda model: (model / "model.json").unlink(),
    "model.json is a folder": folder_instead("model.json"),
    "no such folder": lambda model: model / "nowhere",
    "not JSON": model_text(b"<!doctype html>"),
    "cut JSON": lambda model: model_text((model / "model.json").read_bytes()[:-9])(model),
    "UTF-16": model_text('{"format": "layers-model"}'.encode("utf-16")),
    "deep JSON": model_text(b'{"modelTopology":' + b"[" * 200_000),
    "deep, whole JSON": model_text(b'{"modelTopology":' + b"[" * 50_000 + b"]" * 50_000 + b"}"),
    "enormous JSON": model_text(b" " * (33 << 20) + b"{}"),
    "enormous number": model_text(b'{"format": ' + b"9" * 10_000 + b"}"),
    "a list": model_text(b"[1, 2, 3]"),
    "missing shard": lambda model: (model / SHARD).unlink(),
    "shard is a folder": folder_instead(SHARD),
    "short shard": shard_bytes(lambda data: data[:-1]),
    "long shard": shard_bytes(lambda data: data + b"x"),
    "empty shard": shard_bytes(lambda _: b""),
    "NaN": shard_bytes(lambda data: np.array([np.nan], "<f4").tobytes() + data[4:]),
    "shard up": shard_path("../model.bin"),
    "shard up, inside": shard_path("a/../../model.bin"),
    "absolute shard": shard_path("/etc/passwd"),
    "shard of a drive": shard_path("C:\\model.bin"),
    "shard of a drive's folder": shard_path("C:model.bin"),
    "shard of a network drive": shard_path("\\\\host\\share\\model.bin"),
    "shard with backslashes": shard_path("..\\model.bin"),
    "shard of the web": shard_path("https://example.org/model.bin"),
    "shard by file URL": shard_path("file:///etc/passwd"),
    "shard with a null byte": shard_path("a\0.bin"),
    "very long shard": shard_path("x" * 5000),
    "shard by a link": linked_shard,
    "shard in a ring of links": ring_of_links,
    "shard called like a device": device_shard,
    "huge shape": weight(shape=[2**31, 2**31]),
    "endless shape": weight(shape=[1] * 100_000 + [2**31]),
    "negative shape": weight(shape=[-1, 5]),
    "fractional shape": weight(shape=[1.5, 5]),
    "unknown dtype": weight(dtype="bfloat16"),
    "dtype of text": weight(dtype="string"),
    "unknown quantization": weight(quantization={"dtype": "int4", "scale": 1, "min": 0}),
    "models in models": document(nested_nodes),
    "zip slip": zipped(("../../evil.txt", b"x")),
    "zip slip, absolute": zipped(("/tmp/evil.txt", b"x")),
    "zip slip, backslashes": zipped(("..\\evil.txt", b"x")),
    "zip bomb": zipped(("zeros.bin", bytes(64 << 20))),
    "zip with a link": zipped((special("link.bin", stat.S_IFLNK | 0o777), b"/etc/passwd")),
    "zip with two of a name": zipped(("MODEL.json", b"{}")),
    "cut zip": cut_zip,
    "no zip": lambda model: (model / SHARD).rename(model / "model.zip"),
    "no labels": label_text(b""),
    "labels twice": label_text(b"a\nb\na\nc\nd"),
    "blank label": label_text(b"a\n \nb\nc\nd"),
    "labels are numbers": label_text(b"[1, 2, 3, 4, 5]", "labels.json"),
    "labels are lists": label_text(b'[["a"], "b", "c", "d", "e"]', "labels.json"),
    "labels with a gap": label_text(b'{"0": "a", "2": "b", "3": "c", "4": "d", "5": "e"}', "labels.json"),
    "labels with a key twice": label_text(b'{"0": "a", "0": "b", "1": "c", "2": "d", "3": "e"}', "labels.json"),
    "broken labels": label_text(b'["a", ', "labels.json"),
    "deep labels": label_text(b"[" * 100_000, "labels.json"),
    "half a surrogate": label_text(b'["\\ud800", "b", "c", "d", "e"]', "labels.json"),
    "labels of Latin-1": label_text("Löwe\nb\nc\nd\ne".encode("latin-1")),
    "labels of UTF-16": label_text("a\nb\nc\nd\ne".encode("utf-16")),
    "too few labels": label_text(b"a\nb"),
    "too many labels": label_text(b"\n".join(b"%d" % i for i in range(100_000))),
    "labels missing": lambda model: (model / "labels.txt").unlink(),
    "labels are a folder": folder_instead("labels.txt"),
    "labels with an open quote": label_text(b'index,label\n0,"a\n1,b', "labels.csv"),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED.keys())
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_bad_input_is_explained_and_changes_nothing(
    run: Run, model: Path, project: Path, spoil: Spoil, as_json: bool
) -> None:
    (model / "tfjs-for-unity.toml").write_text('labels = "labels.txt"\n', "utf-8")
    spoiled = spoil(model)
    given = spoiled if isinstance(spoiled, Path) else model
    before, outside = contents(project), contents(model.parent)
    labels = [] if given == model else ["--labels", model / "labels.txt"]
    flags = ["--normalize", "unit", "--name", "A", "--into", project, *(["--json"] if as_json else [])]
    outcome = run(given, *labels, *flags)
    assert outcome.code == 2
    kinds = [line.split()[2].rstrip(":") for line in outcome.err.splitlines() if line.startswith("error ")]
    places = [line for line in outcome.err.splitlines() if line.startswith("  where: ")]
    assert kinds and set(kinds) <= CATALOGUE.keys() and len(places) == len(kinds)
    assert all(str(given.parent) in place or " Assets/" in place for place in places), places
    assert "Traceback" not in outcome.err and len(outcome.err) < 20_000
    if as_json:
        assert [item["id"] for item in json.loads(outcome.out)["problems"]] == kinds
    assert contents(project) == before and contents(model.parent) == outside


def test_what_is_not_spoiled_is_used(run: Run, model: Path, project: Path) -> None:
    (model / "tfjs-for-unity.toml").write_text('labels = "labels.txt"\n', "utf-8")
    assert run(model, "--normalize", "unit", "--name", "A", "--into", project).code == 0
    for path, name in (("model.json", "B"), (write_zip(model.parent / "m.zip", folder_entries(model)), "C")):
        given = ["--labels", model / "labels.txt", "--normalize", "unit", "--name", name, "--into", project]
        assert run(model / path, *given).code == 0
