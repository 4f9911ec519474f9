"""Pooling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from builder.convert.from_onnx.dims import Dim, add, known
from builder.convert.from_onnx.graph import Attribute
from builder.convert.from_onnx.node import Node
from builder.convert.from_onnx.refusal import require, require_small
from builder.convert.from_onnx.registry import Result, rule
from builder.convert.from_onnx.rules.conv import as_pair, as_plane, from_plane
from builder.convert.from_onnx.rules.elementwise import require_float
from builder.convert.from_onnx.rules.reduce import reduced
from builder.convert.from_onnx.tensors import Kind, Tensor
from builder.convert.from_onnx.windows import Axis, ceil_count, read_axes

_LOWEST = float(np.finfo(np.float32).min)
_ATTRIBUTES = "auto_pad ceil_mode dilations kernel_shape pads strides"
Pads = list[tuple[int, int]]


@rule("MaxPool", (1, 8, 10, 11, 12, 22), _ATTRIBUTES + " storage_order", outputs=2)
def max_pool(node: Node) -> Result:
    require(len([name for name in node.outputs if name]) == 1, "its second output, the indices, is used")
    return _pooled(node, "MaxPool")


@rule("AveragePool", (7, 10, 11, 19, 22), _ATTRIBUTES + " count_include_pad")
def average_pool(node: Node) -> Result:
    return _pooled(node, "AvgPool")


@dataclass(frozen=True, slots=True)
class _Pool:
    """A pooling of `x` by windows along height and width; `extra` completes the last windows of ceil_mode."""

    op: str
    x: Tensor
    axes: tuple[Axis, Axis]
    extra: tuple[int, int]

    @property
    def pads(self) -> Pads:
        return [(axis.begin, axis.end) for axis in self.axes]

    @property
    def whole_pads(self) -> Pads:
        return [(axis.begin, axis.end + more) for axis, more in zip(self.axes, self.extra, strict=True)]


def _pooled(node: Node, op: str) -> Tensor:
    x = node.tensor(0)
    require_float(x)
    plane = as_plane(node, x)
    axes = as_pair(read_axes(node, x.shape[2:], node.ints("kernel_shape")))
    require(all(axis.dilation == 1 for axis in axes), "TensorFlow.js has no pooling with dilations")
    ceil = node.flag("ceil_mode")
    height, width = [ceil_count(axis) if ceil else axis.count for axis in axes]
    extra = (_behind(axes[0], height), _behind(axes[1], width)) if ceil else (0, 0)
    result = replace(plane.tensor, shape=(*x.shape[:2], height, width))
    return from_plane(node, _windowed(node, _Pool(op, plane.tensor, axes, extra), result), plane.flat)


def _windowed(node: Node, pool: _Pool, result: Tensor) -> Tensor:
    attributes, x = _attributes(pool.axes), pool.x
    padded = any(map(any, pool.pads))
    counted = pool.op == "AvgPool" and node.flag("count_include_pad")
    if not any(map(any, pool.whole_pads)):
        return node.emit.tensor(pool.op, [x.name], result, more=attributes, padding="VALID")
    if all(map(_same_with_ceil, pool.axes, pool.extra)) and not (counted and padded):
        return node.emit.tensor(pool.op, [x.name], result, more=attributes, padding="SAME")
    border = 0.0 if pool.op == "AvgPool" or x.nonnegative else _LOWEST
    source = _padded(node, x.name, pool.whole_pads, border)
    pooled = node.emit.tensor(pool.op, [source], result, more=attributes, padding="VALID")
    if pool.op == "MaxPool" or (counted and not any(pool.extra)):
        return pooled
    share = _share(node, pool, pool.pads if counted else [(0, 0)] * 2)
    return node.emit.tensor("RealDiv", [pooled.name, share], result)


def _attributes(axes: tuple[Axis, Axis]) -> dict[str, Attribute]:
    height, width = axes
    return {
        "ksize": [1, height.kernel, width.kernel, 1],
        "strides": [1, height.stride, width.stride, 1],
        "data_format": "NHWC",
    }


def _behind(axis: Axis, count: Dim) -> int:
    """Padding behind that completes the last window; where the size is not known, as much as it could need."""
    if isinstance(count, int) and isinstance(axis.size, int):
        return max((count - 1) * axis.stride + axis.reach - axis.size - axis.begin - axis.end, 0)
    return axis.stride - 1


def _same_with_ceil(axis: Axis, extra: int) -> bool:
    """True where TensorFlow's SAME is exactly this padding, incomplete last windows included."""
    if isinstance(axis.size, int) or axis.stride == 1:
        return replace(axis, end=axis.end + extra).is_same
    # Windows side by side: SAME completes the last one.
    return extra > 0 and axis.begin == axis.end == 0 and axis.reach == axis.stride == 2


def _padded(node: Node, name: str, pads: Sequence[tuple[int, int]], value: float) -> str:
    if not any(map(any, pads)):
        return name
    widths = node.emit.const(np.asarray([(0, 0), *pads, (0, 0)], np.int32), "paddings")
    return node.emit.op("PadV2", [name, widths, node.emit.number(value)], Tpaddings=Kind.INT)


def _share(node: Node, pool: _Pool, counted: Pads) -> str:
    """The part of each window that counts: the average over a picture of ones, zero where nothing is counted."""
    axes, x, attributes = pool.axes, pool.x, _attributes(pool.axes)
    rest = [(a[0] - b[0], a[1] - b[1]) for a, b in zip(pool.whole_pads, counted, strict=True)]
    sizes = known([add(axis.size, sum(pad)) for axis, pad in zip(axes, counted, strict=True)])
    emit = node.emit
    if sizes is not None:
        require_small(*(size + sum(pad) for size, pad in zip(sizes, rest, strict=True)))
        padded = np.pad(np.ones(sizes), rest)
        windows = np.lib.stride_tricks.sliding_window_view(padded, tuple(axis.kernel for axis in axes))
        return emit.const(windows[:: axes[0].stride, :: axes[1].stride].mean((2, 3))[None, :, :, None], "share")
    one = emit.sliced(x.name, [0, None, None, 0], [1, None, None, 1], [1] * 4, Kind.FLOAT)
    ones = _padded(node, emit.op("OnesLike", [one]), counted, 1.0)
    return emit.op("AvgPool", [_padded(node, ones, rest, 0.0)], more=attributes, padding="VALID")


@rule("GlobalAveragePool", (1, 22))
def global_average_pool(node: Node) -> Result:
    x = node.tensor(0)
    return reduced(node, "Mean", x, range(2, x.rank), keep=True)


@rule("GlobalMaxPool", (1, 22))
def global_max_pool(node: Node) -> Result:
    x = node.tensor(0)
    return reduced(node, "Max", x, range(2, x.rank), keep=True)
