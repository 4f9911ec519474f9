"""Normalization and softmax."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from builder.convert.from_onnx.dims import product
from builder.convert.from_onnx.layout import reshaped
from builder.convert.from_onnx.node import Node, axes_of
from builder.convert.from_onnx.refusal import require
from builder.convert.from_onnx.registry import Result, Run, rule
from builder.convert.from_onnx.rules.elementwise import binary, require_float, unary, with_scalar
from builder.convert.from_onnx.rules.reduce import reduced
from builder.convert.from_onnx.rules.selection import ones_at
from builder.convert.from_onnx.rules.shape import stored_last
from builder.convert.from_onnx.tensors import Array, Constant, Tensor, Value, channels_last, identity


@rule("BatchNormalization", (7, 9, 14, 15), "epsilon momentum spatial training_mode", inputs=5, outputs=5)
def batch_normalization(node: Node) -> Result:
    """A factor and a summand per channel; a convolution in front takes them in."""
    x = node.tensor(0)
    require_float(x)
    require(not node.flag("training_mode"), "it is in training mode", "Call model.eval() before the export.")
    require(node.integer("spatial", 1) == 1, "it normalizes each place by itself")
    require(len([name for name in node.outputs if name]) == 1, "its running statistics are outputs")
    scale, bias, mean, variance = (node.required_constant(index).astype(np.float64) for index in (1, 2, 3, 4))
    channels = x.shape[1] if x.rank > 1 else 1
    fit = all(array.shape == scale.shape for array in (bias, mean, variance)) and scale.ndim == 1
    require(fit and (len(scale) == channels or not isinstance(channels, int)), "its statistics do not fit its channels")
    require(np.all(variance >= 0), "a variance is negative")
    factor = scale / np.sqrt(variance + node.number("epsilon", 1e-5))
    return _affine(node, x, factor, bias - mean * factor)


def _affine(node: Node, x: Tensor, factor: Array, summand: Array) -> Tensor:
    """x * factor + summand along the channels."""
    scaled = binary(node.emit, "Mul", [x, _per_channel(factor, x.rank)], dtype=x.dtype)
    return binary(node.emit, "AddV2", [scaled, _per_channel(summand, x.rank)], dtype=x.dtype)


def _per_channel(array: Array, rank: int) -> Constant:
    """One number per channel, with axes of size 1 for the others."""
    shape = (-1,) if rank < 2 else (-1, *(1,) * (rank - 2))
    return Constant(array.astype(np.float32).reshape(shape))


def standardized(node: Node, x: Tensor, axes: Sequence[int], epsilon: float) -> Tensor:
    """(x - mean) / sqrt(variance + epsilon), both over the ONNX axes."""
    emit = node.emit
    x = replace(x, nonnegative=False)
    centred = binary(emit, "Sub", [x, reduced(node, "Mean", x, axes, keep=True)])
    variance = reduced(node, "Mean", unary(emit, "Square", centred), axes, keep=True)
    factor = unary(emit, "Rsqrt", with_scalar(emit, "AddV2", variance, epsilon))
    return binary(emit, "Mul", [centred, factor])


def _scaled(node: Node, x: Tensor, scale: Value | None, bias: Value | None) -> Tensor:
    for op, value in (("Mul", scale), ("AddV2", bias)):
        x = binary(node.emit, op, [x, value]) if value is not None else x
    return x


@rule("LayerNormalization", (17,), "axis epsilon stash_type", inputs=3, outputs=3)
def layer_normalization(node: Node) -> Result:
    x = node.tensor(0)
    require_float(x)
    require(len([name for name in node.outputs if name]) == 1, "its statistics are outputs")
    axes = range(node.axis("axis", -1, x.rank), x.rank)
    normal = standardized(node, x, axes, node.number("epsilon", 1e-5))
    return _scaled(node, normal, node.required(1), node.value(2))


@rule("RMSNormalization", (23,), "axis epsilon stash_type", inputs=2)
def rms_normalization(node: Node) -> Result:
    x, emit = node.tensor(0), node.emit
    require_float(x)
    axes = range(node.axis("axis", -1, x.rank), x.rank)
    power = reduced(node, "Mean", unary(emit, "Square", x), axes, keep=True)
    factor = unary(emit, "Rsqrt", with_scalar(emit, "AddV2", power, node.number("epsilon", 1e-5)))
    return _scaled(node, binary(emit, "Mul", [x, factor]), node.required(1), None)


@rule("InstanceNormalization", (6, 22), "epsilon", inputs=3)
def instance_normalization(node: Node) -> Result:
    x = node.tensor(0)
    require_float(x)
    scale, bias = node.required_constant(1), node.required_constant(2)
    require(scale.shape == bias.shape == (len(scale),), "its scale and bias do not fit together")
    normal = _by_instance(node, x)
    return normal if np.all(scale == 1) and not np.any(bias) else _affine(node, normal, scale, bias)


def _by_instance(node: Node, x: Tensor) -> Tensor:
    """x standardized over all but its first two axes.

    PyTorch writes GroupNorm as [n, c, h, w] → [n, groups, …] → this → [n, c, h, w]: done where the channels are last.
    """
    epsilon, before = node.number("epsilon", 1e-5), x.before
    known = before is not None and before.rank > x.rank == 3 and before.shape[0] == x.shape[0]
    channels = before.shape[1] if before is not None and known else None
    groups = x.shape[1]
    if before is None or not isinstance(channels, int) or not isinstance(groups, int) or channels % groups:
        return standardized(node, x, range(2, x.rank), epsilon)
    split = reshaped(node.emit, before, (before.shape[0], groups, channels // groups, *before.shape[2:]))
    normal = standardized(node, split, range(2, split.rank), epsilon)
    return reshaped(node.emit, reshaped(node.emit, normal, before.shape), x.shape)


@rule("GroupNormalization", (18, 21), "epsilon num_groups stash_type", inputs=3)
def group_normalization(node: Node) -> Result:
    """Until opset 20 with a factor per group, then per channel."""
    x, groups = node.tensor(0), node.integer("num_groups")
    require_float(x)
    channels = x.shape[1]
    require(isinstance(channels, int) and groups > 0 and channels % groups == 0, "its channels do not divide")
    assert isinstance(channels, int)
    split = reshaped(node.emit, x, (x.shape[0], groups, channels // groups, *x.shape[2:]))
    normal = standardized(node, split, range(2, split.rank), node.number("epsilon", 1e-5))
    back = reshaped(node.emit, normal, x.shape)
    repeats = channels // groups if node.version < 21 else 1
    scale, bias = (np.repeat(node.required_constant(index), repeats) for index in (1, 2))
    return _affine(node, back, scale, bias)


@rule("MeanVarianceNormalization", (9, 13), "axes")
def mean_variance_normalization(node: Node) -> Result:
    x = node.tensor(0)
    require_float(x)
    return standardized(node, x, axes_of(node.ints("axes", [0, 2, 3]), x.rank), 1e-9)


@rule("LRN", (1, 13), "alpha beta bias size")
def local_response_normalization(node: Node) -> Result:
    x, size = node.tensor(0), node.integer("size")
    require(x.rank == 4, f"its input has {x.rank} axes, not 4")
    require(size % 2 == 1, f"its window of {size} channels is even; TensorFlow.js takes odd ones")
    result = replace(x, order=channels_last(4))
    return node.emit.tensor(
        "LRN",
        [stored_last(node, x)],
        result,
        depth_radius=size // 2,
        bias=node.number("bias", 1.0),
        alpha=node.number("alpha", 1e-4) / size,
        beta=node.number("beta", 0.75),
    )


@rule("LpNormalization", (1, 22), "axis p")
def lp_normalization(node: Node) -> Result:
    x, emit = node.tensor(0), node.emit
    require_float(x)
    axis, power = node.axis("axis", -1, x.rank), node.integer("p", 2)
    require(power in (1, 2), f"its p is {power}; 1 and 2 are known")
    parts = reduced(node, "Sum", unary(emit, "Abs" if power == 1 else "Square", x, nonnegative=True), [axis], keep=True)
    # Where all is zero, ONNX gives zero.
    return binary(emit, "DivNoNan", [x, parts if power == 1 else unary(emit, "Sqrt", parts, nonnegative=True)])


def _softmax(op: str) -> Run:
    def run(node: Node) -> Result:
        x = node.tensor(0)
        require_float(x)
        axis = node.axis("axis", -1 if node.version >= 13 else 1, x.rank)
        if node.version < 13 and any(dim != 1 for dim in x.shape[axis + 1 :]):
            # Older versions flatten all axes from this one on.
            flat = reshaped(node.emit, x, (product(x.shape[:axis]), product(x.shape[axis:])))
            return reshaped(node.emit, _over_last(node, op, flat, 1), x.shape)
        return _over_last(node, op, x, axis)

    return run


def _over_last(node: Node, op: str, x: Tensor, axis: int) -> Tensor:
    """TensorFlow.js takes the last stored axis only; a softmax over another one is put together from its parts."""
    if op == "Softmax" and x.order[-1] != axis:
        return _over_inner(node, x, axis)
    order = x.order if x.order[-1] == axis else (*(other for other in x.order if other != axis), axis)
    result = replace(x, order=order, nonnegative=op == "Softmax")
    return node.emit.tensor(op, [node.emit.name(x, order)], result)


def _over_inner(node: Node, x: Tensor, axis: int) -> Tensor:
    """exp(x - max) / sum, in the order in which x is stored: no Transpose before, and none behind."""
    emit, x = node.emit, replace(x, nonnegative=False)
    powers = unary(emit, "Exp", binary(emit, "Sub", [x, reduced(node, "Max", x, [axis], keep=True)]), nonnegative=True)
    total = reduced(node, "Sum", powers, [axis], keep=True)
    return replace(binary(emit, "RealDiv", [powers, total]), nonnegative=True)


rule("Softmax", (1, 11, 13), "axis")(_softmax("Softmax"))
rule("LogSoftmax", (1, 11, 13), "axis")(_softmax("LogSoftmax"))


@rule("Hardmax", (1, 11, 13), "axis")
def hardmax(node: Node) -> Result:
    """One where the first largest element is."""
    x, emit = node.tensor(0), node.emit
    axis = node.axis("axis", -1 if node.version >= 13 else 1, x.rank)
    require(axis == x.rank - 1 and isinstance(x.shape[axis], int), "it is not over a last axis of known size")
    source = emit.name(x, identity(x.rank))
    place = emit.op("ArgMax", [source, emit.integer(axis)], kind=x.kind)
    size = x.shape[axis]
    assert isinstance(size, int)
    result = replace(x, order=identity(x.rank), nonnegative=True)
    return ones_at(node, place, size, result)
