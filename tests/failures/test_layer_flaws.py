"""Layers models that do not fit their weights: TensorFlow.js refuses to load them, and `generate` says so before."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder.convert.folder import write_folder
from builder.convert.model import ConvertedModel
from builder.errors import NOT_A_MODEL, UserError
from builder.inputs.tfjs_model import read_model
from tests.convert.tfjs import predicted
from tests.functional import CONV, MODELS, SIZE, conv, functional, layer, mobilenet, model, picture

Change = Callable[[dict[str, Any]], None]


def scaled() -> ConvertedModel:
    """A picture times one number for each channel, in this order and in the other."""
    layers = [
        picture(),
        conv("conv", "picture"),
        layer("GlobalAveragePooling2D", "mean", "conv"),
        layer("Reshape", "one", "mean", target_shape=[1, 1, 4]),
        layer("Multiply", "product", "one", "conv"),
        layer("LayerNormalization", "ln", "product", axis=[3], epsilon=0.001, scale=False),
        layer("Conv2DTranspose", "wider", "ln", filters=2, kernel_size=[2, 2], strides=[2, 2], padding="same"),
        layer("Flatten", "flat", "wider"),
        layer("Dense", "scores", "flat", units=3, activation="softmax"),
    ]
    shapes = {"ln__beta": (4,), "wider__kernel": (2, 2, 2, 4), "wider__bias": (2,)}
    dense = {"scores__kernel": (4 * 9 * 8 * 2, 3), "scores__bias": (3,)}
    return model(functional(layers), **CONV, **shapes, **dense)


WHOLE = {**MODELS, "scaled": scaled(), "mobilenet": mobilenet()}


def weights(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {weight["name"]: weight for weight in document["weightsManifest"][0]["weights"]}


def rename(old: str, new: str) -> Change:
    return lambda document: weights(document)[old].update(name=new)


def reshape(name: str, *shape: int) -> Change:
    return lambda document: weights(document)[name].update(shape=shape)


def prefix(document: dict[str, Any]) -> None:
    for weight in weights(document).values():
        weight["name"] = f"a/b/{weight['name']}"


def configure(name: str, **config: object) -> Change:
    def change(document: dict[str, Any]) -> None:
        layers = document["modelTopology"]["model_config"]["config"]["layers"]
        next(layer for layer in layers if layer["name"] == name)["config"].update(config)

    return change


MISSING = "its layers take weights that it does not have:"
# The model, the change, where it is said, what is said, and what TensorFlow.js says.
FLAWS: dict[str, tuple[str, Change, str, str, str]] = {
    "renamed": (
        "branches", rename("conv/kernel", "conv/kernel_1"), r"weightsManifest$",
        f"{MISSING} 'conv/kernel' [3, 3, 3, 4]; it has others: 'conv/kernel_1' [3, 3, 3, 4]", "no target variable",
    ),
    "renamed in a network inside": (
        "nested", rename("hidden/bias", "line/hidden/bias"), r"weightsManifest$",
        f"{MISSING} 'hidden/bias' [6]; it has others: 'line/hidden/bias' [6]", "no target variable",
    ),
    "missing": (
        "relu", configure("dw", use_bias=True), r"weightsManifest$", f"{MISSING} 'dw/bias' [4]", "weights are not set",
    ),
    "many missing": (
        "relu", prefix, r"weightsManifest$",
        "'conv/kernel' [3, 3, 3, 4], 'bn/gamma' [4], 'bn/beta' [4], 'bn/moving_mean' [4] and 4 more; it has others: "
        "'a/b/conv/kernel' [3, 3, 3, 4], 'a/b/bn/gamma' [4], 'a/b/bn/beta' [4], 'a/b/bn/moving_mean' [4] and 4 more",
        "no target variable",
    ),
    "a turned kernel": (
        "branches", reshape("conv/kernel", 4, 3, 3, 3), r"model_config\.config\.layers\.1$",
        "Conv2D takes the weight 'conv/kernel' [3, 3, 3, 4], and it has the shape [4, 3, 3, 3]", "Shape mismatch",
    ),
    "a flat kernel": (
        "branches", reshape("separable/depthwise_kernel", 9, 16), r"layers\.8$",
        "SeparableConv2D takes the weight 'separable/depthwise_kernel' [3, 3, 8, 2], and it has the shape [9, 16]",
        "Shape mismatch",
    ),
    "other units": (
        "relu", configure("scores", units=6), r"layers\.9$",
        "Dense takes the weight 'scores/kernel' [4, 6], and it has the shape [4, 5]", "Shape mismatch",
    ),
    "a kernel for another picture": (
        "scaled", configure("conv", strides=[2, 2]), r"layers\.8$",
        "Dense takes the weight 'scores/kernel' [160, 3], and it has the shape [576, 3]", "Shape mismatch",
    ),
    "in a network inside": (
        "nested", reshape("scores/kernel", 2, 6), r"layers\.1\.config\.layers\.1$",
        "Dense takes the weight 'scores/kernel' [6, 2], and it has the shape [2, 6]", "Shape mismatch",
    ),
}  # fmt: skip


def loaded(folder: Path) -> None:
    values = np.zeros((1, *SIZE), np.float32)
    predicted(folder, {"input": values})


@pytest.mark.node
@pytest.mark.parametrize("case", FLAWS)
def test_what_tensorflow_js_refuses_to_load_is_refused(tmp_path: Path, case: str) -> None:
    name, change, place, reason, theirs = FLAWS[case]
    write_folder(WHOLE[name], tmp_path)
    document = json.loads((tmp_path / "model.json").read_text("utf-8"))
    change(document)
    (tmp_path / "model.json").write_text(json.dumps(document), "utf-8")
    with pytest.raises(UserError) as refused:
        read_model(tmp_path)
    found = refused.value.problems
    assert {problem.kind for problem in found} == {NOT_A_MODEL}
    assert re.search(place, str(found[0].where)), found
    assert reason in found[0].what
    with pytest.raises(AssertionError, match=theirs):
        loaded(tmp_path)


@pytest.mark.node
@pytest.mark.parametrize("name", WHOLE)
def test_what_tensorflow_js_loads_is_read(tmp_path: Path, name: str) -> None:
    write_folder(WHOLE[name], tmp_path)
    assert read_model(tmp_path).weights == len(WHOLE[name].weights)
    if name != "mobilenet":  # of another size
        loaded(tmp_path)


@pytest.mark.node
def test_the_name_of_a_cell_is_left_out(tmp_path: Path) -> None:
    write_folder(MODELS["relu"], tmp_path)
    text = (tmp_path / "model.json").read_text("utf-8")
    (tmp_path / "model.json").write_text(text.replace('"scores/kernel"', '"scores/cell/kernel"'), "utf-8")
    read_model(tmp_path)
    loaded(tmp_path)


def test_layers_of_other_kinds_are_not_judged(tmp_path: Path) -> None:
    layers = [picture(), layer("Flatten", "flat", "picture"), layer("Reshape", "rows", "flat", target_shape=[9, 24])]
    layers += [layer("LSTM", "memory", "rows", units=4), layer("Dense", "scores", "memory", units=2, use_bias=False)]
    write_folder(model(functional(layers), memory__anything=(3,), scores__kernel=(4, 2)), tmp_path)
    read_model(tmp_path)
