"""Stored orders: which one an operation works in, and how a Reshape passes through one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from builder.convert.from_onnx.dims import Dim, Shape, broadcast_shapes, ratio
from builder.convert.from_onnx.emit import Emitter
from builder.convert.from_onnx.refusal import refuse
from builder.convert.from_onnx.tensors import Constant, Order, Tensor, Value, channels_last, identity


def common_order(values: Sequence[Value], rank: int) -> Order:
    """The stored order that costs least: channels last if one has it, else the one most have."""
    orders = Counter(value.order for value in values if isinstance(value, Tensor) and value.rank == rank)
    if not orders or channels_last(rank) in orders:
        return channels_last(rank) if orders else identity(rank)
    return max(orders, key=lambda order: (orders[order], order != identity(rank)))


@dataclass(frozen=True, slots=True)
class Aligned:
    """Inputs of a broadcasting operation in one stored order; `shape` is that of the result."""

    names: list[str]
    shape: Shape
    order: Order


def align(emit: Emitter, values: Sequence[Value]) -> Aligned:
    """The values in one stored order, constants without leading axes of size 1; refuses shapes that do not fit."""
    shape = broadcast_shapes([value.shape for value in values])
    if shape is None:
        refuse("its inputs do not fit together: " + ", ".join(describe(value.shape) for value in values))
    order = common_order(values, len(shape))
    # Where one tensor has all axes, TensorFlow.js adds those that constants lack.
    short = any(isinstance(value, Tensor) and value.rank == len(shape) for value in values)
    return Aligned([_raised(emit, value, order, short) for value in values], shape, order)


def _raised(emit: Emitter, value: Value, order: Order, short: bool) -> str:
    """The value with leading axes of size 1 up to the rank of `order`, stored in that order."""
    missing = len(order) - value.rank
    if isinstance(value, Constant):
        array = value.array.reshape((1,) * missing + value.array.shape).transpose(order)
        leading = next((axis for axis, size in enumerate(array.shape) if size != 1), array.ndim) if short else 0
        array = array.reshape(array.shape[leading:])
        return emit.name(Constant(array), identity(array.ndim))
    raised = (*range(missing), *(axis + missing for axis in value.order))
    if raised == order or not value.rank:
        return value.name  # TensorFlow.js adds leading axes by itself.
    shape = (1,) * missing + value.shape
    if not missing:
        return emit.name(value, order)
    stored = emit.reshape(value.name, tuple(shape[axis] for axis in raised), value.kind)
    return emit.name(replace(value, name=stored, shape=shape, order=raised), order)


def describe(shape: Shape) -> str:
    return f"[{', '.join(map(str, shape))}]"


def reshaped(emit: Emitter, x: Tensor, shape: Shape) -> Tensor:
    """x with another ONNX shape. A stored order is kept where axes are only split or merged within it."""
    if x.before is not None and x.before.shape == shape:
        return x.before
    first, groups = x, None if x.order == identity(x.rank) else _groups(x.shape, shape)
    if groups is None:
        x, order = replace(x, name=emit.name(x, identity(x.rank)), order=identity(x.rank)), identity(len(shape))
    else:
        gathered = _gathered(x, groups)
        x = replace(x, name=emit.name(x, gathered), order=gathered)
        order = _carried(x, groups)
    source, result = x.name, replace(x, shape=shape, order=order)
    stored = source if result.stored_shape == x.stored_shape else emit.reshape(source, result.stored_shape, x.kind)
    return replace(emit.named(stored, result), before=None if source == first.name else first)


Group = tuple[list[int], list[int]]


def _groups(before: Shape, after: Shape) -> list[Group] | None:
    """Runs of axes of equal product, as small as can be: [n, 12, h] → [n, 3, 4, h] gives n-n, 12-3·4, h-h."""
    groups: list[Group] = []
    i = j = 0
    while i < len(before) or j < len(after):
        first_i, first_j = i, j
        i, j = min(i + 1, len(before)), min(j + 1, len(after))
        while (rest := _rest(before[first_i:i], after[first_j:j])) != 1:
            if isinstance(rest, int) and rest > 1 and j < len(after):
                j += 1
            elif i < len(before):
                i += 1
            elif j < len(after):
                j += 1
            else:
                return None
        groups.append((list(range(first_i, i)), list(range(first_j, j))))
    return groups


def _rest(before: Sequence[Dim], after: Sequence[Dim]) -> Dim | None:
    return ratio(before, after)


def _gathered(x: Tensor, groups: list[Group]) -> Order:
    """The stored order of x, changed only as far as axes that merge have to lie side by side."""
    wide = [axis for axis in x.order if x.shape[axis] != 1]
    for inner, _ in groups:
        members = [axis for axis in inner if x.shape[axis] != 1]
        start = wide.index(members[0]) if members else 0
        if wide[start : start + len(members)] != members:
            return tuple(axis for inner, _ in _by_place(x, groups) for axis in inner)
    return x.order


def _carried(x: Tensor, groups: list[Group]) -> Order:
    """The stored order after the Reshape."""
    return tuple(axis for _, outer in _by_place(x, groups) for axis in outer)


def _by_place(x: Tensor, groups: list[Group]) -> list[Group]:
    """The groups by where their last wide axis is stored: what varies fastest goes on doing so."""

    def place(group: Group) -> int:
        wide = [axis for axis in group[0] if x.shape[axis] != 1] or group[0]
        return max(map(x.order.index, wide), default=x.rank)

    return sorted(groups, key=place)


def filled(shape: Sequence[int], value: float) -> Constant:
    return Constant(np.full(tuple(shape), value, np.float32))
