"""The tensors that a network takes and gives, and what is put into those that take no picture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

from builder.spec.checks import require
from builder.spec.tagged import TaggedBy

# The types of tensors that TensorFlow.js has; it takes a uint8 input as int32. Only outputs are bool.
DType = Literal["float32", "int32", "bool"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorSpec:
    """A model's input or output. `shape` has one entry per axis, -1 where the size is free (the batch)."""

    name: str
    shape: tuple[int, ...]
    dtype: DType

    def __post_init__(self) -> None:
        require(all(size == -1 or size > 0 for size in self.shape), "sizes are positive, or -1")


def _require_values(tensor: TensorSpec, values: tuple[float, ...]) -> None:
    _require_fixed(tensor)
    require(len(values) == math.prod(tensor.shape), f"{tensor.name} takes {math.prod(tensor.shape)} values")
    require(all(math.isfinite(value) for value in values), "numbers are finite")
    require(tensor.dtype == "float32" or all(value.is_integer() for value in values), "integers are whole")


def _require_fixed(tensor: TensorSpec) -> None:
    require(all(size > 0 for size in tensor.shape), f"the shape of {tensor.name} has no free size")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """An input that always takes the same `values`, a ratio for example; row-major, as many as its shape says."""

    kind: Literal["fixed"] = "fixed"
    tensor: TensorSpec
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        _require_values(self.tensor, self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """An input that takes what the output number `output` (of `ModelSpec.outputs`, from 0) gave for the picture before;
    for the first one zeros of the tensor's shape."""

    kind: Literal["feedback"] = "feedback"
    tensor: TensorSpec
    output: int

    def __post_init__(self) -> None:
        _require_fixed(self.tensor)
        require(self.output >= 0, "output is not negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An input that the game may set; `values` until it does."""

    kind: Literal["given"] = "given"
    tensor: TensorSpec
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        _require_values(self.tensor, self.values)


ExtraInput = Annotated[Fixed | Feedback | Given, TaggedBy("kind")]
