"""`tfjs-for-unity quantize` from the outside: what it writes, says and refuses."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from builder.inputs.tfjs_model import read_model
from tests.archives import folder_entries, write_zip
from tests.commands import Shell
from tests.convert.tfjs import predicted
from tests.models import as_keras_3, normalized, pictures, tiny_model


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, monkeypatch, capsys)


def test_it_says_bytes_before_and_after_and_writes_what_predicts(shell: Shell, tmp_path: Path) -> None:
    answers = tiny_model(shell.model)
    out = tmp_path / "small"
    done = shell("quantize", shell.model, "-o", out, "--quantize", "uint16")
    assert done.code == 0, done.err
    before = sum(path.stat().st_size for path in shell.model.iterdir() if path.name != "labels.txt")
    after = sum(path.stat().st_size for path in out.iterdir())
    assert f"bytes     {before:,} → {after:,} (" in done.err
    assert "weights   2 float32, 2 uint16\n" in done.err
    assert "note      not copied from beside the model: labels.txt\n" in done.err
    assert done.out == ""
    assert read_model(out).quantization == {"uint16": 2}
    x = normalized(pictures(3, (48, 32), 3), "signed")
    np.testing.assert_allclose(predicted(out, {"x": x})["output"], answers(x), atol=2e-4)


def test_json_has_the_same_figures(shell: Shell, tmp_path: Path) -> None:
    out = tmp_path / "small"
    rules = ("--quantize", "conv/*=none", "--quantize", "float16", "--shard-size", "0.001")
    done = shell("quantize", shell.model, "-o", out, *rules, "--json")
    shards = sorted(out.glob("*.bin"))
    packed = sum(len(gzip.compress(path.read_bytes(), 6)) for path in out.iterdir())
    assert done.json["after"]["raw"] == sum(path.stat().st_size for path in out.iterdir())
    assert done.json["after"]["gzip"] == pytest.approx(packed, abs=64)
    assert (done.json["weights"], done.json["weightFiles"]) == ({"none": 3, "float16": 1}, len(shards))
    assert [path.stat().st_size for path in shards][:-1] == [1049] * (len(shards) - 1)


def test_only_names_weights_by_pattern(shell: Shell, tmp_path: Path) -> None:
    out = tmp_path / "small"
    assert (
        shell("quantize", shell.model, "-o", out, "--quantize", "uint8", "--only", "*/bias", "--only", "c*").code == 0
    )
    entries = json.loads((out / "model.json").read_text("utf-8"))["weightsManifest"][0]["weights"]
    kinds = {entry["name"]: entry.get("quantization", {}).get("dtype") for entry in entries}
    assert kinds == {"conv/kernel": "uint8", "conv/bias": "uint8", "scores/kernel": None, "scores/bias": "uint8"}


def test_the_result_generates(shell: Shell, tmp_path: Path) -> None:
    assert shell("quantize", shell.model, "-o", tmp_path / "small", "--quantize", "float16").code == 0
    (tmp_path / "labels.txt").write_text((shell.model / "labels.txt").read_text("utf-8"), "utf-8")
    flags = ("--labels", tmp_path / "labels.txt", "--normalize", "unit", "--into", shell.project)
    assert shell("generate", tmp_path / "small", *flags).code == 0


def test_archives_and_keras_3_are_taken(shell: Shell, tmp_path: Path) -> None:
    tiny_model(tmp_path / "plain")
    document = json.loads((tmp_path / "plain" / "model.json").read_text("utf-8"))
    (tmp_path / "plain" / "model.json").write_text(json.dumps(as_keras_3(document)), "utf-8")
    archive = write_zip(tmp_path / "hands.zip", folder_entries(tmp_path / "plain"))
    assert shell("quantize", archive, "-o", tmp_path / "small", "--quantize", "uint8").code == 0
    facts = read_model(tmp_path / "small")
    assert (facts.cured, facts.quantization) == ("", {"uint16": 2})


def test_what_was_quantized_before_is_said(shell: Shell, tmp_path: Path) -> None:
    tiny_model(tmp_path / "u8", quantize="uint8")
    done = shell("quantize", tmp_path / "u8", "-o", tmp_path / "small", "--quantize", "float16")
    assert "note      its weights were quantized before (4 uint8): start from the original where you can\n" in done.err


@pytest.mark.parametrize(
    ("flags", "problem", "said"),
    [
        (["--quantize", "int8"], "BAD_RULE", "'int8' is none of none, float16, uint8, uint16; the nearest is uint8"),
        (["--quantize", "conf/*=uint8"], "BAD_RULE", "no weight is called so; the nearest is 'conv/"),
        (["--quantize", "uint8", "--only", "x"], "BAD_RULE", "The pattern cannot be 'x'"),
        ([], "BAD_RULE", "--quantize cannot be left out"),
    ],
)
def test_bad_rules_are_refused(shell: Shell, tmp_path: Path, flags: list[str], problem: str, said: str) -> None:
    done = shell("quantize", shell.model, "-o", tmp_path / "small", *flags)
    assert (done.code, done.problems) == (2, [problem])
    assert said in done.err
    assert not (tmp_path / "small").exists()


def test_neither_the_source_nor_foreign_folders_are_overwritten(shell: Shell, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in shell.model.iterdir()}
    done = shell("quantize", shell.model, "-o", shell.model, "--quantize", "uint8")
    assert (done.code, done.problems) == (2, ["BAD_OPTION"])
    tiny_model(tmp_path / "theirs")
    done = shell("quantize", shell.model, "-o", tmp_path / "theirs", "--quantize", "uint8")
    assert (done.code, done.problems) == (2, ["FOREIGN_FOLDER"])
    assert {path.name: path.read_bytes() for path in shell.model.iterdir()} == before


def test_a_broken_model_is_refused_as_everywhere(shell: Shell, tmp_path: Path) -> None:
    next(shell.model.glob("*.bin")).write_bytes(b"short")
    done = shell("quantize", shell.model, "-o", tmp_path / "small", "--quantize", "uint8", "--json")
    assert (done.code, done.problems) == (2, ["SHARD_LENGTH"])
    assert done.json["problems"][0]["id"] == "SHARD_LENGTH"


@pytest.mark.parametrize(
    ("entry", "topology", "problem"),
    [
        ({"shape": [1] * 100}, "", "BAD_WEIGHT"),
        ({"shape": [0, 2**31 - 1, 2**31 - 1, 2**31 - 1]}, "", "BAD_WEIGHT"),
        ({"shape": [4], "quantization": {"dtype": "uint8", "min": 0, "scale": "1e999"}}, "", "NOT_A_MODEL"),
        ({"shape": [1]}, ', "far": 1e999', "NOT_A_MODEL"),
        ({"shape": [1]}, f', "deep": {"[" * 900}{"]" * 900}', None),
    ],
)
def test_hostile_numbers_are_refused(
    shell: Shell, tmp_path: Path, entry: dict[str, object], topology: str, problem: str | None
) -> None:
    weight = {"name": "w", "dtype": "float32", **entry}
    manifest = json.dumps([{"paths": ["s"], "weights": [weight]}]).replace('"1e999"', "1e999")
    node = '{"name": "x", "op": "Placeholder"}'
    folder = tmp_path / "hostile"
    folder.mkdir()
    (folder / "model.json").write_text(
        f'{{"modelTopology": {{"node": [{node}]{topology}}}, "weightsManifest": {manifest}}}', "utf-8"
    )
    (folder / "s").write_bytes(bytes([0, 255, 0, 0][: 0 if 0 in entry["shape"] else 4]))  # type: ignore[operator]
    done = shell("quantize", folder, "-o", tmp_path / "small", "--quantize", "*=none")
    assert (done.code, done.problems) == ((2, [problem]) if problem else (0, []))
    assert (tmp_path / "small").exists() == (problem is None)
