"""Convolutions, against ONNX Runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from builder.errors import UserError
from tests.convert_onnx.peers import Peers, model, node, normal

pytestmark = pytest.mark.node
SIZES = [(8, 8), (9, 7)]
FORMS: dict[str, dict[str, Any]] = {
    "valid": {},
    "same": {"pads": [1, 1, 1, 1]},
    "stride": {"pads": [1, 1, 1, 1], "strides": [2, 2]},
    "one side": {"pads": [0, 1, 2, 0]},
    "two strides": {"strides": [2, 1], "pads": [1, 0, 1, 2]},
    "dilation": {"dilations": [2, 2], "pads": [2, 2, 2, 2]},
    "stride and dilation": {"dilations": [2, 1], "strides": [2, 2], "pads": [2, 1, 2, 1]},
    "SAME_UPPER": {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
    "SAME_LOWER": {"auto_pad": "SAME_LOWER", "strides": [2, 2]},
    "SAME_LOWER plain": {"auto_pad": "SAME_LOWER"},
    "VALID": {"auto_pad": "VALID", "strides": [2, 2]},
}


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("form", FORMS)
def test_convolution(peers: Peers, form: str, size: tuple[int, int]) -> None:
    weights = {"w": normal(6, 3, 3, 3), "b": normal(6)}
    made = model([node("Conv", "x w b", **FORMS[form])], {"x": ["n", 3, *size]}, weights)
    found = peers.agree(made, {"x": normal(2, 3, *size)})
    assert found["Transpose"] == 0
    assert found["_FusedConv2D"] == 1


@pytest.mark.parametrize("form", ["valid", "same", "stride", "one side", "dilation"])
def test_convolution_of_pictures_of_any_size(peers: Peers, form: str) -> None:
    weights = {"w": normal(6, 3, 3, 3)}
    made = model([node("Conv", "x w", **FORMS[form])], {"x": ["n", 3, "h", "w_"]}, weights)
    for size in SIZES:
        peers.agree(made, {"x": normal(2, 3, *size)})


def test_an_even_kernel(peers: Peers) -> None:
    made = model([node("Conv", "x w", pads=[1, 1, 0, 0])], {"x": [1, 3, 7, 8]}, {"w": normal(4, 3, 2, 4)})
    peers.agree(made, {"x": normal(1, 3, 7, 8)})


@pytest.mark.parametrize(("groups", "outputs"), [(2, 6), (3, 6), (6, 6), (6, 12)])
@pytest.mark.parametrize("form", ["same", "stride", "stride and dilation"])
def test_groups(peers: Peers, groups: int, outputs: int, form: str) -> None:
    weights = {"w": normal(outputs, 6 // groups, 3, 3), "b": normal(outputs)}
    made = model([node("Conv", "x w b", group=groups, **FORMS[form])], {"x": [1, 6, 9, 8]}, weights)
    found = peers.agree(made, {"x": normal(1, 6, 9, 8)})
    assert found["FusedDepthwiseConv2dNative"] == (1 if groups == 6 else 0)
    assert found["DepthwiseConv2dNative"] == found["Sum"] == (0 if groups == 6 else 1)


ACTIVATIONS = {
    "none": [],
    "Relu": [node("Relu", "c")],
    "LeakyRelu": [node("LeakyRelu", "c", alpha=0.3)],
    "Prelu": [node("PRelu", "c slope")],
    "Relu6": [node("Clip", "c zero six")],
}


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("inner", [4, 9], ids=["narrow", "wide"])
@pytest.mark.parametrize("free", [False, True], ids=["fixed", "free"])
@pytest.mark.parametrize("bias", [False, True], ids=["bare", "biased"])
def test_narrow_and_wide_groups(peers: Peers, activation: str, inner: int, free: bool, bias: bool) -> None:
    """Narrow groups are summed from their parts; wide ones are convolutions of their own."""
    x = normal(2, 3 * inner, 7, 6)
    weights = {"w": normal(15, inner, 3, 3), "b": normal(15), "slope": normal(15, 1, 1)}
    bounds = {"zero": np.zeros((), np.float32), "six": np.full((), 6, np.float32)}
    conv = node(
        "Conv",
        "x w b" if bias else "x w",
        "c" if ACTIVATIONS[activation] else "y",
        group=3,
        strides=[2, 1],
        pads=[0, 1, 1, 1],
    )
    shape: list[int | str] = ["n", 3 * inner, "h", "w"] if free else [*x.shape]
    found = peers.agree(model([conv, *ACTIVATIONS[activation]], {"x": shape}, {**weights, **bounds}), {"x": x})
    assert (found["DepthwiseConv2dNative"], found["Sum"]) == ((1, 1) if inner == 4 else (0, 0))
    assert found["_FusedConv2D"] + found["Conv2D"] == (0 if inner == 4 else 3)


def test_narrow_groups_along_a_row_and_dilated(peers: Peers) -> None:
    weights = {"w": normal(8, 2, 3), "b": normal(8), "k": normal(8, 2, 3, 3)}
    row = [node("Conv", "x w b", "c", group=4, dilations=[2]), node("Relu", "c")]
    peers.agree(model(row, {"x": ["n", 8, "w"]}, weights), {"x": normal(2, 8, 11)})
    plane = [node("Conv", "x k b", group=4, dilations=[2, 2], strides=[2, 2], pads=[2, 2, 2, 2])]
    peers.agree(model(plane, {"x": ["n", 8, "h", "w"]}, weights), {"x": normal(1, 8, 9, 8)})


def test_one_spatial_axis(peers: Peers) -> None:
    nodes = [node("Conv", "x w b", "c", strides=[2], pads=[2, 1], dilations=[1]), node("Relu", "c")]
    made = model(nodes, {"x": ["n", 4, 11]}, {"w": normal(5, 4, 3), "b": normal(5)})
    assert peers.agree(made, {"x": normal(2, 4, 11)})["_FusedConv2D"] == 1


TRANSPOSED: dict[str, dict[str, Any]] = {
    "plain": {},
    "stride": {"strides": [2, 2]},
    "pads": {"strides": [2, 2], "pads": [1, 1, 1, 1]},
    "uneven": {"strides": [2, 3], "pads": [1, 0, 0, 2]},
    "output padding": {"strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 1]},
    "dilation": {"strides": [2, 2], "dilations": [2, 1]},
    "output shape": {"strides": [2, 2], "output_shape": [10, 15]},
    "SAME_UPPER": {"strides": [2, 2], "auto_pad": "SAME_UPPER"},
    "SAME_LOWER": {"strides": [2, 2], "auto_pad": "SAME_LOWER"},
}


@pytest.mark.parametrize("form", TRANSPOSED)
@pytest.mark.parametrize("groups", [1, 2])
def test_transposed_convolution(peers: Peers, form: str, groups: int) -> None:
    weights = {"w": normal(4, 6 // groups, 3, 3), "b": normal(6)}
    made = model([node("ConvTranspose", "x w b", group=groups, **TRANSPOSED[form])], {"x": ["n", 4, 5, 7]}, weights)
    assert peers.agree(made, {"x": normal(2, 4, 5, 7)})["Transpose"] == 0


@pytest.mark.parametrize("form", ["stride", "pads", "output padding"])
def test_transposed_convolution_of_any_size(peers: Peers, form: str) -> None:
    made = model(
        [node("ConvTranspose", "x w", **TRANSPOSED[form])], {"x": ["n", 4, "h", "w_"]}, {"w": normal(4, 2, 3, 3)}
    )
    peers.agree(made, {"x": normal(1, 4, 6, 3)})


def test_three_spatial_axes_are_refused(peers: Peers) -> None:
    made = model([node("Conv", "x w")], {"x": [1, 2, 4, 4, 4]}, {"w": normal(2, 2, 3, 3, 3)})
    with pytest.raises(UserError, match="one or two spatial axes are converted"):
        peers.converted(made)


def test_channels_that_do_not_fit_are_refused(peers: Peers) -> None:
    made = model([node("Conv", "x w")], {"x": [1, 4, 8, 8]}, {"w": normal(2, 3, 3, 3)})
    with pytest.raises(UserError, match="channels do not fit"):
        peers.converted(made)
