"""Resize and Upsample, against ONNX Runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import NodeProto

from builder.errors import UserError
from tests.convert_onnx.peers import Array, Peers, model, node, normal

pytestmark = pytest.mark.node
COORDINATES = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"]
SCALES = [(2.0, 2.0), (1.5, 0.7), (3.0, 1.0), (0.5, 0.6)]
Weights = dict[str, Array]
EMPTY = np.zeros(0, np.float32)


def by_scales(scales: tuple[float, float], **attributes: Any) -> tuple[NodeProto, Weights]:  # noqa: ANN401
    return node("Resize", "x r s", **attributes), {"r": EMPTY, "s": np.asarray((1, 1, *scales), np.float32)}


def by_sizes(*sizes: int, **attributes: Any) -> tuple[NodeProto, Weights]:  # noqa: ANN401
    weights: Weights = {"r": EMPTY, "s": EMPTY, "z": np.asarray((1, 3, *sizes), np.int64)}
    return node("Resize", "x r s z", **attributes), weights


@pytest.mark.parametrize("scales", SCALES, ids=str)
@pytest.mark.parametrize("coordinates", COORDINATES)
@pytest.mark.parametrize("mode", ["linear", "cubic"])
@pytest.mark.parametrize("size", [(8, 8), (9, 7)], ids=str)
def test_interpolation(
    peers: Peers, mode: str, coordinates: str, scales: tuple[float, float], size: tuple[int, int]
) -> None:
    made, weights = by_scales(scales, mode=mode, coordinate_transformation_mode=coordinates)
    whole = all(float(dim * scale).is_integer() for dim, scale in zip(size, scales, strict=True))
    if coordinates == "align_corners" and not whole:
        with pytest.raises(UserError, match="aligns corners by a scale that gives no whole size"):
            peers.converted(model([made], {"x": [1, 3, *size]}, weights))
    else:
        peers.agree(model([made], {"x": [1, 3, *size]}, weights), {"x": normal(1, 3, *size)})


@pytest.mark.parametrize("scales", SCALES, ids=str)
@pytest.mark.parametrize("coordinates", COORDINATES)
@pytest.mark.parametrize("nearest", ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
def test_nearest(peers: Peers, nearest: str, coordinates: str, scales: tuple[float, float]) -> None:
    made, weights = by_scales(scales, mode="nearest", coordinate_transformation_mode=coordinates, nearest_mode=nearest)
    size = (10, 10) if coordinates == "align_corners" else (9, 7)
    peers.agree(model([made], {"x": [1, 3, *size]}, weights), {"x": normal(1, 3, *size)})


@pytest.mark.parametrize("coordinates", COORDINATES)
@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
@pytest.mark.parametrize("sizes", [(5, 11), (1, 1), (16, 16)], ids=str)
def test_sizes(peers: Peers, mode: str, coordinates: str, sizes: tuple[int, int]) -> None:
    made, weights = by_sizes(*sizes, mode=mode, coordinate_transformation_mode=coordinates)
    peers.agree(model([made], {"x": [1, 3, 8, 8]}, weights), {"x": normal(1, 3, 8, 8)})


@pytest.mark.parametrize("mode", ["linear", "cubic"])
@pytest.mark.parametrize("outside", [0, 1])
def test_antialias_and_what_lies_outside(peers: Peers, mode: str, outside: int) -> None:
    made, weights = by_sizes(5, 4, mode=mode, antialias=1, exclude_outside=outside)
    peers.agree(model([made], {"x": [1, 3, 9, 8]}, weights, opset=18), {"x": normal(1, 3, 9, 8)})


def test_cubic_curves_overshoot_below_zero(peers: Peers) -> None:
    """A border of zeros in the pooling that follows would win over them."""
    resized, weights = by_scales((2.0, 2.0), mode="cubic")
    resized.input[0], resized.output[0] = "r0", "z"
    pool: dict[str, Any] = {"kernel_shape": [1, 2], "strides": [2, 2], "pads": [0, 1, 0, 1]}
    made = model([node("Relu", "x", "r0"), resized, node("MaxPool", "z", **pool)], {"x": [1, 3, 5, 5]}, weights)
    x = np.zeros((1, 3, 5, 5), np.float32)
    x[:, :, :, 1::2] = normal(1, 3, 5, 2) ** 2 * 9
    x[:, :, 1::2] = 0
    peers.agree(made, {"x": x})


@pytest.mark.parametrize("attributes", [
    {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
    {"mode": "nearest"},
    {"mode": "linear"},
    {"mode": "linear", "coordinate_transformation_mode": "align_corners"},
])  # fmt: skip
def test_pictures_of_any_size(peers: Peers, attributes: dict[str, str]) -> None:
    made, weights = by_scales((2.0, 3.0), **attributes)
    for size in [(8, 8), (5, 7)]:
        found = peers.agree(model([made], {"x": ["n", 3, "h", "w"]}, weights), {"x": normal(1, 3, *size)})
        assert found["Transpose"] == 0


def test_as_large_as_another_tensor(peers: Peers) -> None:
    nodes = [
        node("Shape", "z", "shape"),
        node("Slice", "shape two four", "size"),
        node("Shape", "x", "own"),
        node("Slice", "own zero two", "front"),
        node("Concat", "front size", "sizes", axis=0),
        node("Resize", "x - - sizes", mode="linear"),
    ]
    ints = {name: np.asarray([value]) for name, value in (("zero", 0), ("two", 2), ("four", 4))}
    made = model(nodes, {"x": ["n", 3, "h", "w"], "z": ["n", 2, "h2", "w2"]}, ints)
    peers.agree(made, {"x": normal(1, 3, 5, 4), "z": normal(1, 2, 11, 8)})


def test_a_scale_that_gives_no_whole_size_of_any_picture_is_refused(peers: Peers) -> None:
    made, weights = by_scales((1.5, 2.0), mode="linear")
    with pytest.raises(UserError, match=r"scales a size that is not known by 1\.5") as error:
        peers.converted(model([made], {"x": [1, 3, "h", "w"]}, weights))
    assert "--input-shape" in error.value.problems[0].next_step


@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_upsample(peers: Peers, mode: str) -> None:
    made = model(
        [node("Upsample", "x s", mode=mode)], {"x": [1, 3, 5, 6]}, {"s": np.asarray([1, 1, 2, 3], np.float32)}, opset=9
    )
    peers.agree(made, {"x": normal(1, 3, 5, 6)})
