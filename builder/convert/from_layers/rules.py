"""A rule for each class of layer: Keras' semantics, as TensorFlow.js has them, in operations of its graphs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from builder.convert.from_layers.emitter import Array, Layer, Value
from builder.convert.from_layers.refusal import require
from builder.convert.from_onnx.graph import Attribute

Rule = Callable[[Layer, Sequence[Value]], Value]
_PASSING = "Dropout SpatialDropout1D SpatialDropout2D GaussianNoise GaussianDropout AlphaDropout ActivityRegularization"
_ACTIVATIONS = {
    "relu": "Relu",
    "relu6": "Relu6",
    "elu": "Elu",
    "selu": "Selu",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "softplus": "Softplus",
    "softmax": "Softmax",
}
_BATCH_EPSILON = 1e-3
_LEAK = 0.3
_PICTURE_AXES = 3


def _only(inputs: Sequence[Value]) -> Value:
    require(len(inputs) == 1, f"it has {len(inputs)} inputs")
    return inputs[0]


def _picture(inputs: Sequence[Value], layer: Layer) -> Value:
    x = _only(inputs)
    require(len(x.sizes) == _PICTURE_AXES, f"its input has {len(x.sizes) + 1} axes")
    layer.requires("data_format", "channels_last")
    return x


# --- convolutions, dense layers ---------------------------------------------------------------------------------------


def _window(layer: Layer, x: Value, kernel: Sequence[int], strides: str = "strides") -> tuple[int, int]:
    """The height and width that a window gives."""
    step, dilation = layer.pair(strides, 1), layer.pair("dilation_rate", 1)
    layer.requires("padding", "valid", "same")
    if layer.config.get("padding") == "same":
        return math.ceil(x.sizes[0] / step[0]), math.ceil(x.sizes[1] / step[1])
    spans = [(size - 1) * wide + 1 for size, wide in zip(kernel, dilation, strict=True)]
    found = [(size - span) // by + 1 for size, span, by in zip(x.sizes, spans, step, strict=False)]
    require(min(found) > 0, "its window is larger than its input")
    return found[0], found[1]


def _padding(layer: Layer) -> str:
    return "SAME" if layer.config.get("padding") == "same" else "VALID"


def _convolution(layer: Layer) -> dict[str, Attribute]:
    strides, dilations = layer.pair("strides", 1), layer.pair("dilation_rate", 1)
    require(1 in (max(strides), max(dilations)), "it has strides and a dilation")
    return {
        "strides": [1, *strides, 1],
        "dilations": [1, *dilations, 1],
        "data_format": "NHWC",
        "padding": _padding(layer),
    }


def _finished(layer: Layer, x: Value) -> Value:
    """The bias, if any, and the activation."""
    if layer.flag("use_bias", True):
        x = layer.simple("AddV2", x, layer.const(layer.weight("bias", x.sizes[-1:]), "bias"))
    return activated(layer, x, layer.config.get("activation") or "linear")


def _conv(layer: Layer, inputs: Sequence[Value]) -> Value:
    x, kernel = _picture(inputs, layer), layer.weight("kernel")
    layer.requires("groups", 1)
    require(kernel.ndim == 4 and kernel.shape[2] == x.sizes[2], f"its kernel is {list(kernel.shape)}")
    sizes = (*_window(layer, x, kernel.shape[:2]), kernel.shape[3])
    name = layer.const(kernel, "kernel")
    return _finished(layer, layer.op("Conv2D", [x.name, name], sizes, **_convolution(layer)))


def _depthwise(layer: Layer, x: Value) -> Value:
    kernel = layer.weight("depthwise_kernel")
    require(kernel.ndim == 4 and kernel.shape[2] == x.sizes[2], f"its kernel is {list(kernel.shape)}")
    strides = layer.pair("strides", 1)
    require(strides[0] == strides[1], "its strides differ")
    sizes = (*_window(layer, x, kernel.shape[:2]), kernel.shape[2] * kernel.shape[3])
    name = layer.const(kernel, "depthwise_kernel")
    return layer.op("DepthwiseConv2dNative", [x.name, name], sizes, **_convolution(layer))


def _separable(layer: Layer, inputs: Sequence[Value]) -> Value:
    x, kernel = _depthwise(layer, _picture(inputs, layer)), layer.weight("pointwise_kernel")
    attributes: dict[str, Attribute] = {
        "strides": [1] * 4,
        "dilations": [1] * 4,
        "data_format": "NHWC",
        "padding": "VALID",
    }
    name = layer.const(kernel, "pointwise_kernel")
    return _finished(layer, layer.op("Conv2D", [x.name, name], (*x.sizes[:2], kernel.shape[3]), **attributes))


def _dense(layer: Layer, inputs: Sequence[Value]) -> Value:
    x, kernel = _only(inputs), layer.weight("kernel")
    require(len(x.sizes) == 1, f"its input has {len(x.sizes) + 1} axes")
    require(kernel.shape[:1] == x.sizes, f"its kernel is {list(kernel.shape)}")
    name = layer.const(kernel, "kernel")
    product = layer.op("MatMul", [x.name, name], (kernel.shape[1],), transpose_a=False, transpose_b=False)
    return _finished(layer, product)


# --- element by element -----------------------------------------------------------------------------------------------


def activated(layer: Layer, x: Value, name: object) -> Value:
    if name == "linear":
        return x
    if name in ("swish", "silu"):
        return layer.simple("Mul", x, layer.simple("Sigmoid", x).name)
    require(isinstance(name, str) and name in _ACTIVATIONS, f"its activation is {name!r}")
    return layer.simple(_ACTIVATIONS[str(name)], x)


def _relu(layer: Layer, inputs: Sequence[Value]) -> Value:
    layer.requires("threshold", 0)
    layer.requires("negative_slope", 0)
    layer.requires("max_value", 6)
    return layer.simple("Relu" if layer.config.get("max_value") is None else "Relu6", _only(inputs))


def _leaky(layer: Layer, inputs: Sequence[Value]) -> Value:
    slope = layer.config.get("alpha", layer.config.get("negative_slope"))
    return layer.simple("LeakyRelu", _only(inputs), alpha=float(_LEAK if slope is None else slope))


def _normalized(layer: Layer, inputs: Sequence[Value]) -> Value:
    x = _only(inputs)
    axis = layer.config.get("axis", -1)
    axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
    require(axis in (-1, len(x.sizes)), f"its axis is {axis!r}")
    epsilon = layer.config.get("epsilon")
    epsilon = _BATCH_EPSILON if epsilon is None else float(epsilon)
    mean, variance = (layer.weight(part, x.sizes[-1:]) for part in ("moving_mean", "moving_variance"))
    gamma = layer.weight("gamma", mean.shape) if layer.flag("scale", True) else np.ones_like(mean)
    beta = layer.weight("beta", mean.shape) if layer.flag("center", True) else np.zeros_like(mean)
    require(np.all(variance + epsilon > 0), "its variance is not positive")
    if layer.fold:
        return _scaled(layer, x, gamma / np.sqrt(variance.astype(np.float64) + epsilon), mean, beta)
    parts = {"gamma": gamma, "beta": beta, "moving_mean": mean, "moving_variance": variance}
    return _by_kernel(layer, x, [layer.const(array, part) for part, array in parts.items()], epsilon)


def _by_kernel(layer: Layer, x: Value, parts: Sequence[str], epsilon: float) -> Value:
    """One operation, which wants a picture."""
    require(len(x.sizes) <= _PICTURE_AXES, f"its input has {len(x.sizes) + 1} axes")
    wide = (*[1] * (_PICTURE_AXES - len(x.sizes)), *x.sizes)
    picture = x if wide == x.sizes else layer.reshaped(x, wide)
    attributes: dict[str, Attribute] = {"epsilon": epsilon, "data_format": "NHWC", "is_training": False}
    found = layer.simple("FusedBatchNormV3", picture, *parts, **attributes)
    return found if wide == x.sizes else layer.reshaped(found, x.sizes)


def _scaled(layer: Layer, x: Value, scale: Array, mean: Array, beta: Array) -> Value:
    """(x - mean) * scale + beta as one factor and one summand, in float64 until they are stored."""
    factor = layer.const(scale.astype(np.float32), "scale")
    summand = layer.const((beta - mean * scale).astype(np.float32), "shift")
    return layer.simple("AddV2", layer.simple("Mul", x, factor), summand)


def _merge(op: str) -> Rule:
    def rule(layer: Layer, inputs: Sequence[Value]) -> Value:
        require(len(inputs) > 1 and len({value.sizes for value in inputs}) == 1, "its inputs have different sizes")
        found = inputs[0]
        for other in inputs[1:]:
            found = layer.simple(op, found, other.name)
        return found

    return rule


def _rescaled(layer: Layer, inputs: Sequence[Value]) -> Value:
    scale, offset = layer.config.get("scale"), layer.config.get("offset") or 0
    require(isinstance(scale, int | float) and isinstance(offset, int | float), "it scales channels differently")
    scaled = layer.simple("Mul", _only(inputs), layer.number(float(str(scale))))
    return layer.simple("AddV2", scaled, layer.number(offset)) if offset else scaled


# --- pooling, shapes --------------------------------------------------------------------------------------------------


def _pool(op: str) -> Rule:
    def rule(layer: Layer, inputs: Sequence[Value]) -> Value:
        x, size = _picture(inputs, layer), layer.pair("pool_size", 2)
        stepped = (
            layer
            if layer.config.get("strides")
            else Layer(layer.graph, layer.title, {**layer.config, "strides": size}, {})
        )
        ksize, strides = [1, *size, 1], [1, *stepped.pair("strides", size), 1]
        sizes = (*_window(stepped, x, size), x.sizes[2])
        return layer.op(op, [x.name], sizes, ksize=ksize, strides=strides, padding=_padding(layer), data_format="NHWC")

    return rule


def _global(op: str) -> Rule:
    def rule(layer: Layer, inputs: Sequence[Value]) -> Value:
        x = _picture(inputs, layer)
        layer.requires("keepdims", False)
        axes = layer.const(np.asarray((1, 2), np.int32), "axes")
        return layer.op(op, [x.name, axes], x.sizes[2:], keep_dims=False)

    return rule


def _flattened(layer: Layer, inputs: Sequence[Value]) -> Value:
    layer.requires("data_format", "channels_last")
    x = _only(inputs)
    return x if len(x.sizes) == 1 else layer.reshaped(x, (math.prod(x.sizes),))


def _reshape(layer: Layer, inputs: Sequence[Value]) -> Value:
    x, target = _only(inputs), list(layer.config.get("target_shape") or ())
    require(all(isinstance(size, int) for size in target) and target.count(-1) < 2, f"its target is {target}")
    total = math.prod(x.sizes)
    known = math.prod(size for size in target if size != -1)
    sizes = tuple(total // known if size == -1 and known else size for size in target)
    require(math.prod(sizes) == total, f"its target is {target}")
    return layer.reshaped(x, sizes)


def _joined(layer: Layer, inputs: Sequence[Value]) -> Value:
    require(len(inputs) > 1, "it has one input")
    rank = len(inputs[0].sizes)
    given = layer.config.get("axis", -1)
    axis = given if given is not None and given > 0 else rank
    require(given in (-1, rank, None) and len({value.sizes[:-1] for value in inputs}) == 1, f"its axis is {given!r}")
    sizes = (*inputs[0].sizes[:-1], sum(value.sizes[-1] for value in inputs))
    names = [*(value.name for value in inputs), layer.const(np.asarray(axis, np.int32), "axis")]
    return layer.op("ConcatV2", names, sizes, N=len(inputs))


def _padded(layer: Layer, inputs: Sequence[Value]) -> Value:
    x, padding = _picture(inputs, layer), layer.config.get("padding", 1)
    sides = [padding, padding] if isinstance(padding, int) else list(padding)
    pairs = [[side, side] if isinstance(side, int) else list(side) for side in sides]
    require(np.shape(pairs) == (2, 2) and np.min(pairs) >= 0, f"its padding is {padding!r}")
    borders = layer.const(np.asarray([[0, 0], *pairs, [0, 0]], np.int32), "padding")
    sizes = (x.sizes[0] + sum(pairs[0]), x.sizes[1] + sum(pairs[1]), x.sizes[2])
    return layer.op("PadV2", [x.name, borders, layer.number(0)], sizes)


def _softmax(layer: Layer, inputs: Sequence[Value]) -> Value:
    """TensorFlow.js takes axis 1 where none is given, and can do the last one alone."""
    x = _only(inputs)
    require(layer.config.get("axis", 1) in (-1, len(x.sizes)), f"its axis is {layer.config.get('axis', 1)!r}")
    return layer.simple("Softmax", x)


def _prelu(layer: Layer, inputs: Sequence[Value]) -> Value:
    return layer.simple("Prelu", _only(inputs), layer.const(layer.weight("alpha"), "alpha"))


def _elu(layer: Layer, inputs: Sequence[Value]) -> Value:
    layer.requires("alpha", 1)
    return layer.simple("Elu", _only(inputs))


RULES: dict[str, Rule] = {
    **{name: lambda _, inputs: _only(inputs) for name in _PASSING.split()},
    "Activation": lambda layer, inputs: activated(layer, _only(inputs), layer.config.get("activation")),
    "Add": _merge("AddV2"),
    "AveragePooling2D": _pool("AvgPool"),
    "BatchNormalization": _normalized,
    "Concatenate": _joined,
    "Conv2D": _conv,
    "Dense": _dense,
    "DepthwiseConv2D": lambda layer, inputs: _finished(layer, _depthwise(layer, _picture(inputs, layer))),
    "ELU": _elu,
    "Flatten": _flattened,
    "GlobalAveragePooling2D": _global("Mean"),
    "GlobalMaxPooling2D": _global("Max"),
    "LeakyReLU": _leaky,
    "MaxPooling2D": _pool("MaxPool"),
    "Maximum": _merge("Maximum"),
    "Minimum": _merge("Minimum"),
    "Multiply": _merge("Mul"),
    "PReLU": _prelu,
    "ReLU": _relu,
    "Rescaling": _rescaled,
    "Reshape": _reshape,
    "SeparableConv2D": _separable,
    "Softmax": _softmax,
    "ZeroPadding2D": _padded,
}
