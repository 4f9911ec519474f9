"""What exporters of PyTorch write around an operation, against ONNX Runtime: found in real networks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto

from builder.convert.from_onnx.dims import Size, add, floordiv, largest, least, modulo, mul, subtract, unknown
from builder.errors import UserError
from tests.convert_onnx.peers import Peers, model, node, normal

pytestmark = pytest.mark.node


@pytest.mark.parametrize("bounds", ["zero -", "- two", "zero two"])
def test_padding_that_is_clipped_constants(peers: Peers, bounds: str) -> None:
    """timm's padding of TensorFlow's kind, at a fixed size."""
    nodes = [node("Clip", f"a {bounds}", "c"), node("Cast", "c", "p", to=TensorProto.INT64), node("Pad", "x p zero")]
    weights = {
        "a": np.array([0, 0, 1, 0, 0, 0, 1, 1], np.float32),
        "zero": np.zeros((), np.float32),
        "two": np.full((), 2, np.float32),
    }
    found = peers.agree(model(nodes, {"x": [1, 3, 8, 7]}, weights), {"x": normal(1, 3, 8, 7)})
    assert (found["PadV2"], found["ClipByValue"], found["Cast"]) == (1, 0, 0)


def test_padding_by_remainders(peers: Peers) -> None:
    """DaViT pads up to a multiple of its patches."""
    nodes = [node("Mod", "size four", "m"), node("Concat", "zeros m m", "p", axis=0), node("Pad", "x p")]
    weights = {"size": np.array([-7]), "four": np.array([4]), "zeros": np.zeros(6, np.int64)}
    assert peers.agree(model(nodes, {"x": [1, 3, 8, 7]}, weights), {"x": normal(1, 3, 8, 7)})["PadV2"] == 1


def _pads(amounts: str) -> list[NodeProto]:
    """How PyTorch's exporter turns [left, right] amounts of the last axis round into ONNX's pads of a picture."""
    return [
        node("Concat", f"{amounts} four_zeros", "listed", axis=0), node("Reshape", "listed pairs", "rows"),
        node("Slice", "rows last first zero last", "turned"), node("Transpose", "turned", "columns", perm=[1, 0]),
        node("Reshape", "columns last", "flat"), node("Cast", "flat", "p", to=TensorProto.INT64),
    ]  # fmt: skip


PADS: dict[str, NDArray[Any]] = {
    "four_zeros": np.zeros(6, np.int64), "pairs": np.array([-1, 2]), "last": np.array([-1]), "zero": np.array([0]),
    "first": np.array([-(2**63) + 1]),
}  # fmt: skip


@pytest.mark.parametrize(("kernel", "stride"), [(3, 2), (5, 2), (1, 2), (2, 3)])
def test_padding_that_follows_from_a_free_size_as_tensorflow_pads(peers: Peers, kernel: int, stride: int) -> None:
    """timm's tf_ networks: max((ceil(w / s) - 1) * s + k - w, 0), in floating-point numbers, half of it in front."""
    nodes = [
        node("Shape", "x", "s"), node("Gather", "s three", "w"), node("Cast", "w", "f", to=TensorProto.FLOAT),
        node("Div", "f stride", "q"), node("Ceil", "q", "c"), node("Sub", "c one", "d"), node("Mul", "d stride", "m"),
        node("Add", "m kernel", "a"), node("Sub", "a f", "n"), node("Clip", "n none -", "t"), node("Div", "t two", "h"),
        node("Cast", "h", "i", to=TensorProto.INT64), node("Cast", "i", "g", to=TensorProto.FLOAT),
        node("Sub", "t g", "r"), node("Unsqueeze", "g zero", "before"), node("Unsqueeze", "r zero", "behind"),
        node("Concat", "before behind", "both", axis=0),
        node("Cast", "both", "whole", to=TensorProto.INT64),
        *_pads("whole"), node("Pad", "x p", "b"), node("Conv", "b k", strides=[1, stride]),
    ]  # fmt: skip
    numbers = {"one": 1, "two": 2, "none": 0, "stride": stride, "kernel": kernel}
    weights: dict[str, NDArray[Any]] = {name: np.array(value, np.float32) for name, value in numbers.items()}
    weights |= {**PADS, "three": np.array(3), "k": normal(4, 3, 1, kernel)}
    made = model(nodes, {"x": [1, 3, 4, "w"]}, weights)
    for width in (9, 10, 11, 12):
        found = peers.agree(made, {"x": normal(1, 3, 4, width)})
        assert (found["PadV2"], found["Conv2D"], found["Transpose"], found["Ceil"]) == (1, 1, 0, 0)


