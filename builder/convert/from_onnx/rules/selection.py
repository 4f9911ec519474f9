"""Choosing by value: Where, TopK, OneHot, NonZero, NonMaxSuppression, Trilu."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from builder.convert.from_onnx.dims import unknown
from builder.convert.from_onnx.layout import align
from builder.convert.from_onnx.node import Node, axis_of
from builder.convert.from_onnx.refusal import FIXED_SIZE, refuse, require, require_small
from builder.convert.from_onnx.registry import Result, rule
from builder.convert.from_onnx.rules.elementwise import require_float, unary
from builder.convert.from_onnx.rules.shape import elements_of
from builder.convert.from_onnx.tensors import Kind, Tensor, identity

_INT64 = np.dtype(np.int64)


@rule("Where", (9, 16), inputs=3)
def where(node: Node) -> Result:
    values = [node.required(index) for index in range(3)]
    found = align(node.emit, values)
    nonnegative = values[1].nonnegative and values[2].nonnegative
    like = Tensor("", found.shape, found.order, values[1].dtype, nonnegative)
    return node.emit.tensor("SelectV2", found.names, like)


@rule("TopK", (1, 10, 11, 24), "axis k largest sorted", inputs=2, outputs=2)
def top_k(node: Node) -> Result:
    x, emit = node.tensor(0), node.emit
    axis = node.axis("axis", -1, x.rank)
    count = _count(node)
    whole = x.shape[axis]
    require(not isinstance(whole, int) or count <= whole, f"it takes {count} of {whole}")
    order = x.order if x.order[-1] == axis else (*(other for other in x.order if other != axis), axis)
    largest = node.flag("largest", True)
    require_float(x)
    source = replace(x, name=emit.name(x, order), order=order)
    result = replace(source, shape=(*x.shape[:axis], count, *x.shape[axis + 1 :]))
    name = (source if largest else unary(emit, "Neg", source)).name
    found = emit.op("TopKV2", [name, emit.integer(count)], sorted=True)
    values = emit.named(found, result)
    places = replace(result, dtype=_INT64, nonnegative=True)
    return [values if largest else unary(emit, "Neg", values), emit.named(f"{found}:1", places)]


def _count(node: Node) -> int:
    if node.version < 10:
        return node.integer("k")
    dims = elements_of(node.required(1))
    if dims is None or not isinstance(dims[0], int):
        refuse("how many it takes is computed", FIXED_SIZE)
    return dims[0]


@rule("OneHot", (9, 11, 28), "axis", inputs=3)
def one_hot(node: Node) -> Result:
    indices, emit = node.tensor(0), node.emit
    depth = int(node.required_constant(1).reshape(-1)[0])
    values = node.required_constant(2)
    off, on = (float(value) for value in values)
    axis = axis_of(node.integer("axis", -1), indices.rank + 1)
    require(axis == indices.rank, "its new axis is not the last one")
    require(indices.nonnegative, "its indices may count from the end")
    shape = (*indices.shape, depth)
    like = Tensor("", shape, identity(len(shape)), values.dtype, nonnegative=min(off, on) >= 0)
    source = emit.name(indices, identity(indices.rank))
    return _spread(node, ones_at(node, source, depth, like), off, on)


def ones_at(node: Node, places: str, depth: int, like: Tensor) -> Tensor:
    """One at each place along a new last axis, else zero; as int32 first, since OneHot fails to make floats on wasm."""
    emit = node.emit
    names = [places, emit.integer(depth), emit.integer(1), emit.integer(0)]
    found = emit.tensor("OneHot", names, replace(like, dtype=_INT64), axis=-1)
    if like.kind is Kind.INT:
        return replace(found, dtype=like.dtype)
    return emit.tensor("Cast", [found.name], like, kind=Kind.INT, SrcT=Kind.INT, DstT=like.kind)


def _spread(node: Node, ones: Tensor, off: float, on: float) -> Tensor:
    """0 and 1 as `off` and `on`."""
    if (off, on) == (0, 1) or ones.kind is Kind.BOOL:
        require((off, on) == (0, 1), "its values are false for true")
        return ones
    emit, kind = node.emit, ones.kind.numpy
    scaled = emit.tensor("Mul", [ones.name, emit.const(np.asarray(on - off, kind))], ones)
    return emit.tensor("AddV2", [scaled.name, emit.const(np.asarray(off, kind))], scaled)


@rule("NonZero", (9, 13))
def non_zero(node: Node) -> Result:
    """TensorFlow lists one place a row, ONNX one a column."""
    x, emit = node.tensor(0), node.emit
    source, bools = emit.name(x, identity(x.rank)), np.dtype(np.bool_)
    if x.dtype != bools:
        zero = emit.const(np.zeros((), x.kind.numpy))
        source = emit.op("NotEqual", [source, zero], kind=x.kind)
    found = unknown()
    like = Tensor("", (x.rank, found), (1, 0), _INT64, nonnegative=True)
    return emit.tensor("Where", [source], like, kind=Kind.BOOL)


@rule("Trilu", (14,), "upper", inputs=2)
def triangle(node: Node) -> Result:
    """By a constant triangle of ones."""
    x, emit = node.tensor(0), node.emit
    diagonal = node.constant(1)
    rows, columns = x.shape[-2:]
    if not isinstance(rows, int) or not isinstance(columns, int):
        refuse("the size of its matrix is not known", FIXED_SIZE)
    require_small(rows, columns)
    shift = 0 if diagonal is None else int(diagonal.reshape(-1)[0])
    cut = np.triu if node.flag("upper", True) else np.tril
    mask = cut(np.ones((rows, columns), np.bool_), shift)
    source = replace(x, name=emit.name(x, identity(x.rank)), order=identity(x.rank))
    zero = emit.const(np.zeros((), x.kind.numpy))
    return emit.tensor("SelectV2", [emit.const(mask), source.name, zero], source)


@rule("NonMaxSuppression", (10, 11), "center_point_box", inputs=5)
def non_max_suppression(node: Node) -> Result:
    """One call for each picture and class, as TensorFlow.js knows neither; results in the order of ONNX."""
    boxes, scores = node.tensor(0), node.tensor(1)
    pictures, classes = boxes.shape[0], scores.shape[1]
    known = isinstance(pictures, int) and isinstance(classes, int)
    require(known and scores.shape[0] == pictures, "its number of pictures or of classes is not known", FIXED_SIZE)
    assert isinstance(pictures, int) and isinstance(classes, int)
    require(pictures * classes <= 100, f"it works on {pictures * classes} classes, one by one; 100 are the most")
    most = node.constant(2)
    require(most is not None and int(most.reshape(-1)[0]) > 0, "it keeps no box")
    parts = [
        _suppressed(node, boxes, scores, picture, category)
        for picture in range(pictures)
        for category in range(classes)
    ]
    emit, found = node.emit, unknown()
    name = parts[0] if len(parts) == 1 else emit.op("ConcatV2", [*parts, emit.integer(0)], kind=Kind.INT, N=len(parts))
    return emit.named(name, Tensor("", (found, 3), (0, 1), _INT64, nonnegative=True))


def _suppressed(node: Node, boxes: Tensor, scores: Tensor, picture: int, category: int) -> str:
    """Rows of [picture, class, box]."""
    emit = node.emit
    corners = _corners(node, _picked(node, boxes, [picture]))
    rated = _picked(node, scores, [picture, category])
    limits = [_limit(node, 3, 0.0), _limit(node, 4, -np.inf)]
    most = emit.integer(min(_most(node), 2**31 - 1))
    kept = emit.op("NonMaxSuppressionV3", [corners, rated, most, *map(emit.number, limits)])
    column = emit.op("ExpandDims", [kept, emit.integer(1)], kind=Kind.INT, Tdim=Kind.INT)
    paddings = emit.const(np.asarray([[0, 0], [2, 0]], np.int32), "paddings")
    padded = emit.op("PadV2", [column, paddings, emit.integer(0)], kind=Kind.INT, Tpaddings=Kind.INT)
    return emit.op("AddV2", [padded, emit.ints([picture, category, 0])], kind=Kind.INT)


def _most(node: Node) -> int:
    return int(node.required_constant(2).reshape(-1)[0])


def _limit(node: Node, index: int, default: float) -> float:
    array = node.constant(index)
    return default if array is None else float(array.reshape(-1)[0])


def _picked(node: Node, x: Tensor, places: list[int]) -> str:
    """x at one place of its first axes."""
    emit = node.emit
    name = emit.name(x, identity(x.rank))
    for place in places:
        name = emit.op("GatherV2", [name, emit.integer(place), emit.integer(0)], batch_dims=0)
    return name


def _corners(node: Node, name: str) -> str:
    """Boxes as [y1, x1, y2, x2]; from [x, y, width, height] of the centre by a constant matrix."""
    if not node.flag("center_point_box"):
        return name
    matrix = np.asarray([[0, 1, 0, 1], [1, 0, 1, 0], [0, -0.5, 0, 0.5], [-0.5, 0, 0.5, 0]], np.float32)
    emit = node.emit
    return emit.op("MatMul", [name, emit.const(matrix)], transpose_a=False, transpose_b=False)
