"""How Keras layers change a tensor's shape: [batch, height, width, channels] in, the same or fewer axes out.

Only what image models use; a layer that is not in the table gives None (unknown), never a guess.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from builder.inputs.facts import Shape
from builder.inputs.schema import MAX_ELEMENTS

Config = Mapping[str, Any]
_SAME = frozenset(
    """InputLayer Activation ReLU LeakyReLU PReLU ELU ThresholdedReLU Softmax Dropout SpatialDropout1D SpatialDropout2D
    GaussianNoise GaussianDropout AlphaDropout BatchNormalization LayerNormalization Masking Rescaling""".split()
)
# Layers that do not care where the channels are; Flatten has the setting, but only the number of elements counts.
_BY_AXES = _SAME | {"Flatten"}
_MERGES = frozenset({"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"})
_CONVOLUTIONS = frozenset({"Conv2D", "SeparableConv2D", "Convolution2D"})
_POOLS = frozenset({"MaxPooling2D", "AveragePooling2D", "MaxPool2D", "AvgPool2D"})
_GLOBAL_POOLS = frozenset({"GlobalAveragePooling2D", "GlobalMaxPooling2D"})


def output_shape(class_name: str, config: Config, inputs: list[Shape]) -> Shape:
    """The shape that a layer gives for inputs of these shapes, or None where it cannot be told."""
    rule = _rule(class_name)
    known = [shape for shape in inputs if shape is not None]
    if rule is None or not known or len(known) < len(inputs):
        return None
    turns = _channels_first(config) and class_name not in _BY_AXES
    try:
        made = rule(config, [_channels_last(shape) for shape in known] if turns else known)
        return _channels_back(made) if turns else made
    except (ValueError, LookupError, TypeError):  # settings that are missing or do not fit the input
        return None


def shape_entry(size: object) -> int:
    """A size as JSON has it: null, or anything that is no size, is -1."""
    return size if type(size) is int and 0 < size <= MAX_ELEMENTS else -1


def _rule(class_name: str) -> Callable[[Config, list[tuple[int, ...]]], Shape] | None:
    if class_name in _SAME:
        return lambda config, inputs: inputs[0]
    if class_name in _CONVOLUTIONS:
        return lambda config, inputs: _windowed(inputs[0], config, "kernel_size", _positive(config["filters"]))
    if class_name in _POOLS:
        return lambda config, inputs: _windowed(inputs[0], config, "pool_size", inputs[0][3])
    if class_name in _GLOBAL_POOLS:
        return _global_pool
    return _RULES.get(class_name)


def _channels_first(config: Config) -> bool:
    return config.get("data_format") == "channels_first"


def _channels_last(shape: tuple[int, ...]) -> tuple[int, ...]:
    batch, channels, *sides = _image(shape)
    return (batch, *sides, channels)


def _channels_back(shape: Shape) -> Shape:
    """Back to [batch, channels, height, width], where the layer left an image."""
    return shape if shape is None or len(shape) != 4 else (shape[0], shape[3], shape[1], shape[2])


def _positive(value: object) -> int:
    size = shape_entry(value)
    if size < 0:
        msg = "a size must be positive"
        raise ValueError(msg)
    return size


def _pair(value: object) -> tuple[int, int]:
    """Keras writes 2 or [2, 2]."""
    if isinstance(value, list) and len(value) == 2:
        return _positive(value[0]), _positive(value[1])
    return _positive(value), _positive(value)


def _windowed(shape: tuple[int, ...], config: Config, key: str, channels: int) -> Shape:
    """A window of `config[key]` that moves by `strides`, with padding `same` or `valid`."""
    batch, *sides, _ = _image(shape)
    windows = _pair(config[key])
    default = config[key] if key == "pool_size" else 1
    strides = _pair(config.get("strides") or default)
    dilations = _pair(config.get("dilation_rate") or 1)
    same = config.get("padding") == "same"
    moved = [_moved(*axis, same) for axis in zip(sides, windows, strides, dilations, strict=True)]
    return (batch, *moved, channels)


def _moved(side: int, window: int, stride: int, dilation: int, same: bool) -> int:
    """Positions of a window along one side; -1 stays unknown."""
    reach = 1 if same else (window - 1) * dilation + 1
    return -1 if side < 0 else _positive((side - reach) // stride + 1)


def _image(shape: tuple[int, ...]) -> tuple[int, ...]:
    if len(shape) != 4:
        msg = "an image layer needs four axes"
        raise ValueError(msg)
    return shape


def _product(sizes: tuple[int, ...]) -> int:
    return -1 if -1 in sizes else math.prod(sizes)


def _global_pool(config: Config, inputs: list[tuple[int, ...]]) -> Shape:
    batch, _, _, channels = _image(inputs[0])
    return (batch, 1, 1, channels) if config.get("keepdims") else (batch, channels)


def _dense(config: Config, inputs: list[tuple[int, ...]]) -> Shape:
    return (*inputs[0][:-1], _positive(config["units"]))


def _flatten(config: Config, inputs: list[tuple[int, ...]]) -> Shape:
    return (inputs[0][0], _product(inputs[0][1:]))


def _depthwise(config: Config, inputs: list[tuple[int, ...]]) -> Shape:
    multiplier = _positive(config.get("depth_multiplier", 1))
    return _windowed(inputs[0], config, "kernel_size", _product((inputs[0][3], multiplier)))


def _transposed(config: Config, inputs: list[tuple[int, ...]]) -> Shape:
    """Only `same` padding, where the sides grow by the strides; otherwise sides are left unknown."""
    batch, *sides, _ = _image(inputs[0])
    strides = _pair(config.get("strides") or 1)
    same = config.get("padding") == "same"
    grown = [side * stride if same and side > 0 else -1 for side, stride in zip(sides, strides, strict=True)]
    return (batch, *grown, _positive(config["filters"]))


def _upsample(config: Config, inputs: list[tuple[int, ...]]) -> Shape:
    batch, *sides, channels = _image(inputs[0])
    factors = _pair(config.get("size", 2))
    return (batch, *(side * f if side > 0 else -1 for side, f in zip(sides, factors, strict=True)), channels)


def _bordered(config: Config, inputs: list[tuple[int, ...]], sign: int) -> Shape:
    """ZeroPadding2D (+1) and Cropping2D (-1): an int, two ints, or two pairs."""
    batch, *sides, channels = _image(inputs[0])
    value = config.get("padding" if sign > 0 else "cropping", 1)
    borders = value if isinstance(value, list) else [value, value]
    added = [sum(border) if isinstance(border, list) else 2 * border for border in borders]
    return (batch, *(s if s < 0 else _positive(s + sign * a) for s, a in zip(sides, added, strict=True)), channels)


def _reshape(config: Config, inputs: list[tuple[int, ...]]) -> Shape:
    sizes = tuple(shape_entry(size) for size in config["target_shape"])
    whole = _product(inputs[0][1:])
    rest = math.prod(size for size in sizes if size > 0)
    if sizes.count(-1) == 1 and whole > 0 and whole % rest == 0:
        sizes = tuple(whole // rest if size < 0 else size for size in sizes)
    return (inputs[0][0], *sizes)


def _permute(config: Config, inputs: list[tuple[int, ...]]) -> Shape:
    return (inputs[0][0], *(inputs[0][_positive(axis)] for axis in config["dims"]))


def _merged(config: Config, inputs: list[tuple[int, ...]]) -> Shape:
    """Axes of one element are stretched."""
    sizes = [set(axis) - {1} or {1} for axis in zip(*inputs, strict=True)]
    return tuple(axis.pop() if len(axis) == 1 else -1 for axis in sizes)


def _concatenate(config: Config, inputs: list[tuple[int, ...]]) -> Shape:
    axis = config.get("axis", -1)
    sizes = list(inputs[0])
    joined = [shape[axis] for shape in inputs]
    sizes[axis] = -1 if -1 in joined else sum(joined)
    return tuple(sizes)


_RULES: dict[str, Callable[[Config, list[tuple[int, ...]]], Shape]] = {
    "Dense": _dense,
    "Flatten": _flatten,
    "DepthwiseConv2D": _depthwise,
    "Conv2DTranspose": _transposed,
    "UpSampling2D": _upsample,
    "ZeroPadding2D": lambda config, inputs: _bordered(config, inputs, 1),
    "Cropping2D": lambda config, inputs: _bordered(config, inputs, -1),
    "Reshape": _reshape,
    "Permute": _permute,
    "Concatenate": _concatenate,
    **dict.fromkeys(_MERGES, _merged),
}
