"""What the rules of the layers build with: tensors with their sizes, and the layer's own settings and weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.convert.from_layers.refusal import require
from builder.convert.from_onnx.graph import Attribute, TfGraph
from builder.convert.from_onnx.tensors import Kind

Array = NDArray[Any]
Sizes = tuple[int, ...]
_FLOAT: Mapping[str, Attribute] = {"T": Kind.FLOAT}


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor of the graph; `sizes` are its axes without the batch."""

    name: str
    sizes: Sizes


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer that computes: `config` is what Keras wrote about it. `fold`: its weights may become others."""

    graph: TfGraph
    title: str
    config: Mapping[str, Any]
    weights: Mapping[str, Array]
    fold: bool = True

    def op(self, op: str, inputs: list[str], sizes: Sizes, **attributes: Attribute) -> Value:
        """A node of floats."""
        return Value(self.graph.add(op, inputs, self.title, {**_FLOAT, **attributes}, (-1, *sizes)), sizes)

    def simple(self, op: str, x: Value, *others: str, **attributes: Attribute) -> Value:
        """A node whose output has the sizes of `x`."""
        return self.op(op, [x.name, *others], x.sizes, **attributes)

    def const(self, array: Array, part: str) -> str:
        return self.graph.const(array, f"{self.title}/{part}")

    def number(self, value: float) -> str:
        return self.const(np.asarray(value, np.float32), "number")

    def weight(self, part: str, shape: Sizes | None = None) -> Array:
        """A weight of the layer; refused where it is not of this shape."""
        name = f"{self.title}/{part}"
        require(name in self.weights, f"the weights {name!r} are missing")
        found = self.weights[name]
        require(shape is None or found.shape == shape, f"the weights {name!r} have the shape {list(found.shape)}")
        return found

    def reshaped(self, x: Value, sizes: Sizes) -> Value:
        target = self.const(np.asarray((-1, *sizes), np.int32), "shape")
        return self.op("Reshape", [x.name, target], sizes, Tshape=Kind.INT)

    def flag(self, name: str, otherwise: bool) -> bool:
        value = self.config.get(name)
        return otherwise if value is None else bool(value)

    def pair(self, name: str, otherwise: Any) -> tuple[int, int]:  # noqa: ANN401
        """A number for both axes, or one for each."""
        value = self.config.get(name)
        value = otherwise if value is None else value
        both = (value, value) if isinstance(value, int) else tuple(value)
        require(len(both) == 2 and all(isinstance(size, int) and size > 0 for size in both), f"{name} is {value!r}")
        return both[0], both[1]

    def requires(self, name: str, *allowed: Any) -> None:  # noqa: ANN401
        """Refuses a setting that is neither missing nor one of these."""
        value = self.config.get(name)
        require(value is None or value in allowed, f"its {name} is {value!r}")
