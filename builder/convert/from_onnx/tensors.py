"""Values of an ONNX graph while it is converted: constants, and tensors with their stored order of axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.convert.from_onnx.dims import Dim, Shape

Order = tuple[int, ...]
Array = NDArray[Any]


class Kind(Enum):
    """The three element types that TensorFlow.js computes with."""

    FLOAT = "DT_FLOAT"
    INT = "DT_INT32"
    BOOL = "DT_BOOL"

    @property
    def numpy(self) -> np.dtype[Any]:
        return np.dtype({"DT_FLOAT": np.float32, "DT_INT32": np.int32, "DT_BOOL": np.bool_}[self.value])


FOUR_BITS = ("int4", "uint4")


def kind_of(dtype: np.dtype[Any]) -> Kind:
    """What stands for an ONNX element type in TensorFlow.js: float16, float64 and bfloat16 become float32."""
    if dtype.kind == "b":
        return Kind.BOOL
    return Kind.INT if dtype.kind in "iu" or dtype.name in FOUR_BITS else Kind.FLOAT


def identity(rank: int) -> Order:
    return tuple(range(rank))


def channels_last(rank: int) -> Order:
    """Batch first, then the spatial axes, then the channels."""
    return (0, *range(2, rank), 1) if rank > 2 else identity(rank)


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of the running model.

    `name` is the TensorFlow.js node (`node` or `node:1`), `shape` the ONNX shape; stored axis i is ONNX axis
    `order[i]`. `dtype` is the ONNX element type. `elements` are the values of a small integer tensor as far as they are
    known, in flat order: what a shape computation carries. `before` is the tensor that a Reshape has just moved around,
    for a Reshape that goes back.
    """

    name: str
    shape: Shape
    order: Order
    dtype: np.dtype[Any]
    nonnegative: bool = False
    elements: tuple[Dim, ...] | None = None
    before: Tensor | None = None

    def labelled(self, shape: Shape, order: Order) -> Tensor:
        """The same stored numbers under other ONNX axes."""
        return replace(self, shape=shape, order=order, elements=None, before=None)

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def kind(self) -> Kind:
        return kind_of(self.dtype)

    @property
    def stored_shape(self) -> Shape:
        return tuple(self.shape[axis] for axis in self.order)


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that is the same in every run, in the ONNX axis order."""

    array: Array

    @property
    def shape(self) -> Shape:
        return self.array.shape

    @property
    def rank(self) -> int:
        return self.array.ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.array.dtype

    @property
    def kind(self) -> Kind:
        return kind_of(self.array.dtype)

    @property
    def nonnegative(self) -> bool:
        return bool(np.all(self.array >= 0))


Value = Tensor | Constant


def moved(order: Order, perm: Sequence[int]) -> Order:
    """The stored order of a tensor whose ONNX axes are permuted by `perm` while the stored bytes stay."""
    return tuple(perm.index(axis) for axis in order)


def without(order: Order, axes: Sequence[int]) -> Order:
    """The stored order once the ONNX `axes` are gone."""
    left = [axis for axis in sorted(order) if axis not in axes]
    return tuple(left.index(axis) for axis in order if axis not in axes)
