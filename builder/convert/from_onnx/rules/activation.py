"""Activations."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from builder.convert.from_onnx.node import Node
from builder.convert.from_onnx.refusal import require
from builder.convert.from_onnx.registry import Result, Run, rule
from builder.convert.from_onnx.rules.elementwise import (
    binary,
    clipped,
    require_float,
    require_wide,
    unary,
    with_scalar,
)
from builder.convert.from_onnx.tensors import Kind, Tensor

_SELU_ALPHA = 1.6732632423543772
_SELU_GAMMA = 1.0507009873554805


def _floats(node: Node) -> Tensor:
    x = node.tensor(0)
    require_float(x)
    return x


def _plain(op: str, nonnegative: bool) -> Run:
    return lambda node: unary(node.emit, op, _floats(node), nonnegative=nonnegative)


rule("Relu", (6, 13, 14))(_plain("Relu", True))
rule("Sigmoid", (6, 13))(_plain("Sigmoid", True))
rule("Tanh", (6, 13))(_plain("Tanh", False))
rule("Softplus", (1, 22))(_plain("Softplus", True))


@rule("LeakyRelu", (6, 16), "alpha")
def leaky_relu(node: Node) -> Result:
    return unary(node.emit, "LeakyRelu", _floats(node), alpha=node.number("alpha", 0.01))


@rule("PRelu", (7, 9, 16), inputs=2)
def parametric_relu(node: Node) -> Result:
    """The slope may have fewer axes than x, and is broadcast to it one way."""
    x, slope = _floats(node), node.required(1)
    require(slope.rank <= x.rank, "its slope has more axes than its input")
    return binary(node.emit, "Prelu", [x, slope])


def _exponential(node: Node, x: Tensor, alpha: float) -> Tensor:
    """alpha * (exp(min(x, 0)) - 1)."""
    emit = node.emit
    grown = unary(emit, "Expm1", with_scalar(emit, "Minimum", x, 0.0))
    return grown if alpha == 1 else with_scalar(emit, "Mul", grown, alpha)


@rule("Elu", (6, 22), "alpha")
def elu(node: Node) -> Result:
    x, alpha = _floats(node), node.number("alpha", 1.0)
    if alpha == 1:
        return unary(node.emit, "Elu", x)
    return binary(node.emit, "AddV2", [unary(node.emit, "Relu", x), _exponential(node, x, alpha)])


@rule("Celu", (12, 28), "alpha")
def celu(node: Node) -> Result:
    x, alpha = _floats(node), node.number("alpha", 1.0)
    lower = _exponential(node, with_scalar(node.emit, "Mul", x, 1 / alpha), alpha)
    return binary(node.emit, "AddV2", [unary(node.emit, "Relu", x), lower])


@rule("Selu", (6, 22), "alpha gamma")
def selu(node: Node) -> Result:
    x, emit = _floats(node), node.emit
    alpha, gamma = node.number("alpha", _SELU_ALPHA), node.number("gamma", _SELU_GAMMA)
    if math.isclose(alpha, _SELU_ALPHA, rel_tol=1e-6) and math.isclose(gamma, _SELU_GAMMA, rel_tol=1e-6):
        return unary(emit, "Selu", x)
    upper = with_scalar(emit, "Mul", unary(emit, "Relu", x), gamma)
    return binary(emit, "AddV2", [upper, _exponential(node, x, alpha * gamma)])


@rule("HardSigmoid", (6, 22), "alpha beta")
def hard_sigmoid(node: Node) -> Result:
    return _hard_sigmoid(node, _floats(node), node.number("alpha", 0.2), node.number("beta", 0.5))


def _hard_sigmoid(node: Node, x: Tensor, alpha: float, beta: float) -> Tensor:
    line = with_scalar(node.emit, "AddV2", with_scalar(node.emit, "Mul", x, alpha), beta)
    return clipped(node.emit, line, 0.0, 1.0)


@rule("HardSwish", (14, 22))
def hard_swish(node: Node) -> Result:
    """x * relu6(x + 3) / 6."""
    x, emit = _floats(node), node.emit
    gate = unary(emit, "Relu6", with_scalar(emit, "AddV2", x, 3.0))
    return with_scalar(emit, "Mul", binary(emit, "Mul", [x, gate]), 1 / 6)


@rule("Gelu", (20,), "approximate")
def gelu(node: Node) -> Result:
    x, emit = _floats(node), node.emit
    if node.choice("approximate", "none", ("none", "tanh")) == "none":
        curve = unary(emit, "Erf", with_scalar(emit, "Mul", x, math.sqrt(0.5)))
    else:
        square = with_scalar(emit, "AddV2", with_scalar(emit, "Mul", unary(emit, "Square", x), 0.044715), 1.0)
        line = with_scalar(emit, "Mul", binary(emit, "Mul", [x, square]), math.sqrt(2 / math.pi))
        curve = unary(emit, "Tanh", line)
    return binary(emit, "Mul", [with_scalar(emit, "Mul", x, 0.5), with_scalar(emit, "AddV2", curve, 1.0)])


@rule("Mish", (18, 22))
def mish(node: Node) -> Result:
    x, emit = _floats(node), node.emit
    return binary(emit, "Mul", [x, unary(emit, "Tanh", unary(emit, "Softplus", x))])


@rule("Swish", (24,), "alpha")
def swish(node: Node) -> Result:
    x, emit, alpha = _floats(node), node.emit, node.number("alpha", 1.0)
    return binary(emit, "Mul", [x, unary(emit, "Sigmoid", x if alpha == 1 else with_scalar(emit, "Mul", x, alpha))])


@rule("Softsign", (1, 22))
def softsign(node: Node) -> Result:
    x, emit = _floats(node), node.emit
    return binary(emit, "RealDiv", [x, with_scalar(emit, "AddV2", unary(emit, "Abs", x), 1.0)])


@rule("ThresholdedRelu", (10, 22), "alpha")
def thresholded_relu(node: Node) -> Result:
    x, emit = _floats(node), node.emit
    above = emit.tensor("Greater", [x.name, emit.number(node.number("alpha", 1.0))], replace(x, dtype=np.dtype(bool)))
    kept = emit.tensor("Cast", [above.name], x, SrcT=Kind.BOOL, DstT=Kind.FLOAT)
    return binary(emit, "Mul", [x, kept])


@rule("Clip", (6, 11, 12, 13), "min max", inputs=3)
def clip(node: Node) -> Result:
    x, emit = node.tensor(0), node.emit
    low, high = _bound(node, "min", 1, -np.inf), _bound(node, "max", 2, np.inf)
    if low is not None and high is not None and x.dtype.kind == "f":
        # A lower bound above the upper one gives the upper one.
        return clipped(emit, x, min(low, high), high)
    require_wide(x)
    result = x
    for index, op in ((1, "Maximum"), (2, "Minimum")):
        bound = node.value(index)
        if bound is not None:
            result = binary(emit, op, [result, bound])
    return result


def _bound(node: Node, name: str, index: int, default: float) -> float | None:
    """The bound as a number; None if the model computes it."""
    if node.version < 11:
        return node.number(name, default)
    if isinstance(node.value(index), Tensor):
        return None
    array = node.constant(index)
    return default if array is None else float(array.reshape(-1)[0])
