"""Model folders: what is written is what TensorFlow.js reads, whole or not at all, and never over foreign files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from builder.convert import staging
from builder.convert.folder import read_folder, write_folder
from builder.convert.model import ConvertedModel
from builder.convert.quantize import Quantization, Rule
from builder.errors import UserError
from builder.inputs.tfjs_model import read_model
from tests.convert.tfjs import decoded_weights, predicted
from tests.models import Format, normalized, pictures, tiny_model

KINDS = Quantization(rules=(Rule("uint8", "a*"), Rule("uint16", "b*"), Rule("float16", "c*")))


def some_weights(seed: int = 3) -> dict[str, NDArray[Any]]:
    """Of every type, odd sizes, empty, scalar, constant, one-sided."""
    random = np.random.default_rng(seed)
    return {
        "a/odd": random.normal(0, 2, (3, 5, 7)).astype(np.float32),
        "a/constant": np.full((4,), -0.3, np.float32),
        "a/above": random.uniform(3, 4, 11).astype(np.float32),
        "a/empty": np.zeros((0, 3), np.float32),
        "flags": np.array([True, False, True]),
        "b/below": random.uniform(-9, -0.5, (2, 9)).astype(np.float32),
        "b/single": np.array(7.25, np.float32),
        "count": np.array([-1, 2**31 - 1], np.int32),
        "c/halves": random.normal(0, 1e-3, 17).astype(np.float32),
        "plain": random.normal(0, 1, (13,)).astype(np.float32),
    }


def model_of(weights: dict[str, NDArray[Any]]) -> ConvertedModel:
    return ConvertedModel({"format": "graph-model", "modelTopology": {"node": []}}, weights)


def expected(name: str, value: NDArray[Any], entry: dict[str, Any]) -> NDArray[Any]:
    """The stored weight's value by the documented formula, in double precision."""
    record = entry.get("quantization")
    if record is None:
        return value
    if record["dtype"] == "float16":
        return value.astype(np.float16).astype(np.float32)
    steps = np.round((value.astype(np.float64) - record["min"]) / record["scale"])
    back: NDArray[Any] = (steps * record["scale"] + record["min"]).astype(np.float32)
    return back


def entries(folder: Path) -> dict[str, dict[str, Any]]:
    document = json.loads((folder / "model.json").read_text("utf-8"))
    return {entry["name"]: entry for entry in document["weightsManifest"][0]["weights"]}


def read(folder: Path) -> ConvertedModel:
    document = json.loads((folder / "model.json").read_text("utf-8"))
    return read_folder(document, [folder / name for name in document["weightsManifest"][0]["paths"]])


@pytest.mark.parametrize("shard_bytes", [1, 7, 64, 4096])
def test_tensorflow_js_reads_what_was_meant(tmp_path: Path, shard_bytes: int) -> None:
    """Shards end inside values, inside weights and between them."""
    weights = some_weights()
    sizes = write_folder(model_of(weights), tmp_path / "model", quantization=KINDS, shard_bytes=shard_bytes)
    files = sorted(path.stat().st_size for path in (tmp_path / "model").glob("*.bin"))
    assert (len(files), sum(files)) == (sizes.shards, sizes.weights)
    assert set(files[1:]) <= {shard_bytes} or len(files) == 1
    found, own, entry = (
        decoded_weights(tmp_path / "model"),
        read(tmp_path / "model").weights,
        entries(tmp_path / "model"),
    )
    assert list(found) == list(own) == list(weights)
    for name, value in weights.items():
        kind = {"a": "uint8", "b": "uint16", "c": "float16"}.get(name[: name.find("/")])
        assert entry[name].get("quantization", {}).get("dtype") == kind
        for result in (found[name], own[name]):
            np.testing.assert_array_equal(result, expected(name, value, entry[name]), name)
            assert (result.dtype, result.shape) == (value.dtype, value.shape)


def test_bytes_are_counted_before_and_after(tmp_path: Path) -> None:
    weights = {"a": np.ones((10, 10), np.float32), "plain": np.ones(3, np.float32), "n": np.ones(2, np.int32)}
    sizes = write_folder(model_of(weights), tmp_path / "model", quantization=KINDS)
    assert (sizes.unquantized, sizes.weights, sizes.shards) == (4 * 105, 100 + 4 * 5, 1)
    assert sizes.topology == (tmp_path / "model" / "model.json").stat().st_size


def test_a_model_without_weights_has_one_empty_shard(tmp_path: Path) -> None:
    write_folder(model_of({}), tmp_path / "model")
    assert (tmp_path / "model" / "group1-shard1of1.bin").read_bytes() == b""
    assert decoded_weights(tmp_path / "model") == {}


@pytest.mark.parametrize("format", ["layers", "graph"])
@pytest.mark.parametrize("kind", ["none", "uint16"])
def test_both_formats_answer_as_before(tmp_path: Path, format: Format, kind: Any) -> None:  # noqa: ANN401
    answers = tiny_model(tmp_path / "in", format=format, shards=3)
    facts = read_model(tmp_path / "in")
    document = json.loads(facts.json_path.read_text("utf-8"))
    model = read_folder(document, [facts.folder / shard.path for shard in facts.shards])
    write_folder(model, tmp_path / "out", quantization=Quantization(rules=(Rule(kind),)), shard_bytes=1000)
    read_model(tmp_path / "out")
    x = normalized(pictures(2, (48, 32), 3), "signed")
    (found,) = predicted(tmp_path / "out", {"image": x}).values()
    np.testing.assert_allclose(found, answers(x), atol=1e-6 if kind == "none" else 2e-4)


