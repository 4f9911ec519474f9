"""What every kind of source offers: what goes in and comes out, an answer to arrays, and a graph without variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Tensor:
    """An input or output: shape with -1 where a size is free, None where not even the rank is known."""

    name: str
    shape: tuple[int, ...] | None
    dtype: str

    @classmethod
    def of(cls, name: str, spec: Any) -> Tensor:  # noqa: ANN401 - TensorFlow has no types
        """From anything with TensorFlow's `shape` and `dtype`."""
        shape = None if spec.shape.rank is None else tuple(-1 if size is None else size for size in spec.shape)
        return cls(name, shape, spec.dtype.name)


@dataclass(frozen=True)
class Frozen:
    """A `tf.Graph` whose weights are constants, and its inputs and outputs by the names that callers use."""

    graph: Any
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]


class Source(Protocol):
    """A model that is read and judged, but of which nothing ran yet."""

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """In the order of the model."""

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """In the order of the model."""

    def predict(self, arrays: Arrays) -> Arrays:
        """The model's own answer, computed from the source and not from `freeze`."""

    def freeze(self) -> Frozen:
        """The graph to convert."""


def cast(arrays: Arrays, inputs: tuple[Tensor, ...]) -> Arrays:
    """`arrays` in the types that the model takes, in its order. Raises KeyError where one is missing."""
    return {tensor.name: np.asarray(arrays[tensor.name]).astype(np.dtype(tensor.dtype)) for tensor in inputs}
