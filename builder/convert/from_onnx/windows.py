"""Sizes and paddings of convolutions and pooling, along the two spatial axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from builder.convert.from_onnx.dims import Dim, add, ceildiv, floordiv, positive
from builder.convert.from_onnx.node import Node
from builder.convert.from_onnx.refusal import FIXED_SIZE, refuse, require

_MODES = ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID")


@dataclass(frozen=True, slots=True)
class Axis:
    """A window moving along one axis. `begin` and `end` are its padding."""

    size: Dim
    kernel: int
    stride: int
    dilation: int
    begin: int
    end: int

    @property
    def reach(self) -> int:
        """How many elements the window spans."""
        return (self.kernel - 1) * self.dilation + 1

    @property
    def count(self) -> Dim:
        """How many windows fit."""
        return positive(add(floordiv(add(self.size, self.begin + self.end - self.reach), self.stride), 1))

    @property
    def is_same(self) -> bool:
        """True where TensorFlow's padding SAME gives exactly this, whatever the size turns out to be."""
        total = self.reach - 1
        if self.stride == 1:
            return self.begin == total // 2 and self.begin + self.end == total
        if not isinstance(self.size, int) or not isinstance(self.count, int):
            return False
        begin, end = same_padding(self.size, self.reach, self.stride)
        # SAME may pad less behind than ONNX says, as long as no window reaches there.
        return self.count == -(-self.size // self.stride) and begin == self.begin and end <= self.end


def same_padding(size: int, reach: int, stride: int) -> tuple[int, int]:
    """What TensorFlow's SAME adds in front and behind."""
    total = max((-(-size // stride) - 1) * stride + reach - size, 0)
    return total // 2, total - total // 2


def read_axes(node: Node, sizes: Sequence[Dim], kernel: Sequence[int]) -> list[Axis]:
    """The window of a convolution or pooling along each spatial axis, from the attributes of the node."""
    rank = len(kernel)
    require(len(sizes) == rank, f"its kernel has {rank} spatial axes, its input {len(sizes)}")
    strides, dilations = node.ints("strides", [1] * rank), node.ints("dilations", [1] * rank)
    require(len(strides) == len(dilations) == rank, "its strides or dilations do not fit its kernel")
    require(min([*kernel, *strides, *dilations]) > 0, "its kernel, strides and dilations have to be positive")
    pads = _pads(node, sizes, kernel, strides, dilations)
    return [Axis(sizes[i], kernel[i], strides[i], dilations[i], pads[i][0], pads[i][1]) for i in range(rank)]


def _pads(
    node: Node, sizes: Sequence[Dim], kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> list[tuple[int, int]]:
    rank = len(kernel)
    mode = node.choice("auto_pad", "NOTSET", _MODES)
    if mode in ("NOTSET", "VALID"):
        pads = node.ints("pads", [0] * 2 * rank) if mode == "NOTSET" else [0] * 2 * rank
        require(len(pads) == 2 * rank and min(pads) >= 0, "its pads do not fit its kernel, or are negative")
        return [(pads[i], pads[i + rank]) for i in range(rank)]
    found = []
    for size, width, stride, dilation in zip(sizes, kernel, strides, dilations, strict=True):
        reach = (width - 1) * dilation + 1
        if not isinstance(size, int) and stride != 1:
            refuse(f"{mode} padding depends on a size that is not known", FIXED_SIZE)
        begin, end = same_padding(size if isinstance(size, int) else reach, reach, stride)
        found.append((begin, end) if mode == "SAME_UPPER" else (end, begin))
    return found


def ceil_count(axis: Axis) -> Dim:
    """How many windows fit when the last one may be incomplete, but begins inside the picture or its front padding."""
    count = add(ceildiv(add(axis.size, axis.begin + axis.end - axis.reach), axis.stride), 1)
    if not isinstance(axis.size, int) or not isinstance(count, int):
        enough = axis.reach >= axis.stride + axis.end
        require(enough, "whether its last, incomplete window counts depends on a size that is not known", FIXED_SIZE)
        return count
    return count - 1 if (count - 1) * axis.stride >= axis.size + axis.begin else count