@pytest.mark.parametrize("width", [5, 8, 10, 11])
def test_padding_up_to_a_multiple(peers: Peers, width: int) -> None:
    """DaViT with free sizes: (4 - w % 4) % 4."""
    nodes = [
        node("Shape", "x", "s"), node("Gather", "s three", "w"), node("Mod", "w four", "m"), node("Sub", "four m", "d"),
        node("Mod", "d four", "r"), node("Unsqueeze", "r zero", "behind"), node("Concat", "zero behind", "two", axis=0),
        *_pads("two"), node("Pad", "x p", "b"), node("Conv", "b k", strides=[1, 4]),
    ]  # fmt: skip
    weights = {**PADS, "three": np.array(3), "four": np.array(4), "k": normal(4, 3, 1, 4)}
    made = model(nodes, {"x": [1, 3, 4, "w"]}, weights)
    assert peers.agree(made, {"x": normal(1, 3, 4, width)})["PadV2"] == 1


def test_padding_that_might_be_negative_is_refused(peers: Peers) -> None:
    nodes = [
        node("Shape", "x", "s"), node("Gather", "s three", "w"), node("Sub", "eight w", "d"),
        node("Unsqueeze", "d zero", "behind"), node("Concat", "zero behind", "two", axis=0), *_pads("two"),
        node("Pad", "x p"),
    ]  # fmt: skip
    made = model(nodes, {"x": [1, 3, 4, "w"]}, {**PADS, "three": np.array(3), "eight": np.array(8)})
    with pytest.raises(UserError, match="may be negative"):
        peers.agree(made, {"x": normal(1, 3, 4, 5)})


def test_weights_that_the_network_standardizes(peers: Peers) -> None:
    """NFNets: a batch normalization in training mode over a kernel."""
    nodes = [
        node("ReduceMean", "k", "mean", axes=[0, 2], keepdims=0),
        node("BatchNormalization", "k s b mean v", "n m2 v2", training_mode=1, epsilon=1e-3),
        node("Reshape", "n shape", "w"),
        node("Conv", "x w", "y"),
    ]
    weights = {"k": normal(1, 6, 27) * 3 + 1, "s": normal(6), "b": normal(6) * 0.1, "v": np.ones(6, np.float32)}
    made = model(nodes, {"x": ["n", 3, 8, 7]}, {**weights, "shape": np.array([6, 3, 3, 3])})
    found = peers.agree(made, {"x": normal(2, 3, 8, 7)})
    assert found["Conv2D"] == sum(found.values()) - found["Const"] - found["Placeholder"]


@pytest.mark.parametrize("op", ["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd"])
@pytest.mark.parametrize("keep", [0, 1])
def test_reductions_of_constants(peers: Peers, op: str, keep: int) -> None:
    axes = {"axes": np.array([-1])} if op == "ReduceSum" else {}
    attributes = {} if op == "ReduceSum" else {"axes": [-1]}
    reduction = node(op, " ".join(["k", *axes]), "r", keepdims=keep, **attributes)
    made = model([reduction, node("Mul", "x r")], {"x": [4, 4]}, {"k": normal(4, 3), **axes})
    assert peers.agree(made, {"x": normal(4, 4)})["Mul"] == 1


@pytest.mark.parametrize("free", [False, True])
def test_softmax_over_branches_needs_no_transpose(peers: Peers, free: bool) -> None:
    """Selective kernels and split attention."""
    nodes = [
        node("Conv", "x w", "c"), node("GlobalAveragePool", "c", "a"), node("Reshape", "a shape", "r"),
        node("Softmax", "r", "s", axis=1), node("Reshape", "c wide", "v"), node("Mul", "v s", "m"),
        node("ReduceSum", "m one", keepdims=0),
    ]  # fmt: skip
    weights = {"w": normal(8, 3, 1, 1) * 9, "one": np.array([1]), "shape": np.array([0, 2, 4, 1, 1])}
    wide = np.array([0, 2, 4, 6, -1])
    made = model(nodes, {"x": ["n" if free else 2, 3, 6, 5]}, {**weights, "wide": wide})
    found = peers.agree(made, {"x": normal(2, 3, 6, 5)})
    assert (found["Transpose"], found["Exp"]) == (0, 1)


