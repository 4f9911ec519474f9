"""ConvTranspose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from builder.convert.from_onnx.dims import Dim, add, mul
from builder.convert.from_onnx.node import Node
from builder.convert.from_onnx.refusal import refuse, require
from builder.convert.from_onnx.registry import Result, rule
from builder.convert.from_onnx.rules.conv import as_plane, from_plane
from builder.convert.from_onnx.rules.elementwise import require_float
from builder.convert.from_onnx.tensors import Array, Kind, Tensor

_ATTRIBUTES = "auto_pad dilations group kernel_shape output_padding output_shape pads strides"
_MOST_GROUPS = 64


@rule("ConvTranspose", (1, 11, 22), _ATTRIBUTES, inputs=3)
def transposed_conv(node: Node) -> Result:
    x, weights, bias = node.tensor(0), node.required_constant(1), node.constant(2)
    require_float(x)
    require(weights.ndim == x.rank, "its weights and its input differ in their number of axes")
    kernel, groups = list(weights.shape[2:]), node.integer("group", 1)
    require(node.ints("kernel_shape", kernel) == kernel, "its kernel_shape does not fit its weights")
    require(0 < groups <= _MOST_GROUPS, f"it has {groups} groups; {_MOST_GROUPS} are the most")
    require(x.shape[1] == weights.shape[0] and weights.shape[0] % groups == 0, "its channels do not fit its weights")
    plane = as_plane(node, x)
    axes = _axes(node, x.shape[2:], kernel)
    if plane.flat:
        axes = [_Window(1, 1), *axes]
    weights = _spread(weights.reshape(*weights.shape[:2], axes[0].kernel, axes[1].kernel), axes)
    shape = (x.shape[0], weights.shape[1] * groups, axes[0].count, axes[1].count)
    result = replace(plane.tensor, shape=shape, nonnegative=False)
    stored = node.emit.named(_grouped(node, plane.tensor, np.split(weights, groups), axes, result), result)
    if bias is not None:
        require(bias.shape == shape[1:2], "its bias does not fit its weights")
        stored = node.emit.tensor("AddV2", [stored.name, node.emit.const(bias, "bias")], result)
    return from_plane(node, stored, plane.flat)


@dataclass(slots=True)
class _Window:
    """One spatial axis; the picture grows by `stride`, `begin` and `end` are cut off, `extra` is added behind."""

    size: Dim
    kernel: int
    stride: int = 1
    dilation: int = 1
    extra: int = 0
    begin: int = 0
    end: int = 0

    @property
    def reach(self) -> int:
        return (self.kernel - 1) * self.dilation + 1

    @property
    def count(self) -> Dim:
        """The size of the output along this axis."""
        return add(mul(add(self.size, -1), self.stride), self.reach + self.extra - self.begin - self.end)


def _axes(node: Node, sizes: Sequence[Dim], kernel: Sequence[int]) -> list[_Window]:
    rank = len(kernel)
    strides, dilations = node.ints("strides", [1] * rank), node.ints("dilations", [1] * rank)
    extra = node.ints("output_padding", [0] * rank)
    require(len(strides) == len(dilations) == len(extra) == rank, "its attributes do not fit its kernel")
    require(min([*kernel, *strides, *dilations]) > 0 and min(extra) >= 0, "its attributes have to be positive")
    windows = [_Window(*given) for given in zip(sizes, kernel, strides, dilations, extra, strict=True)]
    mode = node.choice("auto_pad", "NOTSET", ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"))
    wanted = node.ints("output_shape", [])
    if wanted or mode.startswith("SAME"):
        _fit(windows, wanted, lower=mode == "SAME_LOWER", given=mode != "NOTSET")
    elif mode == "NOTSET":
        pads = node.ints("pads", [0] * 2 * rank)
        require(len(pads) == 2 * rank and min(pads) >= 0, "its pads do not fit its kernel, or are negative")
        for axis, window in enumerate(windows):
            window.begin, window.end = pads[axis], pads[axis + rank]
    return windows


def _fit(windows: list[_Window], wanted: Sequence[int], *, lower: bool, given: bool) -> None:
    """Pads chosen so that the output has the wanted size, by default `stride` times that of the input."""
    require(len(wanted) in (0, len(windows)), "its output_shape does not fit its kernel")
    for axis, window in enumerate(windows):
        target = wanted[axis] if wanted else mul(window.size, window.stride)
        total = window.count if isinstance(window.count, int) else None
        if isinstance(target, int) and total is not None:
            cut = total - target
        elif not wanted:
            cut = window.reach + window.extra - window.stride
        else:
            refuse("its output_shape is fixed, but not the size of its input")
        require(cut >= 0, "its output is larger than its windows reach")
        small = cut // 2
        # ONNX: SAME_UPPER puts the odd one behind, everything else in front.
        window.begin, window.end = (small, cut - small) if given and not lower else (cut - small, small)


def _spread(weights: Array, windows: Sequence[_Window]) -> Array:
    """The kernel with zeros between its elements in place of a dilation, which TensorFlow.js lacks here."""
    if all(window.dilation == 1 for window in windows):
        return weights
    spread = np.zeros((*weights.shape[:2], *(window.reach for window in windows)), weights.dtype)
    spread[:, :, :: windows[0].dilation, :: windows[1].dilation] = weights
    return spread


def _grouped(node: Node, x: Tensor, weights: list[Array], windows: Sequence[_Window], result: Tensor) -> str:
    """One convolution for each group's weights."""
    emit, groups = node.emit, len(weights)
    if groups == 1:
        return _one(node, x.name, weights[0], windows, result)
    split = emit.op("Split", [emit.integer(3), x.name], num_split=groups)
    names = [f"{split}:{index}" if index else split for index in range(groups)]
    parts = [
        _one(node, name, part, windows, replace(result, shape=(result.shape[0], part.shape[1], *result.shape[2:])))
        for name, part in zip(names, weights, strict=True)
    ]
    return emit.op("ConcatV2", [*parts, emit.integer(3)], N=groups, Tidx=Kind.INT)


def _one(node: Node, name: str, weights: Array, windows: Sequence[_Window], result: Tensor) -> str:
    """TensorFlow's gradient of a convolution is the transposed one; its pads are what is cut off."""
    emit = node.emit
    height, width = windows
    pads = [height.begin, height.end, width.begin, width.end]
    return emit.op(
        "Conv2DBackpropInput",
        [emit.shape_vector(result.stored_shape), emit.const(weights.transpose(2, 3, 1, 0), "weights"), name],
        strides=[1, height.stride, width.stride, 1],
        dilations=[1, 1, 1, 1],
        data_format="NHWC",
        **({"padding": "EXPLICIT", "explicit_paddings": [0, 0, *pads, 0, 0]} if any(pads) else {"padding": "VALID"}),
    )
