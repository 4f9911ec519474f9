"""Activations, arithmetic, reductions and selections, against ONNX Runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

from builder.errors import UserError
from tests.convert_onnx.peers import Array, Peers, model, node, normal

pytestmark = pytest.mark.node
X = normal(2, 6, 5, 4, scale=3)
FIRST = node("Conv", "x w", "c")
WEIGHTS = {"w": normal(6, 3, 1, 1)}
ACTIVATIONS: list[tuple[str, int, dict[str, Any]]] = [
    ("Relu", 17, {}), ("Sigmoid", 17, {}), ("Tanh", 17, {}), ("Softplus", 17, {}), ("Softsign", 17, {}),
    ("Mish", 18, {}), ("LeakyRelu", 17, {"alpha": 0.3}), ("LeakyRelu", 17, {}), ("Elu", 17, {}),
    ("Elu", 17, {"alpha": 0.4}), ("Celu", 17, {"alpha": 2.0}), ("Selu", 17, {}),
    ("Selu", 17, {"alpha": 1.2, "gamma": 0.7}), ("HardSigmoid", 17, {"alpha": 0.3, "beta": 0.4}),
    ("HardSwish", 17, {}), ("Gelu", 20, {}), ("Gelu", 20, {"approximate": "tanh"}),
    ("ThresholdedRelu", 17, {"alpha": 0.5}),
]  # fmt: skip


@pytest.mark.parametrize(("op", "opset", "attributes"), ACTIVATIONS, ids=str)
def test_activation(peers: Peers, op: str, opset: int, attributes: dict[str, Any]) -> None:
    made = model([node(op, "x", **attributes)], {"x": ["n", 6, "h", "w"]}, opset=opset)
    peers.agree(made, {"x": X}, tolerance=2e-6)


@pytest.mark.parametrize(("op", "attributes"), [
    ("Relu", {}), ("Sigmoid", {}), ("Elu", {}), ("LeakyRelu", {"alpha": 0.3}), ("Clip", {"min": 0.0, "max": 6.0}),
], ids=str)  # fmt: skip
@pytest.mark.parametrize("linear", ["Conv", "grouped", "narrow groups", "depthwise", "MatMul"])
def test_activation_inside_a_linear_operation(peers: Peers, linear: str, op: str, attributes: dict[str, Any]) -> None:
    groups = {"Conv": 1, "grouped": 2, "narrow groups": 2, "depthwise": 6, "MatMul": 1}[linear]
    made = 20 if linear == "grouped" else 6
    first = node("MatMul", "x w", "c") if linear == "MatMul" else node("Conv", "x w", "c", group=groups)
    shape, weights = ((2, 6), normal(6, 6)) if linear == "MatMul" else ((2, 6, 5, 4), normal(made, 6 // groups, 3, 3))
    graph = model(
        [first, node(op, "c", **attributes)], {"x": ["n", *shape[1:]]}, {"w": weights}, opset=10 if op == "Clip" else 17
    )
    found = peers.agree(graph, {"x": normal(*shape)})
    by_itself = linear == "narrow groups" or (linear, op) == ("depthwise", "LeakyRelu")
    assert by_itself or found.keys().isdisjoint({"Relu", "Relu6", "Sigmoid", "Elu", "LeakyRelu"})


@pytest.mark.parametrize(("groups", "made", "by_itself"), [(1, 6, 0), (2, 20, 0), (2, 6, 1), (6, 6, 0)])
def test_parametric_relu_inside_a_convolution(peers: Peers, groups: int, made: int, by_itself: int) -> None:
    weights = {"w": normal(made, 6 // groups, 3, 3), "s": normal(made, 1, 1)}
    graph = model([node("Conv", "x w", "c", group=groups), node("PRelu", "c s")], {"x": ["n", 6, 5, 4]}, weights)
    assert peers.agree(graph, {"x": normal(2, 6, 5, 4)})["Prelu"] == by_itself


@pytest.mark.parametrize("slope", [(6, 1, 1), (1,), (6, 5, 4)], ids=str)
def test_parametric_relu(peers: Peers, slope: tuple[int, ...]) -> None:
    made = model([FIRST, node("PRelu", "c s")], {"x": ["n", 3, 5, 4]}, {**WEIGHTS, "s": normal(*slope)})
    found = peers.agree(made, {"x": normal(2, 3, 5, 4)})
    assert found["Prelu"] == (1 if slope == (6, 5, 4) else 0)


@pytest.mark.parametrize("op", ["Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Mean", "Sum"])
@pytest.mark.parametrize(
    "shape", [(), (1,), (4,), (5, 1), (6, 1, 1), (2, 6, 5, 4), (1, 6, 1, 4), (1, 1, 6, 1, 1)], ids=str
)
@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("swapped", [False, True])
def test_broadcasting(peers: Peers, op: str, shape: tuple[int, ...], constant: bool, swapped: bool) -> None:
    other = np.abs(normal(*shape)) + np.float32(0.5)
    nodes = [FIRST, node("Abs", "c", "p"), node(op, "k p" if swapped else "p k")]
    inputs: dict[str, Any] = {"x": [2, 3, 5, 4]} | ({} if constant else {"k": shape})
    made = model(nodes, inputs, {**WEIGHTS, **({"k": np.asarray(other)} if constant else {})})
    feeds: dict[str, Array] = {"x": normal(2, 3, 5, 4)} | ({} if constant else {"k": np.asarray(other)})
    peers.agree(made, feeds, tolerance=1e-5)


FUNCTIONS = """Exp Log Sqrt Neg Abs Erf Floor Ceil Round Reciprocal Sign Sin Cos Tan Asinh Atan Sinh Cosh""".split()


@pytest.mark.parametrize("op", FUNCTIONS)
def test_functions(peers: Peers, op: str) -> None:
    x = normal(40) * 2
    x[:8] = [0.5, 1.5, 2.5, -0.5, -1.5, 0, -0.0, 3]
    peers.agree(model([node(op, "x")], {"x": [40]}), {"x": x}, tolerance=1e-6)


def test_nan_and_infinity_stay_where_they_are(peers: Peers) -> None:
    x = np.asarray([np.nan, np.inf, -np.inf, -1, 0, 2], np.float32)
    for op in ("Exp", "Sqrt", "Abs", "Neg"):
        peers.agree(model([node(op, "x")], {"x": [6]}), {"x": x})


@pytest.mark.parametrize("bounds", [(0, 6), (0, None), (None, 1), (-1, 1.5), (2, -2), (None, None)], ids=str)
def test_clip(peers: Peers, bounds: tuple[float | None, float | None]) -> None:
    weights = {name: np.float32(value) for name, value in zip("lh", bounds, strict=True) if value is not None}
    names = [name if name in weights else "-" for name in "lh"]
    made = model([node("Clip", f"x {names[0]} {names[1]}")], {"x": [2, 6, 5, 4]}, weights)
    peers.agree(made, {"x": X}, constant=bounds == (2, -2))


REDUCTIONS = """ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceSumSquare ReduceLogSumExp
ReduceLogSum""".split()


@pytest.mark.parametrize("op", REDUCTIONS)
@pytest.mark.parametrize("keep", [0, 1])
@pytest.mark.parametrize("axes", [[1], [2, 3], [-1, 1], [0, 2]], ids=str)
def test_reductions(peers: Peers, op: str, keep: int, axes: list[int]) -> None:
    nodes = [FIRST, node("Abs", "c", "p"), node(op, "p a", keepdims=keep)]
    made = model(nodes, {"x": ["n", 3, "h", "w_"]}, {**WEIGHTS, "a": np.asarray(axes)}, opset=18)
    peers.agree(made, {"x": normal(2, 3, 5, 4)})


@pytest.mark.parametrize("op", ["ArgMax", "ArgMin"])
@pytest.mark.parametrize("keep", [0, 1])
@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_places_of_extremes(peers: Peers, op: str, keep: int, axis: int) -> None:
    made = model(
        [FIRST, node(op, "c", axis=axis, keepdims=keep)], {"x": [2, 3, 5, 4]}, WEIGHTS, types={"y": TensorProto.INT64}
    )
    peers.agree(made, {"x": normal(2, 3, 5, 4)})


@pytest.mark.parametrize("axis", [1, -1, 2])
@pytest.mark.parametrize("largest", [0, 1])
def test_top_k(peers: Peers, axis: int, largest: int) -> None:
    nodes = [FIRST, node("TopK", "c k", "y i", axis=axis, largest=largest)]
    made = model(
        nodes,
        {"x": [2, 3, 5, 4]},
        {**WEIGHTS, "k": np.asarray([3])},
        outputs=("y", "i"),
        types={"i": TensorProto.INT64},
    )
    peers.agree(made, {"x": normal(2, 3, 5, 4)})


@pytest.mark.parametrize("flags", [{}, {"exclusive": 1}, {"reverse": 1}], ids=str)
@pytest.mark.parametrize("axis", [1, 2])
def test_cumulative_sum(peers: Peers, flags: dict[str, Any], axis: int) -> None:
    made = model([FIRST, node("CumSum", "c a", **flags)], {"x": [2, 3, 5, 4]}, {**WEIGHTS, "a": np.asarray(axis)})
    peers.agree(made, {"x": normal(2, 3, 5, 4)})


def test_where_and_comparisons(peers: Peers) -> None:
    nodes = [
        FIRST,
        node("Greater", "c zero", "g"),
        node("LessOrEqual", "c one", "l"),
        node("And", "g l", "b"),
        node("Not", "b", "n"),
        node("Where", "n c two"),
    ]
    weights: dict[str, Any] = {"zero": np.float32(0), "one": np.float32(1), "two": normal(6, 1, 1)}
    peers.agree(model(nodes, {"x": [2, 3, 5, 4]}, {**WEIGHTS, **weights}), {"x": normal(2, 3, 5, 4)})


@pytest.mark.parametrize("values", [(0, 1), (-1, 3)], ids=str)
def test_one_hot(peers: Peers, values: tuple[int, int]) -> None:
    nodes = [node("ArgMax", "x", "i", axis=1, keepdims=0), node("OneHot", "i depth values")]
    made = model(nodes, {"x": [4, 6]}, {"depth": np.asarray([6]), "values": np.asarray(values, np.float32)})
    peers.agree(made, {"x": normal(4, 6)})


@pytest.mark.parametrize("upper", [0, 1])
def test_triangle(peers: Peers, upper: int) -> None:
    made = model([node("Trilu", "x k", upper=upper)], {"x": [2, 5, 6]}, {"k": np.asarray(1)})
    peers.agree(made, {"x": normal(2, 5, 6)})


@pytest.mark.parametrize(("pictures", "classes", "center"), [(1, 1, 0), (1, 3, 0), (2, 2, 1)])
def test_non_max_suppression(peers: Peers, pictures: int, classes: int, center: int) -> None:
    boxes = np.abs(normal(pictures, 30, 4))
    if not center:
        boxes[..., 2:] = boxes[..., :2] + 0.5 + boxes[..., 2:]
    nodes = [node("NonMaxSuppression", "b s most overlap score", center_point_box=center)]
    limits = {"most": np.asarray([5]), "overlap": np.asarray([0.4], np.float32), "score": np.asarray([0.1], np.float32)}
    inputs = {"b": [pictures, 30, 4], "s": [pictures, classes, 30]}
    made = model(nodes, inputs, limits, types={"y": TensorProto.INT64})
    peers.agree(made, {"b": boxes, "s": np.abs(normal(pictures, classes, 30))})


def test_places_that_are_not_zero(peers: Peers) -> None:
    nodes = [FIRST, node("Relu", "c", "r"), node("NonZero", "r")]
    made = model(nodes, {"x": [1, 3, 4, 4]}, WEIGHTS, types={"y": TensorProto.INT64})
    peers.agree(made, {"x": normal(1, 3, 4, 4)})


@pytest.mark.parametrize("kind", [np.uint8, np.int8])
@pytest.mark.parametrize("channels", [False, True])
def test_quantized_graph(peers: Peers, kind: type, channels: bool) -> None:
    scale = np.asarray([0.02, 0.03, 0.01, 0.04, 0.02, 0.05], np.float32) if channels else np.float32(0.02)
    stored = np.random.default_rng(0).integers(-128, 128, (6, 3, 3, 3)).astype(np.int8)
    zero = np.zeros(6, np.int8) if channels else np.asarray(0, np.int8)
    nodes = [
        node("QuantizeLinear", "x xs xz", "q"), node("DequantizeLinear", "q xs xz", "d"),
        node("DequantizeLinear", "w s z", "f", **({"axis": 0} if channels else {})),
        node("Conv", "d f", "c", pads=[1, 1, 1, 1]), node("Relu", "c"),
    ]  # fmt: skip
    weights = {"w": stored, "s": scale, "z": zero, "xs": np.float32(0.05), "xz": np.asarray(3, kind)}
    found = peers.agree(model(nodes, {"x": ["n", 3, 9, 8]}, weights), {"x": normal(2, 3, 9, 8, scale=3)})
    assert found["_FusedConv2D"] == 1


def test_half_precision_graph(peers: Peers) -> None:
    nodes = [
        node("Cast", "x", "h", to=TensorProto.FLOAT16),
        node("Conv", "h w b", "c"),
        node("Relu", "c", "r"),
        node("Cast", "r", "y", to=TensorProto.FLOAT),
    ]
    weights = {"w": normal(6, 3, 3, 3).astype(np.float16), "b": normal(6).astype(np.float16)}
    found = peers.agree(model(nodes, {"x": ["n", 3, 9, 8]}, weights), {"x": normal(2, 3, 9, 8)}, tolerance=2e-3)
    assert found["Cast"] == 0


def test_narrow_integers_that_would_wrap_around_are_refused(peers: Peers) -> None:
    made = model([node("Add", "x x")], {"x": [4]}, types={"x": TensorProto.UINT8, "y": TensorProto.UINT8})
    with pytest.raises(UserError, match="wrap around"):
        peers.converted(made)
