"""The networks of the benchmark, each as ONNX and as a TensorFlow.js model folder that was converted from it.

EfficientNet-Lite0 has its published weights, the emotion model is the one of `make demo` and has no ONNX form. The
others have random weights: time does not depend on them, but answers must, so their last layer is fitted to tell the
pictures of the benchmark apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from builder.cli.checking import Checking
from builder.cli.conversion import ConvertOptions, convert
from examples.fetching import npm_packages
from tests.real.efficientnet import MEAN, STD, steps
from tests.real.models import efficientnet_weights

Array = NDArray[Any]
HERE = Path(__file__).parent
IMAGENET = ("--normalize", "imagenet")
_PICTURES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """`normalize` is `generate`'s preset; `softmax`: the scores are raw."""

    name: str
    folder: Path
    onnx: Path | None
    normalize: str
    softmax: bool = False


@dataclass(slots=True)
class Writer:
    """An ONNX graph in the making, for pictures of `side` pixels; every call adds to `last`."""

    side: int
    seed: int
    last: str = "image"
    channels: int = 3
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    weights: dict[str, Array] = field(default_factory=dict)
    _random: np.random.Generator = field(init=False)
    _image: int = field(init=False)

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(self.seed)
        self._image = self.side

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:  # noqa: ANN401
        name = f"{op}{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], name, **attributes))
        self.last = name
        return name

    def weight(self, value: Array) -> str:
        name = f"weight{len(self.weights)}"
        self.weights[name] = np.ascontiguousarray(value, np.float32)
        return name

    def convolution(self, kernel: Array, bias: Array, stride: int, *, most: float | None, groups: int = 1) -> str:
        """`kernel` [out, in, h, w], padded as TensorFlow's SAME does; cut off at 0 and at `most`, if there is one."""
        size, side = -(-self.side // stride), kernel.shape[2]
        short = max((size - 1) * stride + side - self.side, 0)
        pads = [short // 2] * 2 + [short - short // 2] * 2
        inputs = (self.last, self.weight(kernel), self.weight(bias))
        self.add("Conv", *inputs, strides=[stride] * 2, pads=pads, group=groups)
        self.side, self.channels = size, kernel.shape[0]
        if most is None:
            return self.last
        if np.isinf(most):
            return self.add("Relu", self.last)
        limits = (self.weight(np.array(0)), self.weight(np.array(most)))
        return self.add("Clip", self.last, *limits)

    def random(self, filters: int, side: int, stride: int, *, most: float, deep: bool = False) -> str:
        """A convolution of random weights; `deep` has one filter for each channel."""
        inner = 1 if deep else self.channels
        shape = (filters, inner, side, side)
        kernel = self._random.normal(0, np.sqrt(2 / (inner * side * side)), shape)
        groups = self.channels if deep else 1
        return self.convolution(kernel, self._random.normal(0, 0.1, filters), stride, most=most, groups=groups)

    def classify(self, classes: int) -> None:
        """Pooling, a dense layer that tells the benchmark's pictures apart, softmax."""
        self.pooled()
        features = np.concatenate([self._run(waves(number, self._image)) for number in range(_PICTURES)])
        spread = features.std(0)
        dense = self._random.normal(0, 1, (classes, features.shape[1])) / np.sqrt(features.shape[1])
        dense = dense / np.maximum(spread, spread.max() * 0.3)
        self.dense(dense, -dense @ features.mean(0))
        self.add("Softmax", self.last, axis=1)

    def pooled(self) -> None:
        self.add("GlobalAveragePool", self.last)
        self.add("Flatten", self.last)

    def dense(self, kernel: Array, bias: Array) -> None:
        self.add("Gemm", self.last, self.weight(kernel), self.weight(bias), transB=1)
        self.channels = len(kernel)

    def model(self) -> onnx.ModelProto:
        image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, self._image, self._image])
        out = helper.make_tensor_value_info(self.last, TensorProto.FLOAT, [1, self.channels])
        weights = [numpy_helper.from_array(value, name) for name, value in self.weights.items()]
        graph = helper.make_graph(self.nodes, "network", [image], [out], weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)

    def _run(self, picture: Array) -> Array:
        made: Array = onnxruntime.InferenceSession(self.model().SerializeToString()).run(None, {"image": picture})[0]
        return made


def waves(number: int, side: int) -> Array:
    """The game's picture of that number (jslib/src/bench/game.ts) by ImageNet's figures: [1, 3, side, side]."""
    down, right = np.meshgrid(*[2 * np.pi * (np.arange(side) + 0.5) / side] * 2, indexing="ij")
    colors = (np.sin(right + number), np.sin(down + right - 2 * number), np.cos(down - right + 3 * number))
    levels = np.round(127.5 + 90 * np.stack(colors, -1)) / 255
    picture: Array = ((levels - MEAN) / STD).transpose(2, 0, 1)[None].astype(np.float32)
    return picture


def mobilenet() -> onnx.ModelProto:
    """MobileNetV1 of width 0.25 at 224 (arXiv:1704.04861, table 1)."""
    made = Writer(side=224, seed=1)
    made.random(8, 3, 2, most=6)
    blocks = ((16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), *[(128, 1)] * 5, (256, 2), (256, 1))
    for filters, stride in blocks:
        made.random(made.channels, 3, stride, most=6, deep=True)
        made.random(filters, 1, 1, most=6)
    made.classify(1000)
    return made.model()


def digits() -> onnx.ModelProto:
    """A small network for hand signs: three convolutions with pooling, 64x64, ten classes."""
    made = Writer(side=64, seed=2)
    for filters in (16, 32, 64):
        made.random(filters, 3, 1, most=np.inf)
        made.add("MaxPool", made.last, kernel_shape=[2, 2], strides=[2, 2])
        made.side //= 2
    made.classify(10)
    return made.model()


def lite0() -> onnx.ModelProto:
    """EfficientNet-Lite0 as trained on ImageNet; raw scores."""
    weights = efficientnet_weights()
    made = Writer(side=224, seed=0)
    kept = made.last
    for step in steps(weights):
        kept = made.last if step.opens else kept
        order = (2, 3, 0, 1) if step.deep else (3, 2, 0, 1)
        groups = step.kernel.shape[2] if step.deep else 1
        most = 6.0 if step.relu6 else None
        made.convolution(step.kernel.transpose(order), step.bias, step.stride, most=most, groups=groups)
        if step.closes:
            made.add("Add", made.last, kept)
    made.pooled()
    made.dense(weights["_fc.weight"], weights["_fc.bias"])
    return made.model()


def networks(folder: Path) -> Iterator[Network]:
    """All of them, written below `folder`."""
    emotion = (
        npm_packages(HERE.parents[1] / "examples" / "emotion") / "@vladmandic" / "human" / "models" / "emotion.json"
    )
    made: Mapping[str, onnx.ModelProto] = {"MobileNetV1-0.25": mobilenet(), "digits": digits()}
    yield from (_converted(folder, name, model) for name, model in made.items())
    yield Network(name="emotion", folder=emotion, onnx=None, normalize="signed")
    yield _converted(folder, "EfficientNet-Lite0", lite0(), softmax=True)


def _converted(folder: Path, name: str, model: onnx.ModelProto, *, softmax: bool = False) -> Network:
    file = folder / f"{name}.onnx"
    onnx.checker.check_model(model)
    file.write_bytes(model.SerializeToString())
    convert(file, folder / name, ConvertOptions(checking=Checking(how="none")), lambda _: None)
    return Network(name=name, folder=folder / name, onnx=file, normalize="imagenet", softmax=softmax)