def test_quantized_integers_are_read_as_tensorflow_js_does(tmp_path: Path) -> None:
    record = {"dtype": "uint8", "min": -2.5, "scale": 0.5}
    entry = {"name": "n", "shape": [6], "dtype": "int32", "quantization": record}
    document = {"modelTopology": {}, "weightsManifest": [{"paths": ["s"], "weights": [entry]}]}
    (tmp_path / "model.json").write_text(json.dumps(document), "utf-8")
    (tmp_path / "s").write_bytes(bytes(range(6)))
    assert read(tmp_path).weights["n"].tolist() == decoded_weights(tmp_path)["n"].tolist() == [-2, -2, -1, -1, 0, 0]


@pytest.mark.parametrize(("dtype", "kind"), [("int32", "float16"), ("bool", "uint8")])
def test_what_tensorflow_js_does_not_read_is_refused(tmp_path: Path, dtype: str, kind: str) -> None:
    entry = {"name": "n", "shape": [0], "dtype": dtype, "quantization": {"dtype": kind, "min": 0, "scale": 1}}
    document = {"weightsManifest": [{"paths": ["s"], "weights": [entry]}]}
    (tmp_path / "s").write_bytes(b"")
    with pytest.raises(UserError, match=f"'n' cannot be used: it is of {dtype} and stored as {kind}"):
        read_folder(document, [tmp_path / "s"])


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_folder(model_of(some_weights()), tmp_path / name, quantization=KINDS, shard_bytes=50)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_metadata_of_others_stays(tmp_path: Path) -> None:
    model = model_of({})
    model.document["userDefinedMetadata"] = {"labels": ["a"], "tfjsForUnity": {"version": 1, "softmax": True}}
    write_folder(model, tmp_path / "model")
    written = json.loads((tmp_path / "model" / "model.json").read_text("utf-8"))
    assert written["userDefinedMetadata"] == model.document["userDefinedMetadata"]


def test_nan_is_refused_by_name_and_nothing_is_written(tmp_path: Path) -> None:
    weights = {f"w{i}": np.array([1, np.nan], np.float32) for i in range(2)} | {"inf": np.array([np.inf], np.float32)}
    with pytest.raises(UserError) as caught:
        write_folder(model_of(weights), tmp_path / "model")
    assert [found.where for found in caught.value.problems] == ["w0", "w1"]
    assert list(tmp_path.iterdir()) == []


def test_an_own_folder_is_replaced_without_leftovers(tmp_path: Path) -> None:
    write_folder(model_of(some_weights()), tmp_path / "model", shard_bytes=10)
    write_folder(model_of({}), tmp_path / "model")
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == ["group1-shard1of1.bin", "model.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_foreign_folders_are_refused_with_the_files_named(tmp_path: Path) -> None:
    target = tmp_path / "model"
    target.mkdir()
    write_folder(model_of({}), target)  # an empty folder is nobody's
    (target / "labels.txt").write_text("mine", "utf-8")
    with pytest.raises(UserError, match=r"labels\.txt") as caught:
        write_folder(model_of({}), target)
    assert caught.value.problems[0].kind.id == "FOREIGN_FOLDER"
    tiny_model(tmp_path / "theirs")
    before = {path.name: path.read_bytes() for path in (tmp_path / "theirs").iterdir()}
    with pytest.raises(UserError, match=r"group1-shard1of1\.bin', 'model\.json"):
        write_folder(model_of({}), tmp_path / "theirs")
    assert {path.name: path.read_bytes() for path in (tmp_path / "theirs").iterdir()} == before
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="a file or a link"):
        write_folder(model_of({}), tmp_path / "link")


def test_a_failure_leaves_the_old_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folder(model_of({"old": np.ones(3, np.float32)}), tmp_path / "model")
    before = (tmp_path / "model" / "model.json").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for place in ("_sync", "_exchange"):
        with monkeypatch.context() as patched:
            patched.setattr(staging, place, full)
            with pytest.raises(UserError, match="No space left on device"):
                write_folder(model_of({}), tmp_path / "model")
        assert (tmp_path / "model" / "model.json").read_bytes() == before
        assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_an_interrupted_exchange_is_taken_back(tmp_path: Path) -> None:
    write_folder(model_of({"old": np.ones(3, np.float32)}), tmp_path / "model")
    (tmp_path / "model").rename(tmp_path / ".model.old~")
    (tmp_path / ".model.new~").mkdir()
    with pytest.raises(UserError, match="NaN"):
        write_folder(model_of({"new": np.full(3, np.nan, np.float32)}), tmp_path / "model")
    with staging.staged(tmp_path / "model"):
        assert (tmp_path / "model" / "model.json").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_transposed_view_is_stored_as_its_copy_would_be(tmp_path: Path) -> None:
    kernel = np.random.default_rng(5).normal(size=(96, 64, 5, 7)).astype(np.float32)  # several pieces
    turned = {"a/kernel": kernel.transpose(2, 3, 1, 0), "plain": kernel.transpose(2, 3, 1, 0)}
    for name, weights in (("view", turned), ("copy", {key: value.copy() for key, value in turned.items()})):
        write_folder(model_of(weights), tmp_path / name, quantization=KINDS)
    whole = {
        each: b"".join(p.read_bytes() for p in sorted((tmp_path / each).glob("*.bin"))) for each in ("view", "copy")
    }
    assert whole["view"] == whole["copy"]
    assert whole["view"].endswith(np.moveaxis(kernel, (0, 1), (3, 2)).tobytes())
