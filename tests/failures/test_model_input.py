"""Model folders that cannot be used, and the exact words about each."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builder.errors import UserError
from builder.inputs import tfjs_model
from builder.inputs.tfjs_model import examine_model, read_model
from builder.resolve.classifier import classifier_problems
from tests.models import tiny_model

Change = Callable[[dict[str, Any]], None]


def refused(path: Path, base: Path | None = None) -> list[tuple[str, str]]:
    """(id, place below `base`, what) of every problem."""
    with pytest.raises(UserError) as caught:
        read_model(path)
    assert caught.value.exit_code == 2
    start = str(base or path)
    return [(found.where.removeprefix(start).lstrip("/\\"), found.what) for found in caught.value.problems]


def broken(folder: Path, change: Change, **options: Any) -> list[tuple[str, str]]:  # noqa: ANN401
    """What is said about a tiny model after `change` to its model.json."""
    tiny_model(folder, **options)
    path = folder / "model.json"
    document = json.loads(path.read_text("utf-8"))
    change(document)
    path.write_text(json.dumps(document), "utf-8")
    return refused(folder)


def set_weight(index: int, **keys: object) -> Change:
    return lambda document: document["weightsManifest"][0]["weights"][index].update(keys)


def set_shards(*paths: str) -> Change:
    return lambda document: document["weightsManifest"][0].update(paths=list(paths))


def test_an_empty_folder_and_a_missing_one(tmp_path: Path) -> None:
    assert refused(tmp_path) == [("", "There is no model.json here.")]
    assert refused(tmp_path / "none") == [("", "There is no model.json here.")]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "This file is not valid JSON: Expecting value in line 1, column 1."),
        (b"<!doctype html>", "This file is not valid JSON: Expecting value in line 1, column 1."),
        (b'{"format": NaN}', "This file is not valid JSON: NaN is no JSON number."),
        (b'{"a":' * 100_000, "This file is not valid JSON: it is nested too deeply."),
        (b"\xff\xfe{\x00", "This file is not valid JSON: it is not UTF-8 text (byte 0)."),
        (b'"\\ud800"', "This file is not valid JSON: a text in it holds half a surrogate pair."),
        (b"[]", "This is not a TensorFlow.js model: input should be an object."),
    ],
)
def test_a_file_that_is_no_model(tmp_path: Path, content: bytes, what: str) -> None:
    (tmp_path / "model.json").write_bytes(content)
    assert refused(tmp_path) == [("model.json", what)]


def test_a_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tfjs_model, "MAX_JSON_BYTES", 10)
    (tmp_path / "model.json").write_text(" " * 11, "utf-8")
    assert refused(tmp_path) == [("model.json", "This file has 11 bytes, more than the 10 that are read.")]


@pytest.mark.parametrize(
    ("change", "place", "reason"),
    [
        (lambda d: d.pop("modelTopology"), "modelTopology", "field required"),
        (lambda d: d.update(modelTopology={}), "modelTopology", "modelTopology holds no model"),
        (lambda d: d.pop("weightsManifest"), "weightsManifest", "field required"),
        (
            lambda d: d.update(format="graph-model"),
            "format",
            "`format` says 'graph-model', but the topology is that of a layers-model",
        ),
        (
            lambda d: d["modelTopology"]["model_config"].update(class_name="Bag"),
            "modelTopology.model_config.class_name",
            "the model is a 'Bag' instead of Sequential or Functional",
        ),
        (
            lambda d: d["modelTopology"]["model_config"]["config"]["layers"][2].pop("class_name"),
            "modelTopology.model_config.config.layers.2.class_name",
            "field required",
        ),
        (set_weight(3, shape=["5"]), "weightsManifest.0.weights.3.shape.0", "input should be a valid integer"),
        (
            set_weight(3, shape=[-5]),
            "weightsManifest.0.weights.3.shape.0",
            "input should be greater than or equal to 0",
        ),
        (
            set_weight(3, shape=[65536, 65536]),
            "weightsManifest.0.weights.3",
            "the weight has more than 2147483647 elements",
        ),
        (
            set_weight(3, dtype="int4"),
            "weightsManifest.0.weights.3.dtype",
            "input should be 'float32', 'int32', 'bool', 'string' or 'complex64'",
        ),
        (
            set_weight(3, quantization={"dtype": "uint8", "min": 0}),
            "weightsManifest.0.weights.3.quantization",
            "a weight stored as uint8 needs `scale` and `min`",
        ),
    ],
)
def test_a_broken_model_is_explained_with_its_json_path(
    tmp_path: Path, change: Change, place: str, reason: str
) -> None:
    what = f"This is not a TensorFlow.js model: {reason}."
    assert broken(tmp_path, change) == [(f"model.json: {place}", what)]


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        set_weight(0, dtype="int4")(document)
        set_weight(2, shape="wide")(document)
        document["weightsManifest"][0]["paths"] = [1]

    places = [place for place, _ in broken(tmp_path, change)]
    assert places == [
        "model.json: weightsManifest.0.paths.0",
        "model.json: weightsManifest.0.weights.0.dtype",
        "model.json: weightsManifest.0.weights.2.shape",
    ]


def test_two_nodes_of_one_name(tmp_path: Path) -> None:
    found = broken(tmp_path, lambda d: d["modelTopology"]["node"][0].update(name="scores"), format="graph")
    what = "This is not a TensorFlow.js model: two nodes are called 'scores'."
    assert found == [("model.json: modelTopology.node", what)]


def test_models_nested_without_end(tmp_path: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        for _ in range(40):
            inner = document["modelTopology"]["model_config"]
            document["modelTopology"]["model_config"] = {"class_name": "Sequential", "config": {"layers": [inner]}}

    found = broken(tmp_path, change)
    assert [what for _, what in found] == ["This is not a TensorFlow.js model: models are nested too deeply."]


@pytest.mark.parametrize(
    "path",
    ["../secret.bin", "/etc/passwd", "a/../../b", "a\\b.bin", "C:/b.bin", "https://example.org/b.bin", "", ".", "a//b"],
)
def test_a_shard_outside_the_folder_is_refused(tmp_path: Path, path: str) -> None:
    found = broken(tmp_path / "model", set_shards(path))
    what = f"The path {path!r} is not a plain path inside the model's folder."
    assert found == [("model.json: weightsManifest.0.paths.0", what)]


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need a privilege on Windows")
def test_a_link_out_of_the_folder_is_refused_and_one_inside_is_followed(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    tiny_model(folder)
    shard = folder / "group1-shard1of1.bin"
    shard.rename(folder / "real.bin")
    shard.symlink_to("real.bin")
    assert read_model(folder).shards[0].bytes == (folder / "real.bin").stat().st_size
    (folder / "real.bin").rename(tmp_path / "outside.bin")
    shard.unlink()
    shard.symlink_to(tmp_path / "outside.bin")
    assert [what for _, what in refused(folder)] == [
        "The path 'group1-shard1of1.bin' is not a plain path inside the model's folder."
    ]


def test_every_missing_shard_is_named(tmp_path: Path) -> None:
    tiny_model(tmp_path, shards=3)
    (tmp_path / "group1-shard1of3.bin").unlink()
    (tmp_path / "group1-shard3of3.bin").unlink()
    assert refused(tmp_path) == [
        ("model.json: weightsManifest.0.paths.0", "The weight shard group1-shard1of3.bin is missing."),
        ("model.json: weightsManifest.0.paths.2", "The weight shard group1-shard3of3.bin is missing."),
    ]
    facts, _ = examine_model(tmp_path)
    assert [state.bytes is None for state in facts.shard_states] == [True, False, True]


@pytest.mark.parametrize(("quantize", "needed"), [(None, 829 * 4), ("uint8", 829), ("float16", 829 * 2)])
def test_a_shard_that_is_cut_short(tmp_path: Path, quantize: Any, needed: int) -> None:  # noqa: ANN401
    tiny_model(tmp_path, quantize=quantize)
    shard = tmp_path / "group1-shard1of1.bin"
    shard.write_bytes(shard.read_bytes()[:-1])
    what = f"The weight shards hold {needed - 1:,} bytes, the weights need {needed:,}."
    assert refused(tmp_path) == [("model.json: weightsManifest.0", what)]


def test_a_shard_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_model(tmp_path)
    usual = Path.open

    def guarded(path: Path, *arguments: Any) -> Any:  # noqa: ANN401
        if path.suffix == ".bin":
            raise PermissionError(13, "Permission denied")
        return usual(path, *arguments)

    monkeypatch.setattr(Path, "open", guarded)
    assert refused(tmp_path) == [("group1-shard1of1.bin", "The file cannot be read: Permission denied.")]


def test_a_shard_that_is_too_long(tmp_path: Path) -> None:
    tiny_model(tmp_path)
    with (tmp_path / "group1-shard1of1.bin").open("ab") as file:
        file.write(b"\0")
    assert [what for _, what in refused(tmp_path)] == ["The weight shards hold 3,317 bytes, the weights need 3,316."]


@pytest.mark.parametrize("name", ["contract.json", "MODEL.json", "a.bin.meta"])
def test_a_shard_whose_name_is_taken(tmp_path: Path, name: str) -> None:
    found = broken(tmp_path, set_shards(name))
    assert f"This is not a TensorFlow.js model: the shard's name {name!r} is taken." in [what for _, what in found]


def test_weights_of_text_are_refused(tmp_path: Path) -> None:
    found = broken(tmp_path, set_weight(1, dtype="string"))
    assert found == [
        (
            "model.json: weightsManifest.0.weights.1.dtype",
            "The model cannot be used as an image classifier: a weight holds text.",
        )
    ]


@pytest.mark.parametrize(("name", "kind"), [("net.onnx", "ONNX"), ("net.H5", "Keras (HDF5)"), ("net.keras", "Keras 3")])
def test_a_model_of_another_kind_is_called_by_its_name(tmp_path: Path, name: str, kind: str) -> None:
    (tmp_path / name).write_bytes(b"\x08\x07pytorch")
    with pytest.raises(UserError) as refusal:
        read_model(tmp_path / name)
    assert [found.what for found in refusal.value.problems] == [
        f"This is not a TensorFlow.js model: it is a file of {kind}."
    ]


def test_two_weights_of_one_name_are_refused(tmp_path: Path) -> None:
    found = broken(tmp_path, set_weight(1, name="conv/kernel"))
    what = "This is not a TensorFlow.js model: two weights are called 'conv/kernel'."
    assert found == [("model.json: weightsManifest.0.weights.1.name", what)]


@pytest.mark.parametrize("key", ["class_name", "dtype"])
def test_no_text_of_a_model_commands_the_terminal(tmp_path: Path, key: str) -> None:
    def change(document: dict[str, Any]) -> None:
        layer = document["modelTopology"]["model_config"]["config"]["layers"][0]
        (layer if key == "class_name" else layer["config"])[key] = "\x1b]0;owned\x07"

    tiny_model(tmp_path)
    path = tmp_path / "model.json"
    document = json.loads(path.read_text("utf-8"))
    change(document)
    path.write_text(json.dumps(document), "utf-8")
    said = [found.what for found in classifier_problems(read_model(tmp_path))]
    assert said and all(text.isprintable() for text in said)
