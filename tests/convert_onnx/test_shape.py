"""Reshapes, slices and joins, and the stored order of axes that they pass through."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import NodeProto, TensorProto

from builder.convert.from_onnx import OnnxOptions
from builder.errors import UserError
from tests.convert_onnx.peers import Array, Peers, model, node, normal

pytestmark = pytest.mark.node


def ints(*values: int) -> Array:
    return np.asarray(values, np.int64)


FIRST = node("Conv", "x w", "c")
WEIGHTS = {"w": normal(8, 3, 1, 1)}


@pytest.mark.parametrize("target", [
    (0, 2, 4, 5, 6), (0, 8, 30), (0, 8, -1), (-1, 8, 5, 6), (0, 240), (0, -1), (0, 40, 6), (0, 8, 5, 2, 3), (0, 2, -1),
    (0, 4, 2, 30), (0, 80, 3),
], ids=str)  # fmt: skip
def test_reshape_after_a_convolution(peers: Peers, target: tuple[int, ...]) -> None:
    made = model([FIRST, node("Reshape", "c t")], {"x": ["n", 3, 5, 6]}, {**WEIGHTS, "t": ints(*target)})
    peers.agree(made, {"x": normal(2, 3, 5, 6)})


def test_flattened_pictures_meet_permuted_weights(peers: Peers) -> None:
    nodes = [FIRST, node("Flatten", "c", "f"), node("Gemm", "f g b", "d", transB=1), node("Relu", "d")]
    made = model(nodes, {"x": ["n", 3, 5, 6]}, {**WEIGHTS, "g": normal(7, 240), "b": normal(7)})
    found = peers.agree(made, {"x": normal(2, 3, 5, 6)})
    assert (found["Transpose"], found["_FusedMatMul"], found["Relu"]) == (0, 1, 0)


def test_channel_shuffle_stays_channels_last(peers: Peers) -> None:
    nodes = [
        FIRST,
        node("Reshape", "c split", "s"),
        node("Transpose", "s", "t", perm=[0, 2, 1, 3, 4]),
        node("Reshape", "t joined", "j"),
        node("Conv", "j v"),
    ]
    weights = {**WEIGHTS, "v": normal(3, 8, 3, 3), "split": ints(0, 2, 4, 5, 6), "joined": ints(0, 8, 5, 6)}
    found = peers.agree(model(nodes, {"x": ["n", 3, 5, 6]}, weights), {"x": normal(2, 3, 5, 6)})
    assert found["Transpose"] == 1


def test_pictures_become_tokens_without_a_transpose(peers: Peers) -> None:
    nodes = [FIRST, node("Reshape", "c t", "r"), node("Transpose", "r", "y", perm=[0, 2, 1])]
    made = model(nodes, {"x": ["n", 3, "h", "w_"]}, {**WEIGHTS, "t": ints(0, 8, -1)})
    assert peers.agree(made, {"x": normal(2, 3, 5, 6)})["Transpose"] == 0


def test_tokens_become_pictures_without_a_transpose(peers: Peers) -> None:
    nodes = [node("Transpose", "x", "t", perm=[0, 2, 1]), node("Reshape", "t s", "r"), node("Conv", "r w")]
    made = model(nodes, {"x": ["n", 30, 3]}, {**WEIGHTS, "s": ints(0, 3, 5, 6)})
    assert peers.agree(made, {"x": normal(2, 30, 3)})["Transpose"] == 0


@pytest.mark.parametrize("perm", [(0, 2, 3, 1), (3, 2, 1, 0), (1, 0, 3, 2), (0, 1, 3, 2)], ids=str)
def test_transpose(peers: Peers, perm: tuple[int, ...]) -> None:
    nodes = [FIRST, node("Transpose", "c", "t", perm=perm), node("Mul", "t t")]
    peers.agree(model(nodes, {"x": ["n", 3, 5, 6]}, WEIGHTS), {"x": normal(2, 3, 5, 6)})


@pytest.mark.parametrize("axes", [(0,), (1,), (2,), (4,), (-1,), (1, 3), (0, 5)], ids=str)
def test_axes_of_size_1_come_and_go(peers: Peers, axes: tuple[int, ...]) -> None:
    nodes = [
        FIRST,
        node("Unsqueeze", "c a", "u"),
        node("Relu", "u", "r"),
        node("Squeeze", "r a", "s"),
        node("Add", "s c"),
    ]
    made = model(nodes, {"x": ["n", 3, "h", "w_"]}, {**WEIGHTS, "a": ints(*axes)})
    peers.agree(made, {"x": normal(2, 3, 5, 6)})


@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1])
def test_concat_and_split(peers: Peers, axis: int) -> None:
    nodes = [
        FIRST,
        node("Concat", "c c k", "j", axis=axis),
        node("Split", "j", "a b", axis=axis, num_outputs=2) if axis == 1 else node("Identity", "j", "a"),
        node("Relu", "a"),
    ]
    made = model(nodes, {"x": [2, 3, 5, 6]}, {**WEIGHTS, "k": normal(2, 8, 5, 6)}, opset=18)
    peers.agree(made, {"x": normal(2, 3, 5, 6)})


@pytest.mark.parametrize("bounds", [
    ((1,), (5,), (1,), (1,)), ((-3,), (2**31 - 1,), (1,), (1,)), ((0,), (-1,), (2,), (2,)),
    ((1, 0), (4, 3), (2, 3), (1, 2)),
    ((-1,), (-(2**31),), (3,), (-1,)), ((6,), (0,), (1,), (-2,)), ((2,), (100,), (0 + 1,), (3,)),
], ids=str)  # fmt: skip
def test_slice(peers: Peers, bounds: tuple[tuple[int, ...], ...]) -> None:
    starts, ends, axes, steps = (ints(*values) for values in bounds)
    made = model(
        [FIRST, node("Slice", "c s e a t")],
        {"x": ["n", 3, 5, 6]}, {**WEIGHTS, "s": starts, "e": ends, "a": axes, "t": steps},
    )  # fmt: skip
    peers.agree(made, {"x": normal(2, 3, 5, 6)})


@pytest.mark.parametrize("bounds", [(0, 1), (1, 2**31 - 1), (0, -1), (-1, 2**31 - 1), (-3, -1), (1, 4)], ids=str)
@pytest.mark.parametrize("step", [1, 2])
def test_slice_of_a_free_axis(peers: Peers, bounds: tuple[int, int], step: int) -> None:
    weights = {**WEIGHTS, "s": ints(bounds[0]), "e": ints(bounds[1]), "a": ints(2), "t": ints(step)}
    made = model([FIRST, node("Slice", "c s e a t", "z"), node("Relu", "z")], {"x": ["n", 3, "h", "w_"]}, weights)
    for height in (5, 8):
        peers.agree(made, {"x": normal(2, 3, height, 6)})


@pytest.mark.parametrize(("axis", "indices"), [(1, (3, 0, -1)), (2, ((0, 1), (4, -2))), (3, 2), (0, 1)], ids=str)
def test_gather(peers: Peers, axis: int, indices: int | tuple[int, ...]) -> None:
    made = model(
        [FIRST, node("Gather", "c i", axis=axis)], {"x": [2, 3, 5, 6]}, {**WEIGHTS, "i": np.asarray(indices, np.int64)}
    )
    peers.agree(made, {"x": normal(2, 3, 5, 6)})


def test_an_index_that_is_not_there_is_refused(peers: Peers) -> None:
    made = model([node("Gather", "x i", axis=1)], {"x": [2, 3]}, {"i": ints(3)})
    with pytest.raises(UserError, match="elements that are not there"):
        peers.converted(made)


@pytest.mark.parametrize(
    "pads", [(0, 0, 1, 2, 0, 0, 0, 3), (1, 2, 0, 0, 0, 0, 0, 0), (0, 0, -1, 1, 0, 0, 0, -2)], ids=str
)
@pytest.mark.parametrize("value", [0.0, -1.5])
def test_pad(peers: Peers, pads: tuple[int, ...], value: float) -> None:
    made = model(
        [FIRST, node("Pad", "c p v")], {"x": ["n", 3, 5, 6]}, {**WEIGHTS, "p": ints(*pads), "v": np.float32(value)}
    )
    peers.agree(made, {"x": normal(2, 3, 5, 6)})


@pytest.mark.parametrize("mode", ["edge", "wrap", "reflect"])
def test_other_borders(peers: Peers, mode: str) -> None:
    weights = {**WEIGHTS, "p": ints(0, 1, 2, 1, 0, 0, 1, 3)}
    made = model([FIRST, node("Pad", "c p", mode=mode)], {"x": [2, 3, 5, 6]}, weights, opset=19)
    peers.agree(made, {"x": normal(2, 3, 5, 6)})


def test_counting_up_to_a_size(peers: Peers) -> None:
    nodes = [
        node("Shape", "x", "shape"),
        node("Gather", "shape one", "length", axis=0),
        node("Range", "zero length one", "places"),
        node("Gather", "k places", "g", axis=0),
        node("Add", "x g"),
    ]
    weights = {"zero": np.asarray(0), "one": np.asarray(1), "k": normal(9, 4)}
    peers.agree(model(nodes, {"x": ["n", "t", 4]}, weights), {"x": normal(2, 5, 4)})


def test_scatter(peers: Peers) -> None:
    nodes = [FIRST, node("ScatterND", "c i u")]
    weights = {**WEIGHTS, "i": np.asarray([[0, 3], [1, -1]]), "u": normal(2, 5, 6)}
    peers.agree(model(nodes, {"x": [2, 3, 5, 6]}, weights, opset=18), {"x": normal(2, 3, 5, 6)})


def test_reflected_border(peers: Peers) -> None:
    made = model(
        [FIRST, node("Pad", "c p", mode="reflect")], {"x": [1, 3, 5, 6]}, {**WEIGHTS, "p": ints(0, 0, 2, 1, 0, 0, 1, 3)}
    )
    peers.agree(made, {"x": normal(1, 3, 5, 6)})


@pytest.mark.parametrize("mode", ["DCR", "CRD"])
def test_depth_to_space(peers: Peers, mode: str) -> None:
    made = model([FIRST, node("DepthToSpace", "c", blocksize=2, mode=mode)], {"x": ["n", 3, "h", "w_"]}, WEIGHTS)
    assert peers.agree(made, {"x": normal(2, 3, 5, 6)})["Transpose"] == 0


def test_space_to_depth(peers: Peers) -> None:
    made = model([FIRST, node("SpaceToDepth", "c", blocksize=2)], {"x": ["n", 3, 4, 6]}, WEIGHTS)
    peers.agree(made, {"x": normal(2, 3, 4, 6)})


def shape_graph() -> list[NodeProto]:
    """view(b, c // 2, 2, h * w) as PyTorch exports it with free sizes."""
    return [
        FIRST,
        node("Shape", "c", "shape"),
        *[node("Gather", f"shape {i}", f"d{i}", axis=0) for i in "0123"],
        node("Mul", "d2 d3", "area"),
        node("Div", "d1 2", "half"),
        *[node("Unsqueeze", f"{name} zero", f"u_{name}") for name in ("d0", "half", "area")],
        node("Concat", "u_d0 u_half two u_area", "target", axis=0),
        node("Reshape", "c target"),
    ]


def test_a_shape_that_the_graph_computes(peers: Peers) -> None:
    numbers = {str(i): np.asarray(i, np.int64) for i in range(4)}
    weights = {**WEIGHTS, **numbers, "zero": ints(0), "two": ints(2)}
    made = model(shape_graph(), {"x": ["n", 3, "h", "w_"]}, weights)
    for size in [(5, 6), (4, 3)]:
        peers.agree(made, {"x": normal(2, 3, *size)})


def test_a_computed_shape_of_known_sizes_leaves_no_trace(peers: Peers) -> None:
    numbers = {str(i): np.asarray(i, np.int64) for i in range(4)}
    made = model(shape_graph(), {"x": [2, 3, 5, 6]}, {**WEIGHTS, **numbers, "zero": ints(0), "two": ints(2)})
    found = peers.agree(made, {"x": normal(2, 3, 5, 6)})
    assert found.keys() <= {"Placeholder", "Const", "Conv2D", "Reshape", "Transpose"}


def test_expand_to_a_computed_shape(peers: Peers) -> None:
    nodes = [
        node("Shape", "x", "shape"),
        node("Equal", "shape minus", "same"),
        node("Where", "same ones shape", "target"),
        node("Expand", "k target", "e"),
        node("Add", "x e"),
    ]
    weights = {"minus": ints(-1, -1, -1), "ones": ints(1, 1, 1), "k": normal(1, 1, 4)}
    peers.agree(model(nodes, {"x": ["n", "t", 4]}, weights), {"x": normal(2, 3, 4)})


def test_tile_and_expand(peers: Peers) -> None:
    nodes = [FIRST, node("Tile", "c r", "t"), node("Expand", "t s", "e"), node("Relu", "e")]
    made = model(nodes, {"x": ["n", 3, 5, 6]}, {**WEIGHTS, "r": ints(1, 2, 1, 3), "s": ints(1, 1, 16, 1, 1)})
    peers.agree(made, {"x": normal(2, 3, 5, 6)})


def test_an_input_of_channels_last(peers: Peers) -> None:
    nodes = [
        node("Transpose", "x", "t", perm=[0, 3, 1, 2]),
        node("Conv", "t w", "c"),
        node("Transpose", "c", perm=[0, 2, 3, 1]),
    ]
    made = model(nodes, {"x": ["n", 5, 6, 3]}, WEIGHTS)
    assert peers.agree(made, {"x": normal(2, 5, 6, 3)}, options=OnnxOptions())["Transpose"] == 0


def test_gather_elements(peers: Peers) -> None:
    indices = np.random.default_rng(0).integers(-5, 5, (2, 3, 4, 2))
    made = model([node("GatherElements", "x i", axis=2)], {"x": [2, 3, 5, 6]}, {"i": indices})
    peers.agree(made, {"x": normal(2, 3, 5, 6)})


def test_gather_nd(peers: Peers) -> None:
    made = model([FIRST, node("GatherND", "c i")], {"x": [2, 3, 5, 6]}, {**WEIGHTS, "i": np.asarray([[0, 3], [1, -1]])})
    peers.agree(made, {"x": normal(2, 3, 5, 6)})


def test_integer_inputs(peers: Peers) -> None:
    nodes = [node("Cast", "x", "f", to=TensorProto.FLOAT), node("Conv", "f w")]
    made = model(nodes, {"x": ["n", 3, 5, 6]}, WEIGHTS, types={"x": TensorProto.UINT8})
    peers.agree(made, {"x": np.random.default_rng(0).integers(0, 256, (1, 3, 5, 6)).astype(np.uint8)})
