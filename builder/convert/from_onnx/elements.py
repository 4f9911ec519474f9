"""Shape computations: what is known of small integer values without running the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from builder.convert.from_onnx.dims import Dim, Shape, add, floordiv, known, least, mul, product
from builder.convert.from_onnx.emit import Emitter
from builder.convert.from_onnx.node import Node, axis_of
from builder.convert.from_onnx.source import element_type
from builder.convert.from_onnx.tensors import Array, Constant, Kind, Tensor, Value, identity

_MOST = 64
Objects = NDArray[np.object_]


def computed(node: Node) -> Value | None:
    """The value of a shape computation; None where a rule has to look at it."""
    rule = _RULES.get(node.op)
    inputs = [None if value is None else _objects(value) for value in node.values]
    if rule is None or (node.op not in ("Shape", "Size") and any(array is None for array in inputs)):
        return None
    found = rule(node, [array for array in inputs if array is not None])
    if found is None or found.size > _MOST or any(item is None for item in found.reshape(-1)):
        return None
    return as_value(node.emit, found, _dtype(node))


def as_value(emit: Emitter, found: Objects, dtype: np.dtype[np.generic]) -> Value | None:
    """A constant if all is known, else a vector or scalar that the running model makes up."""
    elements = tuple(found.reshape(-1))
    numbers = known(elements)
    if numbers is not None:
        return Constant(np.asarray(numbers, dtype).reshape(found.shape))
    if found.ndim > 1 or dtype.kind != "i":
        return None if found.ndim > 1 else _float_tensor(emit, found, elements, dtype)
    name = emit.size(elements[0]) if found.ndim == 0 else emit.shape_vector(elements)
    return Tensor(name, found.shape, identity(found.ndim), dtype, _nonnegative(elements), elements)


def _float_tensor(emit: Emitter, found: Objects, elements: Shape, dtype: np.dtype[np.generic]) -> Value | None:
    if dtype.kind != "f":
        return None
    name = emit.size(elements[0]) if found.ndim == 0 else emit.shape_vector(elements)
    cast = emit.op("Cast", [name], kind=Kind.INT, SrcT=Kind.INT, DstT=Kind.FLOAT)
    return Tensor(cast, found.shape, identity(found.ndim), dtype, _nonnegative(elements), elements)


def _nonnegative(elements: Sequence[Dim]) -> bool:
    """True for sizes, what grows from them, and what is left of them after small differences."""
    return all(least(element) >= 0 for element in elements)


def _objects(value: Value) -> Objects | None:
    """The elements as Python objects in their ONNX shape."""
    shape = known(value.shape)
    if isinstance(value, Constant):
        if value.array.size > _MOST or not _is_whole(value.array):
            return None
        return np.asarray([int(item) for item in value.array.reshape(-1)], object).reshape(value.array.shape)
    if value.elements is None or shape is None:
        return None
    found = np.empty(len(value.elements), object)
    found[:] = value.elements
    return found.reshape(shape)


def _is_whole(array: Array) -> bool:
    return array.dtype.kind in "iub" or bool(np.all(np.isfinite(array) & (array == np.round(array))))


def _dtype(node: Node) -> np.dtype[np.generic]:
    if node.op == "Cast":
        return element_type(node.integer("to"))
    if node.op in ("Shape", "Size"):
        return np.dtype(np.int64)
    if node.op in _TESTS:
        return np.dtype(np.bool_)
    value = node.required(1 if node.op == "Where" else 0)
    return value.dtype


Rule = Callable[[Node, list[Objects]], "Objects | None"]


def _shape(node: Node, _: list[Objects]) -> Objects:
    x = node.required(0)
    start, end, _step = slice(node.integer("start", 0), node.integer("end", x.rank)).indices(x.rank)
    found = np.empty(max(end - start, 0), object)
    found[:] = x.shape[start:end]
    return found


def _size(node: Node, _: list[Objects]) -> Objects:
    found = np.empty((), object)
    found[()] = product(node.required(0).shape)
    return found


def _gather(node: Node, inputs: list[Objects]) -> Objects | None:
    array, places = inputs[0], inputs[1]
    indices = known(tuple(places.reshape(-1)))
    axis = axis_of(node.integer("axis", 0), array.ndim)
    if indices is None or not all(-array.shape[axis] <= index < array.shape[axis] for index in indices):
        return None
    taken = np.take(array, np.asarray(indices, np.int64).reshape(places.shape), axis)
    found = np.empty(np.shape(taken), object)
    found[...] = taken
    return found


def _slice(node: Node, inputs: list[Objects]) -> Objects | None:
    array = inputs[0]
    if array.ndim != 1:
        return None
    starts, ends = (node.ints("starts"), node.ints("ends")) if node.has("starts") else (inputs[1], inputs[2])
    step = inputs[4][0] if len(inputs) > 4 else 1
    bounds = known((starts[0], ends[0], step))
    return None if bounds is None or len(starts) != 1 or not bounds[2] else array[slice(*bounds)]


def _concat(_: Node, inputs: list[Objects]) -> Objects | None:
    return np.concatenate(inputs) if all(array.ndim == 1 for array in inputs) else None


def _reshaped(node: Node, inputs: list[Objects]) -> Objects | None:
    array = inputs[0]
    if node.op == "Unsqueeze":
        return array.reshape(1) if array.ndim == 0 else None
    if node.op == "Squeeze":
        return array.reshape(()) if array.shape == (1,) else None
    target = known(tuple(inputs[1].reshape(-1)))
    if target is None or np.prod([dim for dim in target if dim > 0]) > _MOST or target.count(-1) > 1 or 0 in target:
        return None
    fits = array.size == np.prod(target) or (-1 in target and array.size % -int(np.prod(target)) == 0)
    return array.reshape(target) if fits else None


def _same(_: Node, inputs: list[Objects]) -> Objects:
    return inputs[0]


def _each(function: Callable[[Dim, Dim], object]) -> Rule:
    def run(_: Node, inputs: list[Objects]) -> Objects | None:
        try:
            left, right = np.broadcast_arrays(inputs[0], inputs[1])
        except ValueError:
            return None
        found = np.empty(left.shape, object)
        pairs = zip(left.reshape(-1), right.reshape(-1), strict=True)
        found.reshape(-1)[:] = [function(a, b) for a, b in pairs]
        return found

    return run


def _divide(node: Node, inputs: list[Objects]) -> Objects | None:
    if node.required(0).dtype.kind != "i":
        return None
    return _each(lambda a, b: floordiv(a, b) if isinstance(b, int) and b > 0 and _nonnegative([a]) else None)(
        node, inputs
    )


def _subtract(a: Dim, b: Dim) -> Dim | None:
    if a == b:
        return 0
    return add(a, -b) if isinstance(b, int) else add(a, mul(b, -1))


def _equal(a: Dim, b: Dim) -> bool | None:
    """Sizes are never negative; beyond that nothing is known of one that differs in name."""
    if isinstance(a, int) and isinstance(b, int):
        return a == b
    if a == b:
        return True
    return False if (isinstance(a, int) and a < 0) or (isinstance(b, int) and b < 0) else None


def _where(_: Node, inputs: list[Objects]) -> Objects | None:
    chosen, a, b = np.broadcast_arrays(*inputs)
    if known(tuple(chosen.reshape(-1))) is None:
        return None
    found = np.empty(chosen.shape, object)
    found[...] = np.where(chosen.astype(bool), a, b)
    return found


_TESTS = ("Equal",)
_RULES: dict[str, Rule] = {
    "Shape": _shape,
    "Size": _size,
    "Gather": _gather,
    "Slice": _slice,
    "Concat": _concat,
    "Unsqueeze": _reshaped,
    "Squeeze": _reshaped,
    "Reshape": _reshaped,
    "Cast": _same,
    "Identity": _same,
    "Floor": _same,
    "Ceil": _same,
    "Add": _each(add),
    "Sub": _each(_subtract),
    "Mul": _each(mul),
    "Div": _divide,
    "Equal": _each(_equal),
    "Where": _where,
}
