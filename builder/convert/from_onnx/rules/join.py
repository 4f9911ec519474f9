"""Concat, Split, Pad."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from builder.convert.from_onnx.dims import Dim, Shape, add, known, least
from builder.convert.from_onnx.layout import common_order, describe
from builder.convert.from_onnx.node import Node, axes_of
from builder.convert.from_onnx.refusal import FIXED_SIZE, refuse, require, require_small
from builder.convert.from_onnx.registry import ANY_NUMBER, Result, rule
from builder.convert.from_onnx.rules.shape import elements_of
from builder.convert.from_onnx.tensors import Kind, Tensor


@rule("Concat", (4, 11, 13), "axis", inputs=ANY_NUMBER)
def concat(node: Node) -> Result:
    values = [node.required(index) for index in range(len(node.values))]
    rank = values[0].rank
    require(all(value.rank == rank for value in values), "its inputs differ in their number of axes")
    axis = node.axis("axis", None, rank)
    shape = list(values[0].shape)
    for value in values[1:]:
        shape[axis] = add(shape[axis], value.shape[axis])
        for other in range(rank):
            if other != axis:
                shape[other] = _agreed(shape[other], value.shape[other])
    order = common_order(values, rank)
    nonnegative = all(value.nonnegative for value in values)
    like = Tensor("", tuple(shape), order, values[0].dtype, nonnegative)
    place = node.emit.integer(order.index(axis))
    names = [node.emit.name(value, order) for value in values]
    return node.emit.tensor("ConcatV2", [*names, place], like, N=len(values), Tidx=Kind.INT)


def _agreed(a: Dim, b: Dim) -> Dim:
    """The size of an axis that has to be the same everywhere."""
    if isinstance(a, int):
        require(not isinstance(b, int) or a == b, "its inputs do not fit together")
        return a
    return b if isinstance(b, int) else a


@rule("Split", (2, 11, 13, 18), "axis split num_outputs", inputs=2, outputs=ANY_NUMBER)
def split(node: Node) -> Result:
    x = node.tensor(0)
    axis = node.axis("axis", 0, x.rank)
    sizes = node.int_list("split", 1)
    if sizes is None:
        sizes = _even(x.shape[axis], node.integer("num_outputs", len(node.outputs)))
    require(len(sizes) == len(node.outputs) and min(sizes) >= 0, "its sizes do not fit its outputs")
    whole = x.shape[axis]
    require(not isinstance(whole, int) or sum(sizes) == whole, f"its sizes {sizes} do not add up to {whole}")
    emit, place = node.emit, x.order.index(axis)
    name = emit.op("SplitV", [x.name, emit.ints(sizes), emit.integer(place)], kind=x.kind, num_split=len(sizes))
    return [
        emit.named(f"{name}:{index}" if index else name, _resized(x, axis, size)) for index, size in enumerate(sizes)
    ]


def _resized(x: Tensor, axis: int, size: Dim) -> Tensor:
    return replace(x, shape=(*x.shape[:axis], size, *x.shape[axis + 1 :]))


def _even(size: Dim, parts: int) -> list[int]:
    """Equal parts, the last one smaller where they do not divide."""
    if not isinstance(size, int):
        refuse("it splits an axis whose size is not known", FIXED_SIZE)
    require(0 < parts <= size, f"it makes {parts} parts of {size}")
    chunk = -(-size // parts)
    return [min(chunk, size - chunk * index) for index in range(parts)]


@rule("Pad", (2, 11, 13, 18, 19, 21, 23, 24, 25), "mode pads value", inputs=4)
def pad(node: Node) -> Result:
    x, emit = node.tensor(0), node.emit
    mode = node.choice("mode", "constant", ("constant", "reflect", "edge", "wrap"))
    begin, end = _amounts(node, x)
    whole = known([*begin, *end])
    if whole is None:
        return _padded_by_sizes(node, x, list(zip(begin, end, strict=True)), mode)
    before, behind = whole[: x.rank], whole[x.rank :]
    x = _cropped(node, x, [min(amount, 0) for amount in before], [min(amount, 0) for amount in behind])
    widths = [(max(before[axis], 0), max(behind[axis], 0)) for axis in range(x.rank)]
    if not any(map(any, widths)):
        return x
    if mode in ("edge", "wrap"):
        return _repeated(node, x, widths, "edge" if mode == "edge" else "wrap")
    stored = emit.const(np.asarray([widths[axis] for axis in x.order], np.int32), "paddings")
    if mode == "constant":
        return _filled(node, x, widths, stored)
    fits = all(not isinstance(dim, int) or max(width) < dim for dim, width in zip(x.shape, widths, strict=True))
    require(fits, f"it reflects more than {describe(x.shape)} holds")
    result = replace(x, shape=_wider(x, widths), nonnegative=x.nonnegative)
    return emit.tensor("MirrorPad", [x.name, stored], result, mode="REFLECT", Tpaddings=Kind.INT)


def _wider(x: Tensor, widths: Sequence[tuple[Dim, Dim]]) -> Shape:
    return tuple(add(dim, add(*width)) for dim, width in zip(x.shape, widths, strict=True))


def _filled(node: Node, x: Tensor, widths: Sequence[tuple[Dim, Dim]], stored: str) -> Tensor:
    """x with a constant around it; `stored` names the widths, which TensorFlow.js reads when the model runs."""
    value = _fill(node)
    result = replace(x, shape=_wider(x, widths), nonnegative=x.nonnegative and value >= 0)
    filler = node.emit.const(np.asarray(value, x.kind.numpy))
    return node.emit.tensor("PadV2", [x.name, stored, filler], result, Tpaddings=Kind.INT)


def _padded_by_sizes(node: Node, x: Tensor, widths: Sequence[tuple[Dim, Dim]], mode: str) -> Tensor:
    """Amounts that follow from sizes of the running model: what TensorFlow's padding SAME needs, or a multiple."""
    grows = all(least(amount) >= 0 for width in widths for amount in width)
    require(grows, "its pads follow from sizes that are not known, and may be negative", FIXED_SIZE)
    require(mode == "constant", f"its mode {mode} needs pads that are known", FIXED_SIZE)
    vector = node.emit.shape_vector(tuple(amount for axis in x.order for amount in widths[axis]))
    return _filled(node, x, widths, node.emit.reshape(vector, (x.rank, 2), Kind.INT))


