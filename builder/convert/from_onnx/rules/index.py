"""Slice, Gather, and the other ways to pick elements by their place."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from builder.convert.from_onnx.dims import Dim, Size, add, ceildiv, unknown
from builder.convert.from_onnx.node import Node, axes_of
from builder.convert.from_onnx.refusal import refuse, require
from builder.convert.from_onnx.registry import Result, rule
from builder.convert.from_onnx.rules.shape import elements_of
from builder.convert.from_onnx.tensors import Array, Constant, Kind, Tensor, Value, identity, without

_FAR = 2**31 - 1


@rule("Slice", (1, 10, 11, 13), "starts ends axes", inputs=5)
def slice_(node: Node) -> Result:
    x = node.tensor(0)
    starts, ends = _bounds(node, "starts", 1), _bounds(node, "ends", 2)
    given = node.int_list("axes", 3)
    axes = axes_of(given if given is not None else list(range(len(starts))), x.rank)
    array = node.constant(4)
    steps = [1] * len(starts) if array is None else [int(step) for step in array]
    require(len(starts) == len(ends) == len(axes) == len(steps), "its starts, ends, axes and steps differ in number")
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        x = _sliced(node, x, axis, _Cut(start, end, step))
    return x


@dataclass(frozen=True, slots=True)
class _Cut:
    """Bounds and step along one axis, as Python's slices have them."""

    start: Dim
    end: Dim
    step: int


def _bounds(node: Node, name: str, index: int) -> list[Dim]:
    if node.has(name):
        return list(node.ints(name))
    found = elements_of(node.required(index))
    if found is None:
        refuse(f"its {name} are computed from the data of the model")
    return list(found)


def _sliced(node: Node, x: Tensor, axis: int, cut: _Cut) -> Tensor:
    """One axis cut; a negative step runs backwards."""
    size, start, end, step = x.shape[axis], cut.start, cut.end, cut.step
    require(step != 0, "its step is 0")
    if not isinstance(size, int) or not isinstance(start, int) or not isinstance(end, int):
        return _open_slice(node, x, axis, cut)
    first, last, _ = slice(start, end, step).indices(size)
    count = len(range(first, last, step))
    if not count:
        return _strided(node, x, axis, (0, 0, 1), 0)
    unchanged = count == size and step == 1
    return x if unchanged else _strided(node, x, axis, (first, last if last >= 0 else None, step), count)


def _open_slice(node: Node, x: Tensor, axis: int, cut: _Cut) -> Tensor:
    """One axis of unknown size, or up to an unknown size."""
    size, start, end, step = x.shape[axis], cut.start, cut.end, cut.step
    require(step > 0, "it runs backwards over an axis whose size is not known")
    stop = None if end == size or (isinstance(end, int) and end >= _FAR) else end
    if isinstance(start, int) and not isinstance(stop, Size):
        whole = (start, stop, step) == (0, None, 1)
        return x if whole else _strided(node, x, axis, (start, stop, step), _count(size, start, stop, step))
    require(start == 0 and step == 1, "it cuts between sizes that are not known")
    return _leading(node, x, axis, end)


def _count(size: Dim, start: int, end: int | None, step: int) -> Dim:
    """How many elements of an axis of unknown size are left; `end` None is its end."""
    if (start, end) in ((0, 1), (-1, None)):
        return 1
    if start >= 0 and (end is None or end < 0):
        return ceildiv(add(add(size, end or 0), -start), step)
    return unknown()  # The axis may be shorter than the bounds.


def _strided(node: Node, x: Tensor, axis: int, cut: tuple[int, int | None, int], count: Dim) -> Tensor:
    """x with `count` elements left of one axis."""
    place = x.order.index(axis)
    begin: list[int | None] = [None] * x.rank
    stop: list[int | None] = [None] * x.rank
    steps = [1] * x.rank
    begin[place], stop[place], steps[place] = cut
    result = replace(x, shape=(*x.shape[:axis], count, *x.shape[axis + 1 :]))
    return node.emit.named(node.emit.sliced(x.name, begin, stop, steps, x.kind), result)


def _leading(node: Node, x: Tensor, axis: int, count: Dim) -> Tensor:
    """The first `count` elements of an axis, where only the running model knows the count."""
    place, emit = x.order.index(axis), node.emit
    sizes = emit.op("Pack", [emit.size(count) if i == place else emit.integer(-1) for i in range(x.rank)],
                    kind=Kind.INT, N=x.rank, axis=0)  # fmt: skip
    result = replace(x, shape=(*x.shape[:axis], count, *x.shape[axis + 1 :]))
    return emit.tensor("Slice", [x.name, emit.ints([0] * x.rank), sizes], result, Index=Kind.INT)


