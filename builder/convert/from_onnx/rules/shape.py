"""Operations that move no numbers, or only change how axes are split, merged and ordered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from builder.convert.from_onnx.dims import (
    Dim,
    Shape,
    Size,
    add,
    broadcast_shapes,
    is_known,
    mul,
    product,
    ratio,
    unknown,
)
from builder.convert.from_onnx.layout import describe, reshaped
from builder.convert.from_onnx.node import Node, axes_of
from builder.convert.from_onnx.refusal import FIXED_SIZE, refuse, require, require_small
from builder.convert.from_onnx.registry import Result, rule
from builder.convert.from_onnx.tensors import Constant, Kind, Tensor, Value, channels_last, identity, moved, without

_INT64 = np.dtype(np.int64)


@rule("Reshape", (5, 13, 14, 19, 21, 23, 24, 25), "allowzero", inputs=2)
def reshape(node: Node) -> Result:
    x = node.tensor(0)
    wanted = elements_of(node.required(1))
    if wanted is None:
        refuse("its shape is computed from the data of the model", FIXED_SIZE)
    keep_zero = node.version >= 14 and node.flag("allowzero")
    return reshaped(node.emit, x, _resolved(x.shape, wanted, keep_zero))


def elements_of(value: Value) -> tuple[Dim, ...] | None:
    """The numbers in a small integer value, as far as they are known; None if even their count is not."""
    if isinstance(value, Constant):
        return tuple(int(item) for item in value.array.reshape(-1))
    return value.elements


def _resolved(before: Shape, wanted: Sequence[Dim], keep_zero: bool) -> Shape:
    """The target of a Reshape without 0 (an axis of the input) and -1 (what is left)."""
    zeros = [axis for axis, dim in enumerate(wanted) if dim == 0 and not keep_zero]
    require(all(axis < len(before) for axis in zeros), "a 0 in its shape stands for an axis that its input lacks")
    shape: list[Dim] = [before[axis] if axis in zeros else dim for axis, dim in enumerate(wanted)]
    if -1 in shape:
        rest = [dim for dim in shape if dim != -1]
        require(len(rest) == len(shape) - 1, "its shape leaves two sizes open")
        size = ratio(before, rest)
        shape[shape.index(-1)] = unknown() if size is None else size
    fits = not is_known([*before, *shape]) or product(before) == product(shape)
    require(fits, f"{describe(before)} cannot become {describe(tuple(shape))}")
    return tuple(shape)


@rule("Flatten", (1, 9, 11, 13, 21, 23, 24, 25), "axis")
def flatten(node: Node) -> Result:
    x = node.tensor(0)
    axis = node.axis("axis", 1, x.rank, most=x.rank)
    return reshaped(node.emit, x, (product(x.shape[:axis]), product(x.shape[axis:])))


@rule("Transpose", (1, 13, 21, 23, 24, 25), "perm")
def transpose(node: Node) -> Result:
    """Only a label: which stored axis is which ONNX axis."""
    x = node.tensor(0)
    perm = node.ints("perm", tuple(reversed(range(x.rank))))
    require(sorted(perm) == list(range(x.rank)), f"its perm {perm} is no order of {x.rank} axes")
    shape = tuple(x.shape[axis] for axis in perm)
    return x.labelled(shape, moved(x.order, perm))


@rule("Squeeze", (1, 11, 13, 21, 23, 24, 25), "axes", inputs=2)
def squeeze(node: Node) -> Result:
    x = node.tensor(0)
    given = node.int_list("axes", 1)
    if given is None:
        require(is_known(x.shape), "it drops the axes of size 1, and not all sizes are known", FIXED_SIZE)
    axes = axes_of(given, x.rank) if given is not None else [axis for axis in range(x.rank) if x.shape[axis] == 1]
    require(all(x.shape[axis] == 1 or isinstance(x.shape[axis], Size) for axis in axes), "it drops a wide axis")
    shape = tuple(dim for axis, dim in enumerate(x.shape) if axis not in axes)
    result = replace(x, shape=shape, order=without(x.order, axes))
    if not axes:
        return x
    places = [place for place, axis in enumerate(x.order) if axis in axes]
    return node.emit.tensor("Squeeze", [x.name], result, squeeze_dims=places)


@rule("Unsqueeze", (1, 11, 13, 21, 23, 24, 25), "axes", inputs=2)
def unsqueeze(node: Node) -> Result:
    x = node.tensor(0)
    given = node.int_list("axes", 1)
    if given is None:
        refuse("its axes are missing")
    rank = x.rank + len(given)
    axes = sorted(axes_of(given, rank))
    result = x
    for axis in axes:
        result = _with_axis(node, result, axis)
    return result


def _with_axis(node: Node, x: Tensor, axis: int) -> Tensor:
    """x with a new ONNX axis, stored where that keeps the order plain: in front of the axis that follows it."""
    kept = tuple(old + (old >= axis) for old in x.order)
    following = axis + 1
    place = kept.index(following) if following in kept else x.rank
    if axis > 0 and x.order == channels_last(x.rank) and x.rank > 2:
        place = kept.index(axis - 1) + 1
    shape = (*x.shape[:axis], 1, *x.shape[axis:])
    like = replace(x, shape=shape, order=(*kept[:place], axis, *kept[place:]))
    return node.emit.tensor("ExpandDims", [x.name, node.emit.integer(place)], like)


@rule("Shape", (1, 13, 15, 19, 21, 23, 24, 25), "start end")
def shape_of(node: Node) -> Result:
    x = node.required(0)
    start, end, _ = slice(node.integer("start", 0), node.integer("end", x.rank)).indices(x.rank)
    dims = x.shape[start:end]
    name = node.emit.shape_vector(dims)
    return Tensor(name, (len(dims),), (0,), _INT64, nonnegative=True, elements=dims)


@rule("Size", (1, 13, 19, 21, 23, 24, 25))
def size_of(node: Node) -> Result:
    dim = product(node.required(0).shape)
    return Tensor(node.emit.size(dim), (), (), _INT64, nonnegative=True, elements=(dim,))


@rule("Expand", (8, 13), inputs=2)
def expand(node: Node) -> Result:
    x = node.tensor(0)
    wanted = elements_of(node.required(1))
    if wanted is None:
        refuse("its shape is computed from the data of the model", FIXED_SIZE)
    shape = broadcast_shapes([x.shape, tuple(1 if dim == -1 else dim for dim in wanted)])
    if shape is None:
        refuse(f"{describe(x.shape)} cannot be expanded to {describe(tuple(wanted))}")
    if shape == x.shape:
        return x
    return broadcast_to(node, x, shape)


def broadcast_to(node: Node, x: Tensor, shape: Shape) -> Tensor:
    missing = len(shape) - x.rank
    order = (*range(missing), *(axis + missing for axis in x.order))
    result = replace(x, shape=shape, order=order)
    emit = node.emit
    return emit.tensor("BroadcastTo", [x.name, emit.shape_vector(result.stored_shape)], result, Tidx=x.kind)


@rule("Tile", (6, 13), inputs=2)
def tile(node: Node) -> Result:
    x = node.tensor(0)
    repeats = elements_of(node.required(1))
    if repeats is None:
        refuse("its repeats are computed from the data of the model")
    require(len(repeats) == x.rank, "its repeats do not name each axis once")
    result = replace(x, shape=tuple(mul(dim, times) for dim, times in zip(x.shape, repeats, strict=True)))
    stored = node.emit.shape_vector(tuple(repeats[axis] for axis in x.order))
    return node.emit.tensor("Tile", [x.name, stored], result)


@rule("ConstantOfShape", (9, 20, 21, 23, 24, 25), "value")
def constant_of_shape(node: Node) -> Result:
    shape = elements_of(node.required(0))
    if shape is None:
        refuse("its shape is computed from the data of the model", FIXED_SIZE)
    array = node.array("value")
    value = Constant(np.zeros(1, np.float32) if array is None else array)
    scalar = node.emit.name(Constant(value.array.reshape(())), ())
    like = Tensor("", shape, identity(len(shape)), value.dtype, value.nonnegative)
    return node.emit.tensor("Fill", [node.emit.shape_vector(shape), scalar], like)


@rule("Range", (11, 27), "stash_type", inputs=3)
def range_(node: Node) -> Result:
    """From a known start to a size of the running model; constants are folded before."""
    bounds = [elements_of(node.required(index)) for index in range(3)]
    start, limit, step = [found[0] if found else None for found in bounds]
    fits = isinstance(start, int) and start >= 0 and step == 1 and limit is not None
    require(fits, "it does not count upwards by one from a known start", FIXED_SIZE)
    assert isinstance(start, int) and limit is not None
    emit = node.emit
    like = Tensor("", (add(limit, -start),), (0,), node.required(0).dtype, nonnegative=True)
    require(like.kind is Kind.INT, "it counts in floating-point numbers")
    return emit.tensor("Range", [emit.integer(start), emit.size(limit), emit.integer(1)], like, Tidx=Kind.INT)


@rule("DepthToSpace", (1, 11, 13, 28), "blocksize mode")
def depth_to_space(node: Node) -> Result:
    x, size = _picture(node), node.integer("blocksize")
    channels = x.shape[1]
    require(isinstance(channels, int) and size > 0 and channels % (size * size) == 0, "its channels do not divide")
    assert isinstance(channels, int)
    shape = (x.shape[0], channels // size**2, mul(x.shape[2], size), mul(x.shape[3], size))
    result = replace(x, shape=shape, order=channels_last(4))
    if node.choice("mode", "DCR", ("DCR", "CRD")) == "CRD":
        require_small(channels)
        # The channels of a block vary fastest in CRD: sorted so that the block comes first, it is DCR.
        places = np.arange(channels).reshape(channels // size**2, size * size).T.reshape(-1)
        index = node.emit.ints(places.tolist())
        stored = node.emit.op(
            "GatherV2", [stored_last(node, x), index, node.emit.integer(3)], kind=x.kind, batch_dims=0
        )
    else:
        stored = stored_last(node, x)
    return node.emit.tensor("DepthToSpace", [stored], result, block_size=size, data_format="NHWC")


def stored_last(node: Node, x: Tensor) -> str:
    """The name of x with its channels last."""
    return node.emit.name(x, channels_last(x.rank))


@rule("SpaceToDepth", (1, 13, 28), "blocksize mode")
def space_to_depth(node: Node) -> Result:
    """[n, h·b, w·b, c] → [n, h, b, w, b, c] → [n, h, w, b, b, c] → [n, h, w, b·b·c]; there is no kernel for it."""
    x, size, emit = _picture(node), node.integer("blocksize"), node.emit
    node.choice("mode", "DCR", ("DCR",))
    batch, channels, height, width = x.shape
    require(isinstance(height, int) and isinstance(width, int), "the size of the picture is not known", FIXED_SIZE)
    assert isinstance(height, int) and isinstance(width, int)
    require(size > 0 and height % size == 0 and width % size == 0, "its picture does not divide into blocks")
    rows, columns = height // size, width // size
    split = emit.reshape(stored_last(node, x), (batch, rows, size, columns, size, channels), x.kind)
    perm = emit.ints((0, 1, 3, 2, 4, 5))
    turned = emit.op("Transpose", [split, perm], kind=x.kind, Tperm=x.kind)
    shape = (batch, mul(channels, size * size), rows, columns)
    result = replace(x, shape=shape, order=channels_last(4))
    return emit.named(emit.reshape(turned, result.stored_shape, x.kind), result)


def _picture(node: Node) -> Tensor:
    x = node.tensor(0)
    require(x.rank == 4, f"its input has {x.rank} axes, not 4")
    return x
