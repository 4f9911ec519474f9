"""Shape computations: what is known of small integer values without running the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from builder.convert.from_onnx.dims import (
    Dim,
    Shape,
    Size,
    add,
    ceildiv,
    floordiv,
    is_fraction,
    known,
    largest,
    least,
    modulo,
    mul,
    product,
    quotient,
    subtract,
)
from builder.convert.from_onnx.emit import Emitter
from builder.convert.from_onnx.node import Node, axis_of
from builder.convert.from_onnx.source import element_type
from builder.convert.from_onnx.tensors import Array, Constant, Kind, Tensor, Value, identity

_MOST = 64
Objects = NDArray[np.object_]


def computed(node: Node) -> Value | None:
    """The value of a shape computation; None where a rule has to look at it."""
    rule = _RULES.get(node.op)
    given = [value for value in node.values if value is not None] if node.op == "Clip" else node.values
    inputs = [None if value is None else _objects(value) for value in given]
    if rule is None or (node.op not in ("Shape", "Size") and any(array is None for array in inputs)):
        return None
    arrays = [array for array in inputs if array is not None]
    if node.op not in _ROUNDING and any(is_fraction(item) for array in arrays for item in array.reshape(-1)):
        return None
    found = rule(node, arrays)
    if found is None or found.size > _MOST or any(item is None for item in found.reshape(-1)):
        return None
    return as_value(node.emit, found, _dtype(node))


def as_value(emit: Emitter, found: Objects, dtype: np.dtype[np.generic]) -> Value | None:
    """A constant if all is known, else a vector or scalar that the running model makes up."""
    elements = tuple(found.reshape(-1))
    numbers = known(elements)
    if numbers is not None:
        return Constant(np.asarray(numbers, dtype).reshape(found.shape))
    if dtype.kind != "i":
        return None if found.ndim > 1 else _float_tensor(emit, found, elements, dtype)
    name = emit.size(elements[0]) if found.ndim == 0 else emit.shape_vector(elements)
    if found.ndim > 1:
        name = emit.reshape(name, found.shape, Kind.INT)
    return Tensor(name, found.shape, identity(found.ndim), dtype, _nonnegative(elements), elements)


def _float_tensor(emit: Emitter, found: Objects, elements: Shape, dtype: np.dtype[np.generic]) -> Value | None:
    if dtype.kind != "f":
        return None
    like = Tensor("", found.shape, identity(found.ndim), dtype, _nonnegative(elements), elements)
    fraction = next((item for item in elements if isinstance(item, Size) and is_fraction(item)), None)
    if fraction is None:
        return replace(like, name=_as_float(emit, elements, found.ndim))
    if found.ndim:
        return None
    above, below = fraction.args
    assert isinstance(below, int)
    return replace(like, name=emit.op("RealDiv", [_as_float(emit, (above,), 0), emit.number(below)]))


def _as_float(emit: Emitter, elements: Shape, rank: int) -> str:
    name = emit.shape_vector(elements) if rank else emit.size(elements[0])
    return emit.op("Cast", [name], kind=Kind.INT, SrcT=Kind.INT, DstT=Kind.FLOAT)


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
    given = [node.ints("starts"), node.ints("ends")] if node.has("starts") else [*inputs[1:3]]
    axis = node.ints("axes", [0])[0] if node.has("starts") else inputs[3][0] if len(inputs) > 3 else 0
    step = inputs[4][0] if len(inputs) > 4 else 1
    bounds = known((given[0][0], given[1][0], step, axis))
    if bounds is None or len(given[0]) != 1 or not bounds[2] or not -array.ndim <= bounds[3] < array.ndim:
        return None
    places = [slice(None)] * array.ndim
    places[bounds[3]] = slice(*bounds[:3])
    return array[tuple(places)]


def _transpose(node: Node, inputs: list[Objects]) -> Objects | None:
    perm = node.ints("perm", tuple(reversed(range(inputs[0].ndim))))
    return inputs[0].transpose(perm) if sorted(perm) == list(range(inputs[0].ndim)) else None


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
    whole = node.required(0).dtype.kind == "i"

    def divided(a: Dim, b: Dim) -> Dim | None:
        if not isinstance(b, int) or b <= 0 or not _nonnegative([a]):
            return None
        return floordiv(a, b) if whole else quotient(a, b)

    return _each(divided)(node, inputs)


def _modulo(node: Node, inputs: list[Objects]) -> Objects | None:
    if node.flag("fmod") or node.required(0).dtype.kind != "i":
        return None
    return _each(lambda a, b: modulo(a, b) if isinstance(b, int) and b > 0 else None)(node, inputs)


def _clip(node: Node, inputs: list[Objects]) -> Objects | None:
    """At a lower bound; sizes are not bounded from above."""
    if node.version < 11 or node.value(1) is None or node.value(2) is not None:
        return None
    return _each(largest)(node, inputs)


def _rounded(function: Callable[[Dim, int], Dim]) -> Rule:
    def one(item: Dim) -> Dim:
        if not isinstance(item, Size) or not is_fraction(item):
            return item
        above, below = item.args
        assert isinstance(below, int)
        return function(above, below)

    def run(_: Node, inputs: list[Objects]) -> Objects:
        found = np.empty(inputs[0].shape, object)
        found.reshape(-1)[:] = [one(item) for item in inputs[0].reshape(-1)]
        return found

    return run


def _cast(node: Node, inputs: list[Objects]) -> Objects | None:
    """To integers by dropping what follows the point: downwards, since quotients are of sizes that are not negative."""
    return _rounded(floordiv)(node, inputs) if element_type(node.integer("to")).kind in "iu" else inputs[0]


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
_ROUNDING = ("Cast", "Ceil", "Floor", "Identity", "Gather", "Unsqueeze", "Squeeze")
_RULES: dict[str, Rule] = {
    "Shape": _shape,
    "Size": _size,
    "Gather": _gather,
    "Slice": _slice,
    "Concat": _concat,
    "Unsqueeze": _reshaped,
    "Squeeze": _reshaped,
    "Reshape": _reshaped,
    "Cast": _cast,
    "Identity": _same,
    "Floor": _rounded(floordiv),
    "Ceil": _rounded(ceildiv),
    "Transpose": _transpose,
    "Clip": _clip,
    "Max": lambda node, inputs: _each(largest)(node, inputs) if len(inputs) == 2 else None,
    "Mod": _modulo,
    "Add": _each(add),
    "Sub": _each(subtract),
    "Mul": _each(mul),
    "Div": _divide,
    "Equal": _each(_equal),
    "Where": _where,
}