def test_softmax_over_an_inner_axis_withstands_large_scores(peers: Peers) -> None:
    made = model(
        [node("Conv", "x w", "c"), node("Softmax", "c", axis=2)], {"x": ["n", 3, 6, 5]}, {"w": normal(4, 3, 1, 1)}
    )
    found = peers.agree(made, {"x": normal(1, 3, 6, 5) * 300})
    assert (found["Transpose"], found["Softmax"]) == (0, 0)


def test_a_pointwise_convolution_takes_pictures_on_their_side(peers: Peers) -> None:
    """YOLOv8 sums up the distribution over each side's distance by a convolution."""
    nodes = [
        node("Conv", "x w b", "c"), node("Reshape", "c long", "rows"), node("Reshape", "rows split", "r"),
        node("Transpose", "r", "t", perm=[0, 2, 1, 3]), node("Softmax", "t", "s", axis=1),
        node("Conv", "s k", "d"), node("Relu", "d", "e"), node("Mul", "e e", "f"),
        node("Reshape", "f boxes", "g"), node("Concat", "g rows", axis=1),
    ]  # fmt: skip
    weights = {
        "w": normal(64, 3, 1, 1), "b": normal(64), "k": normal(1, 16, 1, 1),
        "split": np.array([0, 4, 16, 20]), "boxes": np.array([0, 4, 20]),
    }  # fmt: skip
    made = model(nodes, {"x": [1, 3, 4, 5]}, {**weights, "long": np.array([0, 64, 20])})
    assert peers.agree(made, {"x": normal(1, 3, 4, 5)})["Transpose"] == 1  # of the output, whose axes ONNX orders


def test_a_wider_convolution_does_not(peers: Peers) -> None:
    nodes = [
        node("Conv", "x w", "c"),
        node("Transpose", "c", "t", perm=[0, 1, 3, 2]),
        node("Conv", "t k", pads=[1, 1, 0, 0]),
    ]
    made = model(nodes, {"x": [1, 3, 6, 5]}, {"w": normal(4, 3, 1, 1), "k": normal(2, 4, 2, 3)})
    peers.agree(made, {"x": normal(1, 3, 6, 5)})


def test_a_size_less_one_is_halved(peers: Peers) -> None:
    """torch.export writes the size behind a strided convolution as (w - 1) // 2 + 1."""
    nodes = [
        node("Shape", "x", "s"), node("Gather", "s three", "w"), node("Sub", "w one", "m"), node("Div", "m two", "h"),
        node("Add", "h one", "e"), node("Unsqueeze", "e zero", "u"), node("Concat", "lead u", "shape", axis=0),
        node("Conv", "x k", "c", strides=[1, 2]), node("Reshape", "c shape"),
    ]  # fmt: skip
    numbers = {"three": np.array(3), "one": np.array(1), "two": np.array(2), "zero": np.array([0])}
    made = model(nodes, {"x": [1, 3, 4, "w"]}, {**numbers, "lead": np.array([1, 12]), "k": normal(3, 3, 1, 1)})
    peers.agree(made, {"x": normal(1, 3, 4, 7)})


def test_how_small_a_size_may_be() -> None:
    width = Size("w")
    assert [least(size) for size in (7, width, add(width, -1), floordiv(add(width, -1), 2))] == [7, 1, 0, 0]
    assert least(add(width, -2)) == -1
    assert least(unknown()) == 0  # such as how many boxes are kept
    assert [least(size) for size in (largest(add(width, -9), 0), modulo(width, 4))] == [0, 0]
    assert least(subtract(width, floordiv(width, 2))) == 0
    assert least(mul(add(width, -2), 3)) < 0 and least(add(width, mul(Size("h"), -1))) < 0
