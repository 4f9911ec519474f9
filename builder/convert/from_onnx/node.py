"""One ONNX node as its rule sees it: typed attributes and inputs, and what to build with."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from builder.convert.from_onnx.emit import Emitter
from builder.convert.from_onnx.refusal import refuse, require
from builder.convert.from_onnx.source import array_of
from builder.convert.from_onnx.tensors import Array, Constant, Tensor, Value

if TYPE_CHECKING:
    from onnx import AttributeProto, NodeProto

_FLOAT, _INT, _STRING, _TENSOR, _FLOATS, _INTS = 1, 2, 3, 4, 6, 7


class Node:
    """`values` are the inputs, None for one that is left out; `version` is the ONNX version of the operator.

    `outputs` are names, empty where nobody reads them.
    """

    def __init__(self, proto: NodeProto, version: int, values: Sequence[Value | None], emit: Emitter) -> None:
        self.op = proto.op_type
        self.version = version
        self.values = values
        self.emit = emit
        self.outputs = list(proto.output)
        self._attributes = {attribute.name: attribute for attribute in proto.attribute}

    def unread(self, read: Container[str]) -> None:
        """Only the outputs among `read` matter."""
        self.outputs = [name if name in read else "" for name in self.outputs]

    # --- attributes

    def _read(self, name: str, kind: int) -> AttributeProto | None:
        found = self._attributes.get(name)
        require(found is None or found.type == kind, f"its attribute {name} is of an unexpected type")
        return found

    def has(self, name: str) -> bool:
        return name in self._attributes

    def integer(self, name: str, default: int | None = None) -> int:
        found = self._read(name, _INT)
        return found.i if found else _default(name, default)

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.integer(name, default)
        require(value in (0, 1), f"its attribute {name} is {value}, neither 0 nor 1")
        return bool(value)

    def number(self, name: str, default: float | None = None) -> float:
        found = self._read(name, _FLOAT)
        # The number that was written, not its float32 neighbour: 0.01 rather than 0.009999999776.
        return float(str(np.float32(found.f))) if found else _default(name, default)

    def text(self, name: str, default: str | None = None) -> str:
        found = self._read(name, _STRING)
        return found.s.decode("utf-8", "replace") if found else _default(name, default)

    def choice(self, name: str, default: str, allowed: Sequence[str]) -> str:
        """A text attribute that has to be one of `allowed`."""
        value = self.text(name, default)
        require(value in allowed, f"its attribute {name} is {value!r}; known are {', '.join(allowed)}")
        return value

    def ints(self, name: str, default: Sequence[int] | None = None) -> list[int]:
        found = self._read(name, _INTS)
        return list(found.ints) if found else list(_default(name, default))

    def floats(self, name: str) -> list[float]:
        found = self._read(name, _FLOATS)
        return list(found.floats) if found else _default(name, None)

    def array(self, name: str) -> Array | None:
        found = self._read(name, _TENSOR)
        return array_of(found.t) if found else None

    # --- inputs

    def value(self, index: int) -> Value | None:
        """The input, or None where it is left out."""
        return self.values[index] if index < len(self.values) else None

    def required(self, index: int) -> Value:
        value = self.value(index)
        if value is None:
            refuse(f"its input {index} is missing")
        return value

    def tensor(self, index: int) -> Tensor:
        """The input as a tensor of the running model."""
        return self.emit.lifted(self.required(index))

    def constant(self, index: int) -> Array | None:
        """The input's array, None where it is left out; refuses what is computed."""
        value = self.value(index)
        if value is None:
            return None
        if not isinstance(value, Constant):
            refuse(f"its input {index} is computed; it has to be a constant")
        return value.array

    def required_constant(self, index: int) -> Array:
        self.required(index)
        array = self.constant(index)
        assert array is not None
        return array

    def int_list(self, name: str, index: int) -> list[int] | None:
        """Integers that older operator versions give as an attribute, newer ones as a constant input."""
        if self.has(name):
            return self.ints(name)
        array = self.constant(index)
        return None if array is None else [int(item) for item in array.reshape(-1)]

    def axis(self, name: str, default: int | None, rank: int, *, most: int | None = None) -> int:
        """An axis attribute, counted from the front; `most` is the largest that is allowed, if not `rank - 1`."""
        return axis_of(self.integer(name, default), rank, most)


def axis_of(axis: int, rank: int, most: int | None = None) -> int:
    """`axis` counted from the front; refuses one that is not there."""
    found = axis + rank if axis < 0 else axis
    require(0 <= found <= (rank - 1 if most is None else most), f"its axis {axis} is not one of {rank}")
    return found


def axes_of(axes: Sequence[int], rank: int) -> list[int]:
    """Axes counted from the front, each once."""
    found = [axis_of(axis, rank) for axis in axes]
    require(len(set(found)) == len(found), "an axis is named twice")
    return found


def _default(name: str, default: Any) -> Any:  # noqa: ANN401
    require(default is not None, f"its attribute {name} is missing")
    return default