# --- gathering ------------------------------------------------------------------------------------------------------


def _counted(indices: Value, size: Dim, node: Node) -> Value:
    """Indices counted from the front."""
    if isinstance(indices, Constant):
        array = indices.array.astype(np.int64)
        if np.any(array < 0):
            if not isinstance(size, int):
                refuse("it counts from the end of an axis whose size is not known")
            array = np.where(array < 0, array + size, array)
        fits = not isinstance(size, int) or not array.size or (int(array.min()) >= 0 and int(array.max()) < size)
        require(fits, "it picks elements that are not there")
        return Constant(array)
    require(indices.nonnegative, "its computed indices may count from the end")
    return indices


@rule("Gather", (1, 11, 13), "axis", inputs=2)
def gather(node: Node) -> Result:
    x, emit = node.tensor(0), node.emit
    axis = node.axis("axis", 0, x.rank)
    indices = _counted(node.required(1), x.shape[axis], node)
    shape = (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])
    if indices.rank == 0:
        order = without(x.order, [axis])
    elif indices.rank == 1:
        order = x.order
    else:
        x, order = replace(x, name=emit.name(x, identity(x.rank)), order=identity(x.rank)), identity(len(shape))
    picked = emit.name(indices, identity(indices.rank))
    like = replace(x, shape=shape, order=order)
    return emit.tensor("GatherV2", [x.name, picked, emit.integer(x.order.index(axis))], like, batch_dims=0)


@rule("GatherND", (11, 12, 13), "batch_dims", inputs=2)
def gather_nd(node: Node) -> Result:
    x, emit = node.tensor(0), node.emit
    require(node.integer("batch_dims", 0) == 0, "it gathers within batches")
    indices = _counted_rows(node, x, node.required(1))
    depth = indices.shape[-1]
    assert isinstance(depth, int)
    shape = (*indices.shape[:-1], *x.shape[depth:])
    like = replace(x, shape=shape, order=identity(len(shape)))
    names = [emit.name(x, identity(x.rank)), emit.name(indices, identity(indices.rank))]
    return emit.tensor("GatherNd", names, like, Tindices=Kind.INT)


@rule("ScatterND", (11, 13, 16, 18), "reduction", inputs=3)
def scatter_nd(node: Node) -> Result:
    x, emit = node.tensor(0), node.emit
    node.choice("reduction", "none", ("none",))
    indices, updates = _counted_rows(node, x, node.required(1)), node.tensor(2)
    require(x.kind is updates.kind, "its updates are of another type")
    result = replace(x, order=identity(x.rank), nonnegative=x.nonnegative and updates.nonnegative)
    names = [emit.name(value, identity(value.rank)) for value in (x, indices, updates)]
    return emit.tensor("TensorScatterUpdate", names, result, Tindices=Kind.INT)


def _counted_rows(node: Node, x: Tensor, indices: Value) -> Value:
    """Rows of indices into the first axes of x, counted from the front."""
    depth = indices.shape[-1] if indices.rank else None
    require(isinstance(depth, int) and 0 < depth <= x.rank, "its indices are too deep")
    assert isinstance(depth, int)
    if isinstance(indices, Constant):
        columns = [_counted(Constant(indices.array[..., axis]), x.shape[axis], node) for axis in range(depth)]
        return Constant(np.stack([column.array for column in columns if isinstance(column, Constant)], -1))
    require(indices.nonnegative, "its computed indices may count from the end")
    return indices


@rule("GatherElements", (11, 13), "axis", inputs=2)
def gather_elements(node: Node) -> Result:
    """By the flat place of each element, which constant indices and known sizes tell."""
    x, emit = node.tensor(0), node.emit
    axis = node.axis("axis", 0, x.rank)
    indices = _counted(node.required(1), x.shape[axis], node)
    sizes = tuple(dim for dim in x.shape if isinstance(dim, int))
    if not isinstance(indices, Constant) or len(sizes) != x.rank:
        refuse("its indices are computed, or a size is not known")
    places: list[Array] = list(np.indices(indices.array.shape))
    places[axis] = indices.array
    flat = np.asarray(np.ravel_multi_index(tuple(places), sizes))
    source = emit.reshape(emit.name(x, identity(x.rank)), (-1,), x.kind)
    like = replace(x, shape=indices.shape, order=identity(indices.rank))
    return emit.tensor("GatherV2", [source, emit.const(flat), emit.integer(0)], like, batch_dims=0)
