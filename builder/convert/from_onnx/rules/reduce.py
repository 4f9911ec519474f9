"""Reductions, ArgMax, CumSum."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from builder.convert.from_onnx.node import Node, axes_of, axis_of
from builder.convert.from_onnx.refusal import require
from builder.convert.from_onnx.registry import Result, Run, rule
from builder.convert.from_onnx.rules.elementwise import BOOL, require_float, require_wide, unary
from builder.convert.from_onnx.tensors import Kind, Tensor, without

_VERSIONS = (1, 11, 13, 18)
_ATTRIBUTES = "axes keepdims noop_with_empty_axes"


def reduced(node: Node, op: str, x: Tensor, axes: Iterable[int], *, keep: bool) -> Tensor:
    """x reduced over ONNX axes, in the order in which it is stored."""
    gone = sorted(axes)
    if not gone:
        return x
    require(all(x.shape[axis] != 0 for axis in gone), "it reduces an axis of size 0")
    shape = tuple(1 if axis in gone else dim for axis, dim in enumerate(x.shape) if keep or axis not in gone)
    order = x.order if keep else without(x.order, gone)
    nonnegative = x.nonnegative and op in ("Sum", "Mean", "Max", "Min", "Prod")
    result = replace(x, shape=shape, order=order, nonnegative=nonnegative)
    places = node.emit.ints(sorted(x.order.index(axis) for axis in gone), "axes")
    return node.emit.tensor(op, [x.name, places], result, keep_dims=keep, Tidx=Kind.INT)


def _axes(node: Node, rank: int) -> list[int]:
    axes = node.int_list("axes", 1)
    if not axes:
        return [] if node.flag("noop_with_empty_axes") else list(range(rank))
    return axes_of(axes, rank)


def _reduction(op: str) -> Run:
    def run(node: Node) -> Result:
        x = node.tensor(0)
        if x.dtype != BOOL:
            require_wide(x)
        return reduced(node, op, x, _axes(node, x.rank), keep=node.flag("keepdims", True))

    return run


rule("ReduceSum", (1, 11, 13), _ATTRIBUTES, inputs=2)(_reduction("Sum"))
rule("ReduceProd", _VERSIONS, _ATTRIBUTES, inputs=2)(_reduction("Prod"))


@rule("ReduceMean", _VERSIONS, _ATTRIBUTES, inputs=2)
def reduce_mean(node: Node) -> Result:
    require_float(node.tensor(0))
    return _reduction("Mean")(node)


def _extreme(op: str, logical: str) -> Run:
    def run(node: Node) -> Result:
        x = node.tensor(0)
        keep = node.flag("keepdims", True)
        return reduced(node, logical if x.dtype == BOOL else op, x, _axes(node, x.rank), keep=keep)

    return run


rule("ReduceMax", (1, 11, 12, 13, 18, 20), _ATTRIBUTES, inputs=2)(_extreme("Max", "Any"))
rule("ReduceMin", (1, 11, 12, 13, 18, 20), _ATTRIBUTES, inputs=2)(_extreme("Min", "All"))


def _composed(before: str, after: str) -> Run:
    """A sum of transformed elements, transformed again."""

    def run(node: Node) -> Result:
        x = node.tensor(0)
        require_float(x)
        axes = _axes(node, x.rank)
        inner = unary(node.emit, before, x, nonnegative=before != "Identity") if before else x
        total = reduced(node, "Sum", inner, axes, keep=node.flag("keepdims", True))
        return unary(node.emit, after, total, nonnegative=after == "Sqrt") if after else total

    return run


rule("ReduceL1", _VERSIONS, _ATTRIBUTES, inputs=2)(_composed("Abs", ""))
rule("ReduceL2", _VERSIONS, _ATTRIBUTES, inputs=2)(_composed("Square", "Sqrt"))
rule("ReduceSumSquare", _VERSIONS, _ATTRIBUTES, inputs=2)(_composed("Square", ""))
rule("ReduceLogSum", (*_VERSIONS, 28), _ATTRIBUTES, inputs=2)(_composed("", "Log"))


@rule("ReduceLogSumExp", (*_VERSIONS, 28), _ATTRIBUTES, inputs=2)
def reduce_log_sum_exp(node: Node) -> Result:
    """The largest element is taken out first, so that nothing overflows."""
    x, emit = node.tensor(0), node.emit
    require_float(x)
    axes, keep = _axes(node, x.rank), node.flag("keepdims", True)
    if not axes:
        return x
    top = reduced(node, "Max", x, axes, keep=True)
    shifted = emit.tensor("Exp", [emit.tensor("Sub", [x.name, top.name], x).name], x)
    total = unary(emit, "Log", reduced(node, "Sum", shifted, axes, keep=keep))
    # The largest elements, with the axes of the result.
    summit = top if keep else reduced(node, "Max", x, axes, keep=False)
    return replace(emit.tensor("AddV2", [total.name, summit.name], total), nonnegative=False)


# --- places ---------------------------------------------------------------------------------------------------------

_ARG_ATTRIBUTES = "axis keepdims select_last_index"


def _arg(op: str) -> Run:
    def run(node: Node) -> Result:
        x, emit = node.tensor(0), node.emit
        require(not node.flag("select_last_index"), "of equal elements it takes the last one")
        axis = node.axis("axis", 0, x.rank)
        left = tuple(dim for other, dim in enumerate(x.shape) if other != axis)
        like = Tensor("", left, without(x.order, [axis]), np.dtype(np.int64), nonnegative=True)
        place = emit.integer(x.order.index(axis))
        found = emit.tensor(op, [x.name, place], like, kind=x.kind, Tidx=Kind.INT, output_type=Kind.INT)
        if not node.flag("keepdims", True):
            return found
        kept = replace(x, dtype=like.dtype, shape=(*x.shape[:axis], 1, *x.shape[axis + 1 :]), nonnegative=True)
        return emit.tensor("ExpandDims", [found.name, place], kept, Tdim=Kind.INT)

    return run


rule("ArgMax", (1, 11, 12, 13), _ARG_ATTRIBUTES)(_arg("ArgMax"))
rule("ArgMin", (1, 11, 12, 13), _ARG_ATTRIBUTES)(_arg("ArgMin"))


@rule("CumSum", (11, 14), "exclusive reverse", inputs=2)
def cumulative_sum(node: Node) -> Result:
    x, emit = node.tensor(0), node.emit
    require_wide(x)
    axis = axis_of(int(node.required_constant(1).reshape(-1)[0]), x.rank)
    flags = {"exclusive": node.flag("exclusive"), "reverse": node.flag("reverse")}
    place = emit.integer(x.order.index(axis))
    return emit.tensor("Cumsum", [x.name, place], x, Tidx=Kind.INT, more=flags)