def _repeated(node: Node, x: Tensor, widths: list[tuple[int, int]], mode: Literal["edge", "wrap"]) -> Tensor:
    """Each axis picks its own elements again, where its size is known."""
    for axis, width in enumerate(widths):
        size = x.shape[axis]
        if any(width):
            if not isinstance(size, int) or not size:
                refuse(f"its mode {mode} needs a size that is known", FIXED_SIZE)
            require_small(size + sum(width))
            places = np.pad(np.arange(size), width, mode=mode)
            like = _resized(x, axis, len(places))
            names = [x.name, node.emit.ints(places.tolist()), node.emit.integer(x.order.index(axis))]
            x = node.emit.tensor("GatherV2", names, like, batch_dims=0)
    return x


def _fill(node: Node) -> float:
    if node.version < 11:
        return node.number("value", 0.0)
    array = node.constant(2)
    return 0.0 if array is None or not array.size else float(array.reshape(-1)[0])


def _amounts(node: Node, x: Tensor) -> tuple[list[Dim], list[Dim]]:
    """What is added in front of and behind each axis; negative amounts are cut off."""
    pads: Sequence[Dim] | None = node.ints("pads") if node.has("pads") else elements_of(node.required(1))
    if pads is None:
        refuse("its pads are computed from the data of the model", FIXED_SIZE)
    chosen = node.constant(3)
    axes = axes_of([int(axis) for axis in chosen], x.rank) if chosen is not None else list(range(x.rank))
    require(len(pads) == 2 * len(axes), "its pads do not fit its axes")
    begin, end = list[Dim]([0]) * x.rank, list[Dim]([0]) * x.rank
    for index, axis in enumerate(axes):
        begin[axis], end[axis] = pads[index], pads[index + len(axes)]
    return begin, end


def _cropped(node: Node, x: Tensor, begin: list[int], end: list[int]) -> Tensor:
    if not any(begin) and not any(end):
        return x
    shape = tuple(add(dim, cut + tail) for dim, cut, tail in zip(x.shape, begin, end, strict=True))
    first = [-begin[axis] for axis in x.order]
    last = [end[axis] or None for axis in x.order]
    stored = node.emit.sliced(x.name, first, last, [1] * x.rank, x.kind)
    return node.emit.named(stored, replace(x, shape=shape))
