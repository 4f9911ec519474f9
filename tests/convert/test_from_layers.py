"""Layers models as graph models: TensorFlow.js gives the same answers to both."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder.convert.folder import write_folder
from builder.convert.from_layers import Unconvertible, convert
from builder.convert.model import ConvertedModel
from tests.convert.tfjs import predicted

pytestmark = pytest.mark.node
Layer = dict[str, Any]
SIZE = (9, 8, 3)


def layer(kind: str, name: str, *sources: str, **config: Any) -> Layer:  # noqa: ANN401
    inbound = [[[source, 0, 0, {}] for source in sources]] if sources else []
    return {"class_name": kind, "name": name, "config": {"name": name, **config}, "inbound_nodes": inbound}


def picture(name: str = "picture") -> Layer:
    return layer("InputLayer", name, batch_input_shape=[None, *SIZE], dtype="float32")


def functional(layers: list[Layer], *outputs: str, name: str = "net") -> Layer:
    ends = [[output, 0, 0] for output in outputs or (layers[-1]["name"],)]
    config = {"name": name, "layers": layers, "input_layers": [[layers[0]["name"], 0, 0]], "output_layers": ends}
    return {"class_name": "Functional", "name": name, "config": config, "inbound_nodes": []}


def sequential(layers: list[Layer], name: str = "line") -> Layer:
    return {"class_name": "Sequential", "name": name, "config": {"name": name, "layers": layers}, "inbound_nodes": []}


def model(config: Layer, **shapes: tuple[int, ...]) -> ConvertedModel:
    """Weights by name, `__` for the slash; those that have to be positive are."""
    generator = np.random.default_rng(4)
    weights = {}
    for key, shape in shapes.items():
        name = key.replace("__", "/")
        values = generator.normal(size=shape) / max(1.0, np.sqrt(np.prod(shape[:-1])))
        weights[name] = np.asarray(np.abs(values) + 0.5 if "variance" in name else values, np.float32)
    document = {"format": "layers-model", "modelTopology": {"model_config": config}}
    return ConvertedModel(document, weights)


def conv(name: str, source: str, filters: int = 4, kernel: int = 3, **config: Any) -> Layer:  # noqa: ANN401
    size = [kernel, kernel]
    defaults = {"filters": filters, "kernel_size": size, "strides": [1, 1], "padding": "same", "activation": "linear"}
    return layer("Conv2D", name, source, **{**defaults, "use_bias": True, **config})


BATCH = {"bn__gamma": (4,), "bn__beta": (4,), "bn__moving_mean": (4,), "bn__moving_variance": (4,)}
CONV = {"conv__kernel": (3, 3, 3, 4), "conv__bias": (4,)}


def mobile(activation: Layer) -> ConvertedModel:
    layers = [
        picture(),
        layer("ZeroPadding2D", "pad", "picture", padding=[[0, 1], [1, 0]]),
        conv("conv", "pad", strides=[2, 2], padding="valid", use_bias=False),
        layer("BatchNormalization", "bn", "conv", axis=[3], epsilon=0.01),
        activation,
        layer("DepthwiseConv2D", "dw", activation["name"], kernel_size=[3, 3], padding="same", use_bias=False),
        layer("Activation", "act", "dw", activation="tanh"),
        layer("GlobalAveragePooling2D", "mean", "act"),
        layer("Dropout", "drop", "mean", rate=0.5),
        layer("Dense", "scores", "drop", units=5, activation="softmax"),
    ]
    shapes = {"dw__depthwise_kernel": (3, 3, 4, 1), "scores__kernel": (4, 5), "scores__bias": (5,)}
    slope = {"slope__alpha": (1, 1, 4)} if activation["class_name"] == "PReLU" else {}
    return model(functional(layers), conv__kernel=(3, 3, 3, 4), **slope, **BATCH, **shapes)


def branches() -> ConvertedModel:
    layers = [
        picture(),
        conv("conv", "picture", activation="swish", dilation_rate=[2, 2]),
        layer("MaxPooling2D", "large", "conv", pool_size=[3, 2], strides=[2, 2], padding="same"),
        layer("AveragePooling2D", "even", "conv", pool_size=[2, 2], padding="same", strides=None),
        layer("Add", "sum", "large", "even"),
        layer("Multiply", "product", "large", "even", "sum"),
        layer("Maximum", "most", "sum", "product"),
        layer("Concatenate", "both", "most", "sum", axis=-1),
        layer(
            "SeparableConv2D", "separable", "both", filters=3, kernel_size=[3, 3], strides=[2, 2], padding="valid",
            depth_multiplier=2, activation="elu",
        ),
        layer("Flatten", "flat", "separable"),
        layer("Reshape", "rows", "flat", target_shape=[3, -1]),
        layer("Softmax", "scores", "rows", axis=-1),
    ]  # fmt: skip
    shapes = {"separable__depthwise_kernel": (3, 3, 8, 2), "separable__pointwise_kernel": (1, 1, 16, 3)}
    return model(functional(layers), **CONV, **shapes, separable__bias=(3,))


def nested() -> ConvertedModel:
    inside = functional(
        [picture("inner"), conv("conv", "inner", activation="relu"), layer("GlobalMaxPooling2D", "max", "conv")]
    )
    head = sequential([
        layer("Dense", "hidden", units=6, activation="sigmoid", batch_input_shape=[None, 4]),
        layer("Dense", "scores", units=2, activation="linear", use_bias=False),
    ])  # fmt: skip
    body = sequential([inside], name="body")
    shapes = {"hidden__kernel": (4, 6), "hidden__bias": (6,), "scores__kernel": (6, 2)}
    return model(sequential([body, head]), **CONV, **shapes)


def line() -> ConvertedModel:
    first = conv("conv", "")
    first["config"]["batch_input_shape"] = [None, *SIZE]
    return model(
        sequential([first, layer("Rescaling", "half", scale=0.5, offset=-1), layer("Flatten", "flat")]), **CONV
    )


MODELS = {
    "relu": mobile(layer("ReLU", "r", "bn", max_value=None)),
    "relu6": mobile(layer("ReLU", "r", "bn", max_value=6)),
    "leaky": mobile(layer("LeakyReLU", "r", "bn", alpha=0.2)),
    "prelu": mobile(layer("PReLU", "slope", "bn", shared_axes=[1, 2])),
    "elu": mobile(layer("ELU", "r", "bn", alpha=1)),
    "branches": branches(),
    "nested": nested(),
    "line": line(),
}


@pytest.mark.parametrize("name", MODELS)
def test_tensorflow_js_answers_the_same(name: str, tmp_path: Path) -> None:
    made = MODELS[name]
    converted = convert(made)
    write_folder(made, tmp_path / "layers")
    write_folder(converted, tmp_path / "graph")
    values = np.random.default_rng(1).normal(size=(2, *SIZE)).astype(np.float32)
    [expected] = predicted(tmp_path / "layers", {"input": values}).values()
    [(_, placeholder)] = converted.document["signature"]["inputs"].items()
    [found] = predicted(tmp_path / "graph", {placeholder["name"]: values}).values()
    assert np.ptp(expected) > 1e-3
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-6 * max(1.0, float(np.ptp(expected))))


def test_normalization_and_activation_go_into_the_convolution() -> None:
    nodes = convert(MODELS["relu6"]).document["modelTopology"]["node"]
    found = Counter(node["op"] for node in nodes if node["op"] != "Const")
    assert found == {
        "Placeholder": 1, "PadV2": 1, "_FusedConv2D": 1, "DepthwiseConv2dNative": 1, "Tanh": 1, "Mean": 1,
        "_FusedMatMul": 1, "Softmax": 1, "Identity": 1,
    }  # fmt: skip


def test_outputs_and_inputs_keep_their_names() -> None:
    two = [
        picture(),
        conv("conv", "picture"),
        layer("Flatten", "flat", "conv"),
        layer("GlobalMaxPooling2D", "most", "conv"),
    ]
    signature = convert(model(functional(two, "most", "flat"), **CONV)).document["signature"]
    assert list(signature["inputs"]) == ["picture"]
    assert [*signature["outputs"]] == ["most", "flat"]
    assert signature["outputs"]["flat"]["tensorShape"]["dim"] == [{"size": "-1"}, {"size": str(9 * 8 * 4)}]


@pytest.mark.parametrize(
    ("layers", "reason"),
    [
        ([layer("LSTM", "memory", "picture")], "memory is a LSTM"),
        ([conv("conv", "picture", activation="gelu")], "conv (Conv2D): its activation is 'gelu'"),
        ([conv("conv", "picture", data_format="channels_first")], "conv (Conv2D): its data_format is 'channels_first'"),
        ([conv("conv", "picture", padding="causal")], "conv (Conv2D): its padding is 'causal'"),
        ([layer("Softmax", "soft", "picture")], "soft (Softmax): its axis is 1"),
        ([conv("other", "picture")], "other (Conv2D): the weights 'other/kernel' are missing"),
        ([layer("Dense", "conv", "picture")], "conv (Dense): its input has 4 axes"),
        ([layer("Flatten", "flat", "nowhere")], "the inputs of flat are never computed"),
        ([{**layer("Flatten", "flat"), "inbound_nodes": [[["picture", 0, 0, {}]]] * 2}], "flat is called 2 times"),
    ],
    ids=str,
)
def test_what_has_no_exact_counterpart_is_refused(layers: list[Layer], reason: str) -> None:
    with pytest.raises(Unconvertible, match=f"^{reason.replace('(', '[(]').replace(')', '[)]')}$"):
        convert(model(functional([picture(), *layers]), **CONV))


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_folder(convert(branches()), tmp_path / name)
    [one, two] = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert one == two
