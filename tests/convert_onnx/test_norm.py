"""Normalization and softmax, against ONNX Runtime."""

from __future__ import annotations

import numpy as np
import pytest

from builder.errors import UserError
from tests.convert_onnx.peers import Peers, model, node, normal, rng

pytestmark = pytest.mark.node
STATISTICS = {
    name: rng().uniform(0.5, 2, 6).astype(np.float32) * factor
    for name, factor in zip("sbmv", (1, 2, 3, 4), strict=True)
}
BATCH = node("BatchNormalization", "c s b m v", "n", epsilon=1e-3)


def test_batch_normalization_goes_into_the_convolution(peers: Peers) -> None:
    nodes = [node("Conv", "x w", "c", pads=[1, 1, 1, 1]), BATCH, node("Relu", "n")]
    made = model(nodes, {"x": ["n", 3, 9, 8]}, {"w": normal(6, 3, 3, 3), **STATISTICS})
    found = peers.agree(made, {"x": normal(2, 3, 9, 8)})
    assert (found["_FusedConv2D"], found["Mul"], found["AddV2"], found["Relu"]) == (1, 0, 0, 0)


@pytest.mark.parametrize("groups", [2, 6])
def test_batch_normalization_goes_into_grouped_convolutions(peers: Peers, groups: int) -> None:
    nodes = [node("Conv", "x w", "c", group=groups), BATCH, node("Clip", "n low high")]
    bounds = {"low": np.float32(0), "high": np.float32(6)}
    made = model(nodes, {"x": ["n", 6, 9, 8]}, {"w": normal(6, 6 // groups, 3, 3), **STATISTICS, **bounds})
    found = peers.agree(made, {"x": normal(2, 6, 9, 8)})
    # Narrow groups are summed: what is left of the normalization is one bias.
    assert (found["Mul"], found["AddV2"], found["Relu6"]) == ((0, 1, 1) if groups == 2 else (0, 0, 0))


@pytest.mark.parametrize("shape", [(2, 6), (2, 6, 5), (2, 6, 5, 4)], ids=str)
def test_batch_normalization_by_itself(peers: Peers, shape: tuple[int, ...]) -> None:
    made = model([node("BatchNormalization", "x s b m v")], {"x": ["n", *shape[1:]]}, STATISTICS)
    peers.agree(made, {"x": normal(*shape)})


def test_factors_and_summands_in_a_row_become_one_of_each(peers: Peers) -> None:
    vectors = {name: normal(6, 1, 1) + 1 for name in "pq"}
    nodes = [node("BatchNormalization", "x s b m v", "n"), node("Mul", "n p", "o"), node("Add", "o q")]
    found = peers.agree(model(nodes, {"x": ["n", 6, 4, 5]}, {**STATISTICS, **vectors}), {"x": normal(1, 6, 4, 5)})
    assert (found["Mul"], found["AddV2"]) == (1, 1)


def test_training_mode_is_refused(peers: Peers) -> None:
    made = model([node("BatchNormalization", "x s b m v", training_mode=1)], {"x": [1, 6, 2, 2]}, STATISTICS)
    with pytest.raises(UserError, match="training mode"):
        peers.converted(made)


@pytest.mark.parametrize("axis", [-1, 1, 2])
def test_layer_normalization(peers: Peers, axis: int) -> None:
    shape = (2, 5, 4, 6)
    scales = {
        "s": normal(*shape[axis:]) + 2 if axis > 0 else normal(6),
        "b": normal(*shape[axis:]) if axis > 0 else normal(6),
    }
    made = model([node("LayerNormalization", "x s b", axis=axis)], {"x": ["n", *shape[1:]]}, scales)
    peers.agree(made, {"x": normal(*shape)})


def test_layer_normalization_over_channels_needs_no_transpose(peers: Peers) -> None:
    nodes = [
        node("Conv", "x w", "c"),
        node("Transpose", "c", "t", perm=[0, 2, 3, 1]),
        node("LayerNormalization", "t s b", "l"),
        node("Transpose", "l", "y", perm=[0, 3, 1, 2]),
    ]
    made = model(nodes, {"x": ["n", 3, "h", "w_"]}, {"w": normal(6, 3, 3, 3), "s": normal(6), "b": normal(6)})
    assert peers.agree(made, {"x": normal(1, 3, 7, 8)})["Transpose"] == 0


@pytest.mark.parametrize("opset", [18, 21])
@pytest.mark.parametrize("size", [(5, 4), ("h", "w")], ids=str)
def test_group_normalization(peers: Peers, opset: int, size: tuple[int | str, ...]) -> None:
    count = 3 if opset == 18 else 6
    made = model(
        [node("GroupNormalization", "x s b", num_groups=3)],
        {"x": ["n", 6, *size]}, {"s": normal(count) + 1, "b": normal(count)}, opset=opset,
    )  # fmt: skip
    peers.agree(made, {"x": normal(2, 6, 5, 4)})


@pytest.mark.parametrize("size", [(5, 4), ("h", "w_")], ids=str)
def test_group_normalization_as_pytorch_writes_it(peers: Peers, size: tuple[int | str, ...]) -> None:
    nodes = [
        node("Conv", "x w", "c"),
        node("Reshape", "c groups", "r"),
        node("InstanceNormalization", "r ones zeros", "i"),
        node("Shape", "c", "shape"),
        node("Reshape", "i shape", "n"),
        node("Mul", "n s", "m"),
        node("Add", "m b", "a"),
        node("Conv", "a v"),
    ]
    weights = {
        "w": normal(6, 3, 1, 1), "v": normal(2, 6, 1, 1), "groups": np.asarray([0, 3, -1]), "s": normal(6, 1, 1),
        "b": normal(6, 1, 1), "ones": np.ones(3, np.float32), "zeros": np.zeros(3, np.float32),
    }  # fmt: skip
    found = peers.agree(model(nodes, {"x": ["n", 3, *size]}, weights), {"x": normal(2, 3, 5, 4)})
    assert found["Transpose"] == 0


def test_instance_normalization(peers: Peers) -> None:
    made = model([node("InstanceNormalization", "x s b")], {"x": ["n", 6, "h", "w"]}, {"s": normal(6), "b": normal(6)})
    assert peers.agree(made, {"x": normal(2, 6, 5, 7)})["Transpose"] == 0


@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax"])
@pytest.mark.parametrize("axis", [-1, 0, 1, 2])
@pytest.mark.parametrize("opset", [11, 13])
def test_softmax(peers: Peers, op: str, axis: int, opset: int) -> None:
    made = model([node(op, "x", axis=axis)], {"x": [2, 5, 4, 3]}, opset=opset)
    peers.agree(made, {"x": normal(2, 5, 4, 3)})


def test_what_follows_a_softmax_over_an_inner_axis(peers: Peers) -> None:
    nodes = [node("Softmax", "x", "s", axis=2), node("Add", "s p", "a"), node("Conv", "a w")]
    made = model(nodes, {"x": [1, 5, 4, 3]}, {"p": normal(5, 1, 3), "w": normal(2, 5, 1, 1)})
    peers.agree(made, {"x": normal(1, 5, 4, 3)})


def test_local_response_normalization(peers: Peers) -> None:
    made = model([node("LRN", "x", size=5, alpha=0.9, beta=0.6, bias=2.0)], {"x": [1, 9, 4, 3]})
    peers.agree(made, {"x": normal(1, 9, 4, 3) * 3})


@pytest.mark.parametrize(("power", "axis"), [(1, 1), (2, -1), (2, 1)])
def test_lp_normalization(peers: Peers, power: int, axis: int) -> None:
    made = model([node("LpNormalization", "x", p=power, axis=axis)], {"x": [2, 5, 4, 3]})
    peers.agree(made, {"x": normal(2, 5, 4, 3)})
