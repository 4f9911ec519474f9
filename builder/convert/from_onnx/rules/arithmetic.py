"""Arithmetic, comparison, logic, rounding, casts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from builder.convert.from_onnx.node import Node
from builder.convert.from_onnx.refusal import refuse, require
from builder.convert.from_onnx.registry import ANY_NUMBER, Result, Run, rule
from builder.convert.from_onnx.rules.elementwise import BOOL, binary, require_float, require_wide, unary
from builder.convert.from_onnx.source import element_type
from builder.convert.from_onnx.tensors import FOUR_BITS, Constant, Kind, Tensor, Value

# ONNX operator: TensorFlow.js operation, ONNX versions, whether the result is never negative.
_FLOAT_ONLY: dict[str, tuple[str, tuple[int, ...], bool]] = {
    "Acos": ("Acos", (7, 22), True),
    "Acosh": ("Acosh", (9, 22), True),
    "Asin": ("Asin", (7, 22), False),
    "Asinh": ("Asinh", (9, 22), False),
    "Atan": ("Atan", (7, 22), False),
    "Atanh": ("Atanh", (9, 22), False),
    "Ceil": ("Ceil", (6, 13), False),
    "Cos": ("Cos", (7, 22), False),
    "Cosh": ("Cosh", (9, 22), True),
    "Erf": ("Erf", (9, 13), False),
    "Exp": ("Exp", (6, 13), True),
    "Floor": ("Floor", (6, 13), False),
    "Log": ("Log", (6, 13), False),
    "Reciprocal": ("Reciprocal", (6, 13), False),
    "Round": ("Round", (11, 22), False),
    "Sin": ("Sin", (7, 22), False),
    "Sinh": ("Sinh", (9, 22), False),
    "Sqrt": ("Sqrt", (6, 13), True),
    "Tan": ("Tan", (7, 22), False),
}


def _float_only(op: str, nonnegative: bool) -> Run:
    def run(node: Node) -> Result:
        x = node.tensor(0)
        require_float(x)
        return unary(node.emit, op, x, nonnegative=nonnegative)

    return run


for _name, (_op, _versions, _nonnegative) in _FLOAT_ONLY.items():
    rule(_name, _versions)(_float_only(_op, _nonnegative))


@rule("Abs", (6, 13))
def absolute(node: Node) -> Result:
    x = node.tensor(0)
    require_wide(x)
    return unary(node.emit, "Abs", x, nonnegative=True)


@rule("Neg", (6, 13))
def negative(node: Node) -> Result:
    x = node.tensor(0)
    require_wide(x)
    return unary(node.emit, "Neg", x)


@rule("Sign", (9, 13))
def sign(node: Node) -> Result:
    x = node.tensor(0)
    require_float(x)
    return unary(node.emit, "Sign", x)


@rule("Add", (7, 13, 14), inputs=2)
def add(node: Node) -> Result:
    return _arithmetic(node, "AddV2", keeps_sign=True)


@rule("Sub", (7, 13, 14), inputs=2)
def subtract(node: Node) -> Result:
    return _arithmetic(node, "Sub")


@rule("Mul", (7, 13, 14), inputs=2)
def multiply(node: Node) -> Result:
    return _arithmetic(node, "Mul", keeps_sign=True)


@rule("Div", (7, 13, 14), inputs=2)
def divide(node: Node) -> Result:
    """Floats only: integer division rounds towards zero, TensorFlow.js rounds down, which agrees from zero up."""
    x, y = node.required(0), node.required(1)
    require_wide(x)
    if x.dtype.kind == "i":
        require(x.nonnegative and y.nonnegative, "integer division of numbers that may be negative")
        return binary(node.emit, "FloorDiv", [x, y])
    nonnegative = _both_nonnegative([x, y])
    if isinstance(y, Constant) and np.all(np.abs(y.array) > np.finfo(np.float32).tiny):
        inverse = Constant((1 / y.array.astype(np.float64)).astype(np.float32))
        return replace(binary(node.emit, "Mul", [x, inverse], dtype=x.dtype), nonnegative=nonnegative)
    return replace(binary(node.emit, "RealDiv", [x, y]), nonnegative=nonnegative)


def _arithmetic(node: Node, op: str, *, keeps_sign: bool = False) -> Tensor:
    values = [node.required(0), node.required(1)]
    require_wide(values[0])
    result = binary(node.emit, op, values)
    return replace(result, nonnegative=keeps_sign and _both_nonnegative(values))


def _both_nonnegative(values: list[Value]) -> bool:
    return all(value.nonnegative for value in values)


@rule("Pow", (7, 12, 13, 15), inputs=2)
def power(node: Node) -> Result:
    x, y = node.required(0), node.required(1)
    require_float(x)
    if isinstance(y, Constant) and y.array.size == 1 and float(y.array.reshape(-1)[0]) in (2, 0.5) and y.rank <= x.rank:
        square = float(y.array.reshape(-1)[0]) == 2
        return unary(node.emit, "Square" if square else "Sqrt", node.emit.lifted(x), nonnegative=True)
    if isinstance(y, Constant):
        y = Constant(y.array.astype(np.float32))
    require_float(y, "its exponent")
    return binary(node.emit, "Pow", [x, y])


@rule("Mod", (10, 13, 28), "fmod", inputs=2)
def modulo(node: Node) -> Result:
    """Integers: TensorFlow.js takes the sign of the divisor, as ONNX does without fmod."""
    x, y = node.required(0), node.required(1)
    require_wide(x)
    require(x.kind is Kind.INT, "it works on floating-point numbers, only integers are converted")
    agree = x.nonnegative and y.nonnegative
    require(agree or not node.flag("fmod"), "fmod takes the sign of the dividend, TensorFlow.js that of the divisor")
    return binary(node.emit, "FloorMod", [x, y])


def _many(node: Node, op: str) -> Tensor:
    values = [node.required(index) for index in range(len(node.values))]
    require_wide(values[0])
    return replace(binary(node.emit, op, values), nonnegative=_both_nonnegative(values))


@rule("Sum", (6, 8, 13), inputs=ANY_NUMBER)
def total(node: Node) -> Result:
    return _many(node, "AddV2")


@rule("Max", (6, 8, 12, 13), inputs=ANY_NUMBER)
def maximum(node: Node) -> Result:
    return _many(node, "Maximum")


@rule("Min", (6, 8, 12, 13), inputs=ANY_NUMBER)
def minimum(node: Node) -> Result:
    return _many(node, "Minimum")


@rule("Mean", (6, 8, 13), inputs=ANY_NUMBER)
def mean(node: Node) -> Result:
    total = _many(node, "AddV2")
    require_float(total)
    scale = node.emit.number(1 / len(node.values))
    return node.emit.tensor("Mul", [total.name, scale], total)


# --- comparison and logic -------------------------------------------------------------------------------------------

_COMPARISONS: dict[str, tuple[str, tuple[int, ...]]] = {
    "Equal": ("Equal", (7, 11, 13, 19)),
    "Greater": ("Greater", (7, 9, 13)),
    "GreaterOrEqual": ("GreaterEqual", (12, 16)),
    "Less": ("Less", (7, 9, 13)),
    "LessOrEqual": ("LessEqual", (12, 16)),
    "And": ("LogicalAnd", (7,)),
    "Or": ("LogicalOr", (7,)),
}


def _comparison(op: str) -> Run:
    return lambda node: binary(node.emit, op, [node.required(0), node.required(1)], dtype=BOOL)


for _name, (_op, _versions) in _COMPARISONS.items():
    rule(_name, _versions, inputs=2)(_comparison(_op))


@rule("Xor", (7,), inputs=2)
def exclusive_or(node: Node) -> Result:
    return binary(node.emit, "NotEqual", [node.required(0), node.required(1)], dtype=BOOL)


@rule("Not", (1,))
def logical_not(node: Node) -> Result:
    x = node.tensor(0)
    return node.emit.tensor("LogicalNot", [x.name], x)


@rule("IsNaN", (9, 13, 20))
def is_nan(node: Node) -> Result:
    x = node.tensor(0)
    return node.emit.tensor("IsNan", [x.name], replace(x, dtype=BOOL), kind=x.kind)


@rule("IsInf", (10, 20), "detect_negative detect_positive")
def is_infinite(node: Node) -> Result:
    both = node.flag("detect_negative", True) and node.flag("detect_positive", True)
    require(both, "it looks for one sign of infinity only")
    x = node.tensor(0)
    return node.emit.tensor("IsInf", [x.name], replace(x, dtype=BOOL), kind=x.kind)


# --- casts ----------------------------------------------------------------------------------------------------------


def cast(node: Node, x: Tensor, target: np.dtype[np.generic]) -> Tensor:
    """x as another type; a cast between types that are one in TensorFlow.js only changes the name."""
    require(target.name not in FOUR_BITS, f"it casts to {target}, which wraps around")
    narrowing = target.kind in "iu" and target.itemsize < min(x.dtype.itemsize, 4) and x.dtype.kind in "iu"
    require(not narrowing, f"it narrows {x.dtype} to {target}, which wraps around")
    like = replace(x, dtype=target, before=None)
    if like.kind == x.kind:
        return like
    return node.emit.tensor("Cast", [x.name], like, kind=x.kind, SrcT=x.kind, DstT=like.kind)


@rule("Cast", (6, 9, 13, 19, 21, 23, 24, 25, 28), "to saturate")
def cast_to(node: Node) -> Result:
    """float16 is computed in float32, so casting between the two does nothing."""
    return cast(node, node.tensor(0), element_type(node.integer("to")))


@rule("CastLike", (15, 19, 21, 23, 24, 25), "saturate", inputs=2)
def cast_like(node: Node) -> Result:
    return cast(node, node.tensor(0), node.required(1).dtype)


@rule("Identity", (1, 13, 14, 16, 19, 21, 23, 24, 25))
def same(node: Node) -> Result:
    return node.required(0)


@rule("Dropout", (7, 10, 12, 13, 22), "ratio seed", inputs=3, outputs=2)
def dropout(node: Node) -> Result:
    training = node.constant(2)
    if training is not None and bool(training.reshape(-1)[0]):
        refuse("it drops values at random", "Export the model in inference mode: call model.eval() first.")
    require(len([name for name in node.outputs if name]) == 1, "its mask is an output")
    return node.required(0)
