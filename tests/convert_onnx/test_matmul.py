"""Matrix products and attention, against ONNX Runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from builder.errors import UserError
from tests.convert_onnx.peers import Peers, model, node, normal

pytestmark = pytest.mark.node


@pytest.mark.parametrize(("left", "right"), [
    ((3, 4), (4, 5)), ((2, 3, 4), (4, 5)), ((2, 3, 4), (2, 4, 5)), ((2, 1, 3, 4), (3, 4, 5)), ((1, 3, 4), (2, 4, 5)),
    ((4,), (4, 5)), ((2, 3, 4), (4,)), ((4,), (4,)), ((2, 3, 3, 4), (3, 4, 2)), ((3, 1, 2, 4), (1, 2, 4, 2)),
], ids=str)  # fmt: skip
@pytest.mark.parametrize("constant", [False, True])
def test_matmul(peers: Peers, left: tuple[int, ...], right: tuple[int, ...], constant: bool) -> None:
    inputs = {"a": left} if constant else {"a": left, "b": right}
    weights = {"b": normal(*right)} if constant else {}
    made = model([node("MatMul", "a b")], inputs, weights)
    peers.agree(made, {name: normal(*shape) for name, shape in inputs.items()})


@pytest.mark.parametrize("attributes", [
    {}, {"transB": 1}, {"transA": 1}, {"alpha": 0.5, "beta": 2.0}, {"transA": 1, "transB": 1, "alpha": 1.5},
    {"beta": 0.0},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("bias", [(5,), (3, 5), (1,), (3, 1)], ids=str)
def test_gemm(peers: Peers, attributes: dict[str, Any], constant: bool, bias: tuple[int, ...]) -> None:
    a, b = normal(3, 4), normal(4, 5)
    feeds = {"a": a.T.copy() if "transA" in attributes else a, "b": b.T.copy() if "transB" in attributes else b}
    weights = {"c": normal(*bias)} | ({"b": feeds.pop("b")} if constant else {})
    made = model([node("Gemm", "a b c", **attributes)], {name: array.shape for name, array in feeds.items()}, weights)
    peers.agree(made, feeds)


def test_a_dense_layer_on_tokens_is_one_operation(peers: Peers) -> None:
    nodes = [node("MatMul", "x w", "m"), node("Add", "b m", "a"), node("Relu", "a")]
    made = model(nodes, {"x": ["n", "t", 4]}, {"w": normal(4, 6), "b": normal(6)})
    found = peers.agree(made, {"x": normal(2, 5, 4)})
    assert (found["_FusedMatMul"], found["AddV2"], found["Relu"]) == (1, 0, 0)


@pytest.mark.parametrize("batch", [2, "n"])
def test_attention(peers: Peers, batch: int | str) -> None:
    """Queries, keys and values from one product, split into heads."""
    nodes = [
        node("MatMul", "x w", "m"),
        node("Reshape", "m heads", "r"),
        node("Transpose", "r", "t", perm=[2, 0, 3, 1, 4]),
        node("Gather", "t zero", "q", axis=0),
        node("Gather", "t one", "k", axis=0),
        node("Gather", "t two", "v", axis=0),
        node("Transpose", "k", "kt", perm=[0, 1, 3, 2]),
        node("Mul", "q scale", "qs"),
        node("MatMul", "qs kt", "s"),
        node("Softmax", "s", "p", axis=-1),
        node("MatMul", "p v", "o"),
        node("Transpose", "o", "ot", perm=[0, 2, 1, 3]),
        node("Reshape", "ot joined"),
    ]
    numbers = {name: np.asarray(value, np.int64) for name, value in (("zero", 0), ("one", 1), ("two", 2))}
    shapes = {"heads": np.asarray([0, 7, 3, 2, 4]), "joined": np.asarray([0, 7, 8])}
    made = model(nodes, {"x": [batch, 7, 8]}, {"w": normal(8, 24), "scale": np.float32(0.5), **numbers, **shapes})
    peers.agree(made, {"x": normal(2, 7, 8)})


@pytest.mark.parametrize("equation", ["bij,bjk->bik", "bhid,bhjd->bhij", "bij,bkj->bki", "ij,kj->ik", "bij,j->bi"])
def test_einsum(peers: Peers, equation: str) -> None:
    sizes = dict(zip("bhijkd", (2, 3, 4, 5, 6, 7), strict=True))
    a, b = ([sizes[letter] for letter in side] for side in equation.split("->", maxsplit=1)[0].split(","))
    made = model([node("Einsum", "a b", equation=equation)], {"a": a, "b": b})
    peers.agree(made, {"a": normal(*a), "b": normal(*b)})


def test_an_einsum_of_another_kind_is_refused(peers: Peers) -> None:
    with pytest.raises(UserError, match=r"its equation ii->i is not one of two factors"):
        peers.converted(model([node("Einsum", "a", equation="ii->i")], {"a": [3, 3]}))
