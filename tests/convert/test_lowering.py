"""Layers models that `generate` packs as graphs: the same answers, quantized weights as they were, one story told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder import resources
from builder.cli.lowering import Unconvertible, graph_spec
from builder.convert.folder import write_folder
from builder.convert.quantize import Kind, Quantization, Rule, as_stored
from builder.inputs.needs import kernels
from builder.inputs.tfjs_model import read_model
from builder.resolve import Options, resolve
from builder.spec import ModelSpec
from tests.commands import SERVED, Outcome, Shell
from tests.convert.tfjs import predicted
from tests.functional import BATCH, SIZE, conv, functional, layer, mobile, model, picture
from tests.models import Form, tiny_model

RELU6 = layer("ReLU", "r", "bn", max_value=6)
FORMS = {"layers": Form(), "keras 3": Form(keras_3=True)}


def dense_norm() -> Any:  # noqa: ANN401
    """A normalization of a row of numbers, behind a dense layer."""
    layers = [
        picture(),
        conv("conv", "picture", filters=4),
        layer("GlobalAveragePooling2D", "mean", "conv"),
        layer("Dense", "hidden", "mean", units=4),
        layer("BatchNormalization", "bn", "hidden", axis=-1),
        layer("Dense", "scores", "bn", units=5, activation="softmax"),
    ]
    shapes = {"conv__kernel": (3, 3, 3, 4), "conv__bias": (4,), "hidden__kernel": (4, 4), "hidden__bias": (4,)}
    return model(functional(layers), **shapes, **BATCH, scores__kernel=(4, 5), scores__bias=(5,))


MODELS = {"mobile": mobile(RELU6), "dense norm": dense_norm()}


def lowered(folder: Path, into: Path) -> ModelSpec:
    facts = read_model(folder)
    spec = resolve(facts, ("a", "b", "c", "d", "e"), Options(name="Tiny", normalize="unit"))
    return graph_spec(facts, spec, into)


def stored(folder: Path) -> dict[str, tuple[bytes, Any]]:
    """The bytes of each weight, and its record."""
    document = json.loads((folder / "model.json").read_text("utf-8"))
    blob = b"".join((folder / name).read_bytes() for name in document["weightsManifest"][0]["paths"])
    found, at = {}, 0
    for weight in document["weightsManifest"][0]["weights"]:
        record = weight.get("quantization")
        size = int(np.prod(weight["shape"])) * np.dtype(record["dtype"] if record else weight["dtype"]).itemsize
        found[weight["name"]] = (blob[at : at + size], record)
        at += size
    assert at == len(blob)
    return found


@pytest.mark.node
@pytest.mark.parametrize("kind", ["none", "float16", "uint16", "uint8"])
@pytest.mark.parametrize("name", MODELS)
def test_quantized_weights_stay_as_they_are_and_answers_the_same(name: str, kind: Kind, tmp_path: Path) -> None:
    rules = (Rule(kind, "*"),) if kind != "none" else ()
    write_folder(MODELS[name], tmp_path / "layers", quantization=Quantization(rules=rules))
    spec = lowered(tmp_path / "layers", tmp_path / "graph")
    assert (spec.files.format, spec.input.name, spec.output.name) == ("graph-model", "picture", "scores")
    values = np.random.default_rng(1).normal(size=(2, *SIZE)).astype(np.float32)
    [expected] = predicted(tmp_path / "layers", {"input": values}).values()
    [found] = predicted(tmp_path / "graph", {"picture": values}).values()
    assert np.ptp(expected) > 1e-3
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-6)
    if rules:
        before, after = stored(tmp_path / "layers"), stored(tmp_path / "graph")
        assert {after[each] == before[each] for each in before if each.endswith("kernel")} == {True}


@pytest.mark.parametrize("form", FORMS)
def test_the_runtime_has_a_rule_for_all_that_comes_out(form: str, tmp_path: Path) -> None:
    tiny_model(tmp_path / "layers", form=FORMS[form])
    spec = lowered(tmp_path / "layers", tmp_path / "graph")
    document = json.loads((tmp_path / "graph" / "model.json").read_text("utf-8"))
    found = kernels(document, spec.output_names, resources.kernel_table())
    assert found is not None and {"FusedConv2D", "AvgPool", "_FusedMatMul", "Softmax"} <= found


@pytest.mark.parametrize(
    ("scale", "least"), [(0, 0.5), (1e-9, 1e3), (float("1e300"), 0)], ids=["no steps", "below float32", "infinite"]
)
def test_a_record_that_gives_other_numbers_is_found(scale: float, least: float) -> None:
    values = np.linspace(-1, 1, 9, dtype=np.float32)
    assert as_stored(values, {"dtype": "uint8", "scale": scale, "min": least}) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"epsilon": -2.0}, "its variance is not positive"),
        ({"epsilon": "much"}, "could not convert"),
        ({"axis": [1]}, "its axis is 1"),
        ({"axis": 2**70}, "its axis is"),
    ],
)
def test_numbers_of_another_world_are_refused(change: dict[str, Any], reason: str, tmp_path: Path) -> None:
    write_folder(mobile(RELU6), tmp_path / "layers")
    path = tmp_path / "layers" / "model.json"
    document = json.loads(path.read_text("utf-8"))
    document["modelTopology"]["model_config"]["config"]["layers"][3]["config"] |= change
    path.write_text(json.dumps(document), "utf-8")
    with pytest.raises(Unconvertible, match=reason):
        lowered(tmp_path / "layers", tmp_path / "graph")


def test_infinite_weights_are_left_to_the_layers(tmp_path: Path) -> None:
    made = mobile(RELU6)
    made.weights["bn/gamma"][1] = np.inf
    write_folder(made, tmp_path / "layers")
    with pytest.raises(Unconvertible, match="would hold numbers that are not finite"):
        lowered(tmp_path / "layers", tmp_path / "graph")


def test_networks_without_end_are_refused(tmp_path: Path) -> None:
    inner = conv("conv", "")
    inner["config"]["batch_input_shape"] = [None, *SIZE]
    config: Any = {"class_name": "Sequential", "name": "n0", "config": {"name": "n0", "layers": [inner]}}
    for depth in range(1, 12):
        config = {"class_name": "Sequential", "name": f"n{depth}", "config": {"name": f"n{depth}", "layers": [config]}}
    write_folder(model(config, conv__kernel=(3, 3, 3, 4), conv__bias=(4,)), tmp_path / "layers")
    facts = read_model(tmp_path / "layers")
    with pytest.raises(Unconvertible, match="nested too deeply"):
        graph_spec(facts, resolve_any(tmp_path / "other"), tmp_path / "graph")


def resolve_any(folder: Path) -> ModelSpec:
    tiny_model(folder)
    return resolve(read_model(folder), ("a", "b", "c", "d", "e"), Options(name="Tiny", normalize="unit"))


# --- through the command ----------------------------------------------------------------------------------------------


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, monkeypatch, capsys)


def generate(shell: Shell, folder: Path, target: Path) -> Outcome:
    labels = shell.model / "labels.txt"
    done = shell("generate", folder, "--labels", labels, "--normalize", "unit", "--name", "Signs", "--out", target)
    assert done.code == 0, done.err
    return done


def files(target: Path) -> dict[str, bytes]:
    return {path.relative_to(target).as_posix(): path.read_bytes() for path in target.rglob("*") if path.is_file()}


def test_contract_and_files_tell_of_one_graph_that_upgrade_leaves_alone(shell: Shell) -> None:
    done = generate(shell, shell.model, shell.folder / "one")
    assert "(graph-model, model.json and 1 weight file, " in done.err and "layers model" not in done.err
    home = shell.folder / "one" / SERVED / "signs"
    contract = json.loads((home / "contract.json").read_text("utf-8"))["model"]
    facts = read_model(home)
    assert contract["files"]["format"] == facts.format == "graph-model"
    assert contract["files"]["topology"]["sha256"] == facts.topology.sha256
    assert [shard["sha256"] for shard in contract["files"]["shards"]] == [shard.sha256 for shard in facts.shards]
    before = files(shell.folder / "one")
    told = shell("upgrade", shell.folder / "one", "--json").json
    assert told["created"] == told["updated"] == told["removed"] == []
    generate(shell, shell.model, shell.folder / "other")
    assert files(shell.folder / "other") == files(shell.folder / "one") == before


def test_layers_without_a_counterpart_stay_and_that_is_said(shell: Shell) -> None:
    tiny_model(shell.folder / "planar", form=Form(planar=True))
    done = generate(shell, shell.folder / "planar", shell.folder / "one")
    assert "(layers-model, " in done.err
    said = (
        "note           it stays a layers model, and the runtime is larger for it: conv (Conv2D): its data_format is "
    )
    assert said + "'channels_first'\n" in done.err
    served = shell.folder / "one" / SERVED / "signs" / "model.json"
    assert served.read_bytes() == (shell.folder / "planar" / "model.json").read_bytes()
