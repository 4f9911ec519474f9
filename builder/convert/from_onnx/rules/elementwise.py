"""What rules of elementwise operations share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from builder.convert.from_onnx.emit import Emitter
from builder.convert.from_onnx.graph import Attribute
from builder.convert.from_onnx.layout import align
from builder.convert.from_onnx.refusal import require
from builder.convert.from_onnx.tensors import Tensor, Value

BOOL = np.dtype(np.bool_)
NARROW = "integers of 8 and 16 bits wrap around, which TensorFlow.js cannot do"


def require_float(x: Value, what: str = "it") -> None:
    require(x.dtype.kind not in "iub", f"{what} works on {x.dtype}, only floating-point numbers are converted")


def require_wide(x: Value) -> None:
    """Refuses arithmetic that would wrap around."""
    require(x.dtype.kind not in "iu" or x.dtype.itemsize >= 4, NARROW)
    require(x.dtype.kind != "u", "TensorFlow.js has no unsigned integers")


def unary(emit: Emitter, op: str, x: Tensor, *, nonnegative: bool = False, **attributes: Attribute) -> Tensor:
    """A node of one input, in the order in which that is stored."""
    return replace(emit.tensor(op, [x.name], x, more=attributes), nonnegative=nonnegative)


def with_scalar(emit: Emitter, op: str, x: Tensor, value: float) -> Tensor:
    """x op value."""
    return replace(emit.tensor(op, [x.name, emit.number(value)], x), nonnegative=False)


def binary(emit: Emitter, op: str, values: Sequence[Value], *, dtype: np.dtype[np.generic] | None = None) -> Tensor:
    """A broadcasting node; with more than two values, one node after the other."""
    found = align(emit, values)
    like = Tensor("", found.shape, found.order, dtype or values[0].dtype)
    kind = values[0].kind
    name = found.names[0]
    for other in found.names[1:]:
        name = emit.tensor(op, [name, other], like, kind=kind).name
    return emit.named(name, like)


def clipped(emit: Emitter, x: Tensor, low: float, high: float) -> Tensor:
    """x between low and high; ±inf for no bound."""
    if (low, high) in ((0, 6), (0, np.inf)):
        return unary(emit, "Relu6" if high == 6 else "Relu", x, nonnegative=True)
    if high == np.inf:
        return replace(emit.tensor("Maximum", [x.name, emit.number(low)], x), nonnegative=low >= 0)
    if low == -np.inf:
        return replace(emit.tensor("Minimum", [x.name, emit.number(high)], x), nonnegative=False)
    return replace(emit.tensor("ClipByValue", [x.name, emit.number(low), emit.number(high)], x), nonnegative=low >= 0)
