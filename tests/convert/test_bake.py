"""Baking leaves the answers the same: TensorFlow.js on levels of 0..255 against numpy on normalized values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from builder.convert.bake import append_softmax, bake_normalize, set_input_size
from builder.convert.folder import read_folder, write_folder
from builder.convert.model import ConvertedModel
from builder.convert.quantize import Quantization, Rule
from builder.errors import UserError
from builder.inputs.tfjs_model import read_model
from tests.convert.tfjs import predicted
from tests.graphs import (
    FALSE,
    FLOAT,
    INT,
    NHWC,
    SAME,
    VALID,
    attribute_string,
    const,
    graph_document,
    ints,
    node,
    tensor_info,
)
from tests.graphs import shape as shape_attribute
from tests.models import INPUT_RANGES, Form, pictures, tiny_model

SCALE, MEAN, STD = 1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def normalized(levels: NDArray[Any]) -> NDArray[np.float64]:
    """ImageNet's, channels last."""
    made: NDArray[np.float64] = (levels * SCALE - np.array(MEAN)) / np.array(STD)
    return made


def convolved(x: NDArray[Any], kernel: NDArray[Any], stride: int, padding: str, *, deep: bool) -> NDArray[Any]:
    """[n, h, w, in] → [n, h', w', out] in double precision."""
    side = kernel.shape[0]
    if padding == "SAME":
        short = [max((-(-n // stride) - 1) * stride + side - n, 0) for n in x.shape[1:3]]
        x = np.pad(x, [(0, 0), *((s // 2, s - s // 2) for s in short), (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(x, (side, side), axis=(1, 2))[:, ::stride, ::stride]
    made: NDArray[Any] = np.einsum(
        "nhwcij,ijcm->nhwcm" if deep else "nhwcij,ijcm->nhwm", windows, kernel.astype(np.float64)
    )
    maps: NDArray[Any] = made.reshape(*made.shape[:3], -1)
    return maps


class Net:
    """Convolution, perhaps a bias, relu, mean over the places: and the same in numpy."""

    def __init__(self, side: int, padding: str, kind: str, size: tuple[int, int] = (9, 8)) -> None:
        random = np.random.default_rng(side)
        self.deep, self.padding, self.size, self.fused = "deep" in kind, padding, size, "fused" in kind
        self.kernel = random.normal(0, 1, (side, side, 3, 2 if self.deep else 4)).astype(np.float32)
        self.bias = random.normal(0, 1, 6 if self.deep else 4).astype(np.float32) if kind != "bare" else None

    def model(self) -> ConvertedModel:
        plain, fused = (
            ("DepthwiseConv2dNative", "FusedDepthwiseConv2dNative") if self.deep else ("Conv2D", "_FusedConv2D")
        )
        attributes: dict[str, Any] = {
            "strides": ints(1, 2, 2, 1), "padding": {"SAME": SAME, "VALID": VALID}[self.padding], "data_format": NHWC,
            "dilations": ints(1, 1, 1, 1), "T": FLOAT,
        }  # fmt: skip
        weights: dict[str, NDArray[Any]] = {"kernel": self.kernel, "places": np.array([1, 2], np.int32)}
        inputs, last = ["image", "kernel"], "conv"
        nodes = [node("image", "Placeholder", dtype=FLOAT, shape=shape_attribute([-1, *self.size, 3]))]
        if self.bias is not None:
            weights["bias"] = self.bias
        if self.fused:
            inputs.append("bias")
            attributes |= {"fused_ops": {"list": {"s": [attribute_string("BiasAdd")["s"]]}}, "num_args": {"i": "1"}}
        nodes += [const(name, value) for name, value in weights.items()]
        nodes.append(node("conv", fused if self.fused else plain, *inputs, **attributes))
        if self.bias is not None and not self.fused:
            nodes.append(node("biased", "BiasAdd", last := "conv", "bias", T=FLOAT, data_format=NHWC))
            last = "biased"
        nodes.append(node("relu", "Relu", last, T=FLOAT))
        nodes.append(node("means", "Mean", "relu", "places", keep_dims=FALSE, T=FLOAT, Tidx=INT))
        count = 6 if self.deep else 4
        document = graph_document(
            nodes,
            {"image": tensor_info("image:0", [-1, *self.size, 3])},
            {"scores": tensor_info("means:0", [-1, count])},
        )
        return ConvertedModel(document, weights)

    def answers(self, x: NDArray[Any]) -> NDArray[Any]:
        maps = convolved(x, self.kernel, 2, self.padding, deep=self.deep)
        answers: NDArray[Any] = np.maximum(maps + (0 if self.bias is None else self.bias), 0).mean(axis=(1, 2))
        return answers


def operations(model: ConvertedModel) -> list[str]:
    nodes = model.document["modelTopology"]["node"]
    return [entry["op"] for entry in nodes if entry["op"] not in ("Const", "Placeholder")]


def from_folder(folder: Path) -> ConvertedModel:
    document = json.loads((folder / "model.json").read_text("utf-8"))
    return read_folder(document, [folder / name for name in document["weightsManifest"][0]["paths"]])


def answer(model: ConvertedModel, folder: Path, x: NDArray[Any], quantization: Quantization = Quantization()) -> Any:  # noqa: ANN401, B008
    write_folder(model, folder, quantization=quantization)
    read_model(folder)
    (found,) = predicted(folder, {"image": x.astype(np.float32)}).values()
    return found


@pytest.mark.parametrize("size", [(9, 8), (8, 9)])
@pytest.mark.parametrize("kind", ["fused", "biased", "bare", "fused deep", "biased deep"])
@pytest.mark.parametrize(("side", "padding"), [(3, "SAME"), (3, "VALID"), (1, "SAME")])
def test_levels_give_what_normalized_values_gave(
    tmp_path: Path, size: tuple[int, int], kind: str, side: int, padding: str
) -> None:
    net = Net(side, padding, kind, size)
    before = json.dumps(net.model().document)
    model = net.model()
    baked = bake_normalize(model, SCALE, MEAN, STD)
    assert json.dumps(model.document) == before
    np.testing.assert_array_equal(model.weights["kernel"], net.kernel)
    levels = pictures(3, size[::-1], 3)
    np.testing.assert_allclose(
        answer(baked, tmp_path / "m", levels), net.answers(normalized(levels)), rtol=1e-4, atol=1e-4
    )
    folded = kind != "bare" and (padding == "VALID" or side == 1)
    assert operations(baked).count("Sub") == (not folded)
    assert "Mul" not in operations(baked)
    assert baked.document["userDefinedMetadata"]["tfjsForUnity"] == {
        "version": 1, "normalization": {"scale": SCALE, "mean": list(MEAN), "std": list(STD)}
    }  # fmt: skip


def test_a_shift_folded_into_a_padded_convolution_would_be_seen() -> None:
    """What the padding is zero of makes a difference that the tests above can see."""
    net, levels = Net(3, "SAME", "fused"), pictures(3, (8, 9), 3)
    level = np.array(MEAN) / SCALE
    kernel = net.kernel * (SCALE / np.array(STD))[:, None]
    wrong = convolved(levels, kernel, 2, "SAME", deep=False) - np.einsum("hwcm,c->m", kernel, level) + net.bias
    assert np.abs(np.maximum(wrong, 0).mean(axis=(1, 2)) - net.answers(normalized(levels))).max() > 0.05


def test_half_precision_weights_stay_near(tmp_path: Path) -> None:
    net, levels = Net(3, "SAME", "fused"), pictures(3, (8, 9), 3)
    baked = bake_normalize(net.model(), SCALE, MEAN, STD)
    found = answer(baked, tmp_path / "m", levels, Quantization(rules=(Rule("float16"),)))
    expected = net.answers(normalized(levels))
    np.testing.assert_allclose(found, expected, atol=1e-2 * np.ptp(expected))


def test_without_a_shift_nothing_is_left_in_front(tmp_path: Path) -> None:
    net, levels = Net(3, "SAME", "fused"), pictures(3, (8, 9), 3)
    baked = bake_normalize(net.model(), 1 / 255, [0.0], [1.0])
    assert operations(baked) == operations(net.model())
    np.testing.assert_allclose(answer(baked, tmp_path / "m", levels), net.answers(levels / 255), rtol=1e-4, atol=1e-5)


def test_an_input_that_others_read_keeps_nodes(tmp_path: Path) -> None:
    net, levels = Net(3, "VALID", "fused"), pictures(3, (8, 9), 3)
    model = net.model()
    model.document["modelTopology"]["node"].append(node("twin", "Relu", "image", T=FLOAT))
    model.document["signature"]["outputs"] = {"scores": tensor_info("means:0", [-1, 4])}
    baked = bake_normalize(model, SCALE, MEAN, STD)
    assert [op for op in operations(baked) if op in ("Sub", "Mul")] == ["Sub", "Mul"]
    np.testing.assert_allclose(
        answer(baked, tmp_path / "m", levels), net.answers(normalized(levels)), rtol=1e-4, atol=1e-4
    )


def test_planes_are_normalized_plane_by_plane(tmp_path: Path) -> None:
    answers = tiny_model(tmp_path / "in", format="graph", size=(21, 26), form=Form(planar=True), normalize="imagenet")
    scale, mean, std = INPUT_RANGES["imagenet"]
    baked = bake_normalize(from_folder(tmp_path / "in"), scale, [mean, 0, 0], [std, 1, 0.5], layout="NCHW")
    levels = pictures(2, (21, 26), 3)
    x = (levels * scale - np.array([mean, 0, 0])) / np.array([std, 1, 0.5])
    found = answer(baked, tmp_path / "m", np.moveaxis(levels, 3, 1))
    np.testing.assert_allclose(found, answers(x.astype(np.float32)), atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((1 / 255, [0.5, 0.5], [1.0]), "mean and std have 2 and 1 values, the input has 3 channels"),
        ((1 / 255, [0.5], [0.0]), "must be above 0"),
        ((1 / 255, [np.nan], [1.0]), "finite"),
        ((1 / 255, [0.5], [1.0], "other"), "it has no input 'other'"),
    ],
)
def test_normalizations_that_do_not_fit_are_refused(arguments: Any, reason: str) -> None:  # noqa: ANN401
    with pytest.raises(UserError, match=reason):
        bake_normalize(Net(3, "SAME", "fused").model(), *arguments)


def test_nothing_is_normalized_twice(tmp_path: Path) -> None:
    baked = bake_normalize(Net(3, "SAME", "fused").model(), SCALE, MEAN, STD)
    with pytest.raises(UserError, match="one is baked in already"):
        bake_normalize(baked, SCALE, MEAN, STD)
    tiny_model(tmp_path / "levels", format="graph", form=Form(integer="int32"))
    with pytest.raises(UserError, match="takes whole numbers"):
        bake_normalize(from_folder(tmp_path / "levels"), SCALE, MEAN, STD)
    tiny_model(tmp_path / "layers", format="layers")
    with pytest.raises(UserError, match="this is a layers model"):
        bake_normalize(from_folder(tmp_path / "layers"), SCALE, MEAN, STD)


def test_softmax_turns_logits_into_probabilities(tmp_path: Path) -> None:
    logits = tiny_model(tmp_path / "in", format="graph", softmax=False)
    baked = append_softmax(from_folder(tmp_path / "in"))
    x = pictures(3, (48, 32), 3) / 127.5 - 1
    powers = np.exp(logits(x.astype(np.float32)).astype(np.float64))
    found = answer(baked, tmp_path / "m", x)
    np.testing.assert_allclose(found, powers / powers.sum(axis=1, keepdims=True), atol=1e-5)
    facts = read_model(tmp_path / "m")
    assert (facts.activation, facts.outputs[0].shape) == ("softmax", (-1, 5))
    with pytest.raises(UserError, match="ends in Softmax already"):
        append_softmax(baked)


def test_softmax_of_one_output_among_several(tmp_path: Path) -> None:
    tiny_model(tmp_path / "in", format="graph", softmax=False, form=Form(second=True))
    model = from_folder(tmp_path / "in")
    with pytest.raises(UserError, match="it has 2 outputs, and none is named"):
        append_softmax(model)
    with pytest.raises(UserError, match="no output 'x'"):
        append_softmax(model, "x")
    write_folder(append_softmax(model, "classes"), tmp_path / "m")
    assert [tensor.activation for tensor in read_model(tmp_path / "m").outputs] != ["softmax", "softmax"]
    assert read_model(tmp_path / "m").outputs[1].activation == "softmax"


def test_a_size_is_unlocked_and_fixed_where_the_network_pools_globally(tmp_path: Path) -> None:
    net = Net(3, "SAME", "fused", (9, 8))
    for size, shape in (((13, 11), (-1, 11, 13, 3)), (None, (-1, -1, -1, 3))):
        made = set_input_size(net.model(), size)
        x = pictures(2, (13, 11), 3) / 255
        np.testing.assert_allclose(answer(made, tmp_path / "m", x), net.answers(x), rtol=1e-4, atol=1e-5)
        assert read_model(tmp_path / "m").inputs[0].shape == shape


def test_a_network_made_for_one_size_keeps_it(tmp_path: Path) -> None:
    tiny_model(tmp_path / "in", format="graph", size=(48, 32))
    with pytest.raises(UserError, match=r"'flat' \(Reshape\) is made for pictures of one size"):
        set_input_size(from_folder(tmp_path / "in"), None)
    assert set_input_size(from_folder(tmp_path / "in"), (48, 32)).document["signature"]["inputs"]
