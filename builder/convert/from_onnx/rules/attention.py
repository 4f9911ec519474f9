"""Matrix products: dense layers, attention."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from builder.convert.from_onnx.dims import Shape, broadcast_shapes, product
from builder.convert.from_onnx.layout import describe, reshaped
from builder.convert.from_onnx.node import Node
from builder.convert.from_onnx.refusal import refuse, require
from builder.convert.from_onnx.registry import ANY_NUMBER, Result, rule
from builder.convert.from_onnx.rules.elementwise import binary, require_float, with_scalar
from builder.convert.from_onnx.rules.shape import broadcast_to
from builder.convert.from_onnx.tensors import Constant, Order, Tensor, Value, identity, moved


@rule("MatMul", (1, 9, 13), inputs=2)
def matmul(node: Node) -> Result:
    x, y = node.required(0), node.required(1)
    require_float(x)
    if isinstance(y, Constant) and y.rank == 2 and x.rank >= 2:
        return _dense(node, node.emit.lifted(x), y)
    return product_of(node, x, y)


def _dense(node: Node, x: Tensor, weights: Constant) -> Tensor:
    """x times a constant matrix: all axes but the last become one."""
    require(x.shape[-1] == weights.shape[0], f"{describe(x.shape)} does not fit {describe(weights.shape)}")
    emit = node.emit
    rows = reshaped(emit, x, (product(x.shape[:-1]), x.shape[-1])) if x.rank > 2 else x
    name = emit.name(rows, (0, 1))
    like = replace(x, shape=(rows.shape[0], weights.shape[1]), order=(0, 1), nonnegative=False)
    result = emit.tensor(
        "MatMul", [name, emit.const(weights.array, "weights")], like, transpose_a=False, transpose_b=False
    )
    return reshaped(emit, result, (*x.shape[:-1], weights.shape[1])) if x.rank > 2 else result


def product_of(node: Node, x: Value, y: Value) -> Tensor:
    """The product of matrices in the last two axes; an axis that a vector lacks is added and taken away again."""
    emit = node.emit
    require(x.rank and y.rank, "one of its inputs is a scalar")
    left, right = emit.lifted(x), emit.lifted(y)
    if left.rank == 1:
        left = reshaped(emit, left, (1, *left.shape))
    if right.rank == 1:
        right = reshaped(emit, right, (*right.shape, 1))
    result = _batched(node, left, right)
    shape = result.shape
    if x.rank == 1:
        shape = (*shape[:-2], shape[-1])
    if y.rank == 1:
        shape = shape[:-1]
    return result if shape == result.shape else reshaped(emit, result, shape)


def _batched(node: Node, left: Tensor, right: Tensor) -> Tensor:
    """TensorFlow.js transposes the last two axes of either side by itself."""
    batch = broadcast_shapes([left.shape[:-2], right.shape[:-2]])
    fits = (
        left.shape[-1] == right.shape[-2] or not isinstance(left.shape[-1], int) or not isinstance(right.shape[-2], int)
    )
    if batch is None or not fits:
        refuse(f"{describe(left.shape)} does not fit {describe(right.shape)}")
    (a, adj_x), (b, adj_y) = _side(node, left, batch), _side(node, right, batch)
    shape: Shape = (*batch, left.shape[-2], right.shape[-1])
    like = Tensor("", shape, identity(len(shape)), left.dtype)
    return node.emit.tensor("BatchMatMulV2", [a, b], like, adj_x=adj_x, adj_y=adj_y)


def _side(node: Node, x: Tensor, batch: Shape) -> tuple[str, bool]:
    """The name of a factor, and whether its last two axes are swapped in store.

    TensorFlow.js repeats a factor only if all its leading axes are 1, and reads wrong numbers otherwise.
    """
    own = x.shape[:-2]
    if own != batch and any(dim != 1 for dim in own):
        x = broadcast_to(node, x, (*batch, *x.shape[-2:]))
    swapped: Order = (*range(x.rank - 2), x.rank - 1, x.rank - 2)
    if x.order == swapped:
        return x.name, True
    return node.emit.name(x, identity(x.rank)), False


@rule("Gemm", (7, 9, 11, 13), "alpha beta transA transB", inputs=3)
def gemm(node: Node) -> Result:
    x, y, bias = node.required(0), node.required(1), node.value(2)
    require_float(x)
    require(x.rank == y.rank == 2, "its matrices do not have two axes")
    alpha, beta = node.number("alpha", 1.0), node.number("beta", 1.0)
    left = _turned(node.emit.lifted(x)) if node.flag("transA") else node.emit.lifted(x)
    if isinstance(y, Constant):
        array = y.array.T if node.flag("transB") else y.array
        weights = Constant(array if alpha == 1 else (array.astype(np.float64) * alpha).astype(np.float32))
        result = _dense(node, left, weights)
    else:
        right = _turned(node.emit.lifted(y)) if node.flag("transB") else node.emit.lifted(y)
        result = _batched(node, left, right)
        result = result if alpha == 1 else with_scalar(node.emit, "Mul", result, alpha)
    return result if bias is None or beta == 0 else _biased(node, result, bias, beta)


def _turned(x: Tensor) -> Tensor:
    return x.labelled(x.shape[::-1], tuple(1 - axis for axis in x.order))


def _biased(node: Node, x: Tensor, bias: Value, beta: float) -> Tensor:
    if isinstance(bias, Constant):
        array = bias.array.astype(np.float64) * beta
        return binary(node.emit, "AddV2", [x, Constant(array.astype(np.float32))], dtype=x.dtype)
    return binary(node.emit, "AddV2", [x, bias if beta == 1 else with_scalar(node.emit, "Mul", bias, beta)])


@rule("Einsum", (12, 28), "equation", inputs=ANY_NUMBER)
def einsum(node: Node) -> Result:
    """Two factors, each letter once in each: batch letters, then a product of matrices."""
    text = node.text("equation").replace(" ", "")
    require(
        len(node.values) == 2 and "->" in text and "." not in text, f"its equation {text} is not one of two factors"
    )
    factors, wanted = text.split("->")
    a, _, b = factors.partition(",")
    letters = [a, b, wanted]
    require(all(len(set(side)) == len(side) and side.isalpha() for side in letters if side), "a letter repeats")
    require(set(a) ^ set(b) <= set(wanted) <= set(a) | set(b), f"its equation {text} sums one factor alone")
    return _contracted(node, a, b, wanted)


def _contracted(node: Node, a: str, b: str, wanted: str) -> Tensor:
    left, right = node.tensor(0), node.tensor(1)
    require(left.rank == len(a) and right.rank == len(b), "its equation does not fit its inputs")
    sizes = dict(zip(b, right.shape, strict=True)) | dict(zip(a, left.shape, strict=True))
    batch = [letter for letter in a if letter in b and letter in wanted]
    summed = [letter for letter in a if letter in b and letter not in wanted]
    rows, columns = [letter for letter in a if letter not in b], [letter for letter in b if letter not in a]

    def size(letters: list[str]) -> Shape:
        return tuple(sizes[letter] for letter in letters)

    def matrix(x: Tensor, labels: str, first: list[str], second: list[str]) -> Tensor:
        ordered = _permuted(x, [labels.index(letter) for letter in (*batch, *first, *second)])
        return reshaped(node.emit, ordered, (*size(batch), product(size(first)), product(size(second))))

    result = _batched(node, matrix(left, a, rows, summed), matrix(right, b, summed, columns))
    labels = [*batch, *rows, *columns]
    spread = reshaped(node.emit, result, size(labels))
    return _permuted(spread, [labels.index(letter) for letter in wanted])


def _permuted(x: Tensor, perm: list[int]) -> Tensor:
    """An ONNX Transpose: a label only."""
    return x.labelled(tuple(x.shape[axis] for axis in perm), moved(x.order, perm))
