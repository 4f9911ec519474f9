"""Graphs with quantized numbers: they run in float32, rounded and clamped where the model says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from builder.convert.from_onnx.node import Node, axis_of
from builder.convert.from_onnx.refusal import require
from builder.convert.from_onnx.registry import Result, rule
from builder.convert.from_onnx.rules.elementwise import binary, clipped, require_float, unary
from builder.convert.from_onnx.source import element_type
from builder.convert.from_onnx.tensors import Array, Constant, Kind, Tensor

_FLOAT32 = np.dtype(np.float32)


def _along(node: Node, array: Array, rank: int) -> Constant:
    """A scale or zero point as something that broadcasts to the input."""
    require(not node.integer("block_size", 0), "it quantizes in blocks")
    if array.size == 1:
        return Constant(array.astype(np.float32).reshape(()))
    axis = axis_of(node.integer("axis", 1), rank)
    require(array.ndim == 1, "its scale has more than one axis")
    return Constant(array.astype(np.float32).reshape((-1, *(1,) * (rank - axis - 1))))


def _zero(node: Node) -> Array:
    """The zero point; without one, 0 as uint8."""
    found = node.constant(2)
    if found is not None:
        return found
    return np.zeros((), element_type(node.integer("output_dtype", 0) or 2))


@rule("QuantizeLinear", (10, 13, 19, 21, 23, 24, 25, 28), "axis block_size output_dtype saturate", inputs=3)
def quantize(node: Node) -> Result:
    """Rounded and clamped, kept as whole float32 numbers until they are dequantized."""
    x, emit = node.tensor(0), node.emit
    require_float(x)
    zero = _zero(node)
    require(zero.dtype.kind in "iu" and zero.dtype.itemsize <= 2, f"it quantizes to {zero.dtype}")
    bounds = np.iinfo(zero.dtype)
    scale = _along(node, node.required_constant(1), x.rank)
    scaled = unary(emit, "Round", binary(emit, "RealDiv", [replace(x, dtype=_FLOAT32), scale]))
    shifted = binary(emit, "AddV2", [scaled, _along(node, zero, x.rank)]) if np.any(zero) else scaled
    whole = clipped(emit, shifted, float(bounds.min), float(bounds.max))
    result = replace(whole, dtype=zero.dtype, nonnegative=bounds.min == 0)
    return emit.tensor("Cast", [whole.name], result, kind=Kind.FLOAT, SrcT=Kind.FLOAT, DstT=Kind.INT)


@rule("DequantizeLinear", (10, 13, 19, 21, 23, 24, 25, 28), "axis block_size", inputs=3)
def dequantize(node: Node) -> Result:
    x, emit = node.tensor(0), node.emit
    require(x.kind is Kind.INT, f"it dequantizes {x.dtype}")
    scale, zero = node.required_constant(1), node.constant(2)
    source: Tensor = emit.tensor("Cast", [x.name], replace(x, dtype=_FLOAT32), SrcT=Kind.INT, DstT=Kind.FLOAT)
    if zero is not None and np.any(zero):
        source = replace(binary(emit, "Sub", [source, _along(node, zero, x.rank)]), nonnegative=False)
    return binary(emit, "Mul", [source, _along(node, scale, x.rank)], dtype=scale.dtype)
