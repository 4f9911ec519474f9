"""Layers models of the functional form, with seeded random weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from builder.convert.model import ConvertedModel

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


def mobilenet() -> ConvertedModel:
    """MobileNetV1 as Keras writes it, of a sixteenth of its width, for 32x32 pixels."""
    layers = [layer("InputLayer", "picture", batch_input_shape=[None, 32, 32, 3], dtype="float32")]
    shapes: dict[str, tuple[int, ...]] = {}

    def normal(name: str, filters: int) -> str:
        source = layers[-1]["name"]
        layers.append(layer("BatchNormalization", f"{name}_bn", source, axis=[3], epsilon=0.001))
        layers.append(layer("ReLU", f"{name}_relu", f"{name}_bn", max_value=6, negative_slope=0, threshold=0))
        shapes.update({f"{name}_bn__{key}": (filters,) for key in ("gamma", "beta", "moving_mean", "moving_variance")})
        return f"{name}_relu"

    def convolution(name: str, source: str, kernel: tuple[int, int, int, int], stride: int) -> str:
        layers.append(conv(name, source, kernel[3], kernel[0], strides=[stride] * 2, use_bias=False))
        shapes[f"{name}__kernel"] = kernel
        return normal(name, kernel[3])

    last, filters = convolution("conv1", "picture", (3, 3, 3, 2), 2), 2
    for number, (wider, stride) in enumerate([(4, 1), (8, 2), (8, 1), (16, 2), (16, 1), (32, 2), (32, 1)], 1):
        name = f"conv_dw_{number}"
        size = {"kernel_size": [3, 3], "strides": [stride] * 2, "padding": "same", "depth_multiplier": 1}
        layers.append(layer("DepthwiseConv2D", name, last, activation="linear", use_bias=False, **size))
        shapes[f"{name}__depthwise_kernel"] = (3, 3, filters, 1)
        last, filters = convolution(f"conv_pw_{number}", normal(name, filters), (1, 1, filters, wider), 1), wider
    layers.append(layer("GlobalAveragePooling2D", "pool", last))
    layers.append(layer("Reshape", "reshape_1", "pool", target_shape=[1, 1, filters]))
    layers.append(layer("Dropout", "dropout", "reshape_1", rate=0.001))
    layers.append(conv("conv_preds", "dropout", 10, 1))
    layers.append(layer("Reshape", "reshape_2", "conv_preds", target_shape=[10]))
    layers.append(layer("Activation", "predictions", "reshape_2", activation="softmax"))
    return model(functional(layers), **shapes, conv_preds__kernel=(1, 1, filters, 10), conv_preds__bias=(10,))
