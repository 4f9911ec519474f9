"""Pooling, against ONNX Runtime."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from tests.convert_onnx.peers import Peers, model, node, normal

pytestmark = pytest.mark.node
WINDOWS: dict[str, dict[str, Any]] = {
    "2 by 2": {"kernel_shape": [2, 2], "strides": [2, 2]},
    "3 by 2": {"kernel_shape": [3, 3], "strides": [2, 2]},
    "padded": {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]},
    "dense": {"kernel_shape": [3, 3], "strides": [1, 1], "pads": [1, 1, 1, 1]},
    "uneven": {"kernel_shape": [3, 2], "strides": [2, 3], "pads": [0, 1, 1, 0]},
}


@pytest.mark.parametrize(("window", "ceil"), [*product(WINDOWS, [0, 1])])
@pytest.mark.parametrize("size", [(8, 8), (9, 7), (10, 11)], ids=str)
def test_max_pool(peers: Peers, window: str, ceil: int, size: tuple[int, int]) -> None:
    made = model([node("MaxPool", "x", ceil_mode=ceil, **WINDOWS[window])], {"x": ["n", 3, *size]})
    # All negative: a border of zeros would win.
    assert peers.agree(made, {"x": normal(2, 3, *size) - 5})["Transpose"] == 0


@pytest.mark.parametrize(("window", "ceil", "counted"), [*product(WINDOWS, [0, 1], [0, 1])])
@pytest.mark.parametrize("size", [(8, 8), (9, 7)], ids=str)
def test_average_pool(peers: Peers, window: str, ceil: int, counted: int, size: tuple[int, int]) -> None:
    attributes = {"ceil_mode": ceil, "count_include_pad": counted, **WINDOWS[window]}
    made = model([node("AveragePool", "x", **attributes)], {"x": ["n", 3, *size]}, opset=19)
    peers.agree(made, {"x": normal(2, 3, *size) + 3})


@pytest.mark.parametrize(
    ("op", "ceil", "counted"), [("MaxPool", 0, 0), ("MaxPool", 1, 0), *product(["AveragePool"], [0, 1], [0, 1])]
)
@pytest.mark.parametrize("window", ["2 by 2", "3 by 2", "padded", "dense"])
def test_pools_of_any_size(peers: Peers, op: str, ceil: int, counted: int, window: str) -> None:
    more: dict[str, Any] = {"count_include_pad": counted} if op == "AveragePool" else {}
    made = model([node(op, "x", ceil_mode=ceil, **more, **WINDOWS[window])], {"x": ["n", 3, "h", "w"]}, opset=19)
    for size in [(8, 8), (9, 7)]:
        peers.agree(made, {"x": normal(1, 3, *size) - 5})


@pytest.mark.parametrize("mode", ["SAME_UPPER", "SAME_LOWER", "VALID"])
@pytest.mark.parametrize("op", ["MaxPool", "AveragePool"])
def test_automatic_padding(peers: Peers, op: str, mode: str) -> None:
    made = model([node(op, "x", kernel_shape=[3, 3], strides=[2, 2], auto_pad=mode)], {"x": [1, 2, 8, 9]})
    peers.agree(made, {"x": normal(1, 2, 8, 9) - 2})


@pytest.mark.parametrize("op", ["GlobalAveragePool", "GlobalMaxPool"])
def test_global_pools(peers: Peers, op: str) -> None:
    made = model([node(op, "x")], {"x": ["n", 5, "h", "w"]})
    peers.agree(made, {"x": normal(2, 5, 7, 4)})


def test_one_spatial_axis(peers: Peers) -> None:
    made = model([node("MaxPool", "x", kernel_shape=[3], strides=[2], pads=[1, 1])], {"x": [2, 3, 9]})
    peers.agree(made, {"x": normal(2, 3, 9) - 4})
