"""A style network as `fast neural style` shapes them, as the ONNX file that PyTorch's export writes.

Encoder, residual blocks and decoder (nearest upsampling and a convolution) with instance normalization, channels first,
0..255 in and out. Its convolutions are random; the last one is fitted by least squares to drawings of scenes: it
paints without any training framework, and knows nothing else.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper
from PIL import Image, ImageFilter, ImageOps

from examples.hands import LABELS, photo
from examples.onnx_graph import OnnxGraph

Array = NDArray[np.float32]
Picture = NDArray[np.uint8]
_OPSET = 15
_PENALTY = 1e-2  # of the least squares
_SCENES = 12
_LEARNT = 96  # pixels a side of what it learns by
_CONTRAST = 1.8  # least squares paint what is in doubt in the mean colour


class _Graph(OnnxGraph):
    """With the blocks of this network."""

    def conv(
        self, x: str, kernel: NDArray[Any], bias: NDArray[Any] | None = None, *, stride: int = 1, name: str = ""
    ) -> str:
        weights = [self.weight(kernel), *([] if bias is None else [self.weight(bias)])]
        return self.add("Conv", x, *weights, strides=[stride] * 2, pads=[kernel.shape[-1] // 2] * 4, name=name)

    def block(self, x: str, inner: int, outer: int, *, side: int = 3, stride: int = 1, relu: bool = True) -> str:
        """Convolution, instance normalization, ReLU."""
        kernel = self.random.normal(0, (2 / (inner * side * side)) ** 0.5, (outer, inner, side, side))
        scale, bias = self.random.uniform(0.7, 1.3, outer), self.random.uniform(-0.2, 0.6, outer)
        conv = self.conv(x, kernel, stride=stride)
        norm = self.add("InstanceNormalization", conv, self.weight(scale), self.weight(bias), epsilon=1e-5)
        return self.add("Relu", norm) if relu else norm

    def residual(self, x: str, width: int) -> str:
        return self.add("Add", x, self.block(self.block(x, width, width), width, width, relu=False))

    def enlarged(self, x: str) -> str:
        scales = self.weight(np.array([1, 1, 2, 2]))
        modes = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        return self.add("Resize", x, "", scales, **modes)

    def model(self, side: int, output: str, channels: int) -> onnx.ModelProto:
        image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, side, side])
        made = helper.make_tensor_value_info(output, TensorProto.FLOAT, [1, channels, side, side])
        graph = helper.make_graph(self.nodes, "style", [image], [made], self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=8)


def _features(graph: _Graph, width: int) -> tuple[str, int]:
    """The network but for its last convolution; the name and the channels of what it gives."""
    unit = graph.add("Mul", "image", graph.weight(np.array(1 / 255)))
    first = graph.block(unit, 3, width, side=9)
    half = graph.block(first, width, 2 * width, stride=2)
    quarter = graph.block(half, 2 * width, 4 * width, stride=2)
    for _ in range(2):
        quarter = graph.residual(quarter, 4 * width)
    up = graph.block(graph.enlarged(quarter), 4 * width, 2 * width)
    up = graph.block(graph.enlarged(up), 2 * width, width)
    return graph.add("Concat", up, first, unit, axis=1), 2 * width + 3


def drawn(picture: Image.Image) -> Image.Image:
    """The style to be learned: few levels of warm colours, and dark lines where edges are."""
    soft = picture.convert("RGB").filter(ImageFilter.GaussianBlur(1.5))
    gray = ImageOps.grayscale(soft)
    warm = ImageOps.colorize(ImageOps.posterize(gray, 3), (30, 20, 80), (255, 240, 200), mid=(220, 80, 90))
    lines = ImageOps.invert(gray.filter(ImageFilter.FIND_EDGES)).point(lambda level: max(0, 4 * level - 765))
    return Image.composite(warm, Image.new("RGB", picture.size, (20, 10, 50)), lines)


def scenes(side: int) -> list[Image.Image]:
    """What it learns by."""
    random = np.random.default_rng(2)
    return [photo(LABELS[i % len(LABELS)], random).image.resize((side, side)) for i in range(_SCENES)]


def write_model(path: Path, side: int = 224, width: int = 12) -> None:
    """Writes the network for pictures of `side` (a multiple of four) x `side` pixels; the same bytes every time."""
    graph = _Graph(np.random.default_rng(1))
    features, channels = _features(graph, width)
    kernel, bias = _fitted(graph.model(_LEARNT, features, channels), scenes(_LEARNT))
    graph.conv(features, kernel[..., None, None], bias, name="styled")
    onnx.save(graph.model(side, "styled", 3), str(path))


def _fitted(model: onnx.ModelProto, pictures: list[Image.Image]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Kernel [3, channels] and bias [3] that make of the features what is drawn."""
    session = _session(model)
    seen = np.concatenate([_rows(session.run(None, {"image": _fed(np.asarray(one))})[0]) for one in pictures])
    wanted = np.concatenate([np.asarray(drawn(one), np.float64).reshape(-1, 3) for one in pictures])
    mean, colour = seen.mean(axis=0), wanted.mean(axis=0)
    moments = (seen - mean).T @ (seen - mean) / len(seen) + _PENALTY * np.eye(len(mean))
    kernel = _CONTRAST * np.linalg.solve(moments, (seen - mean).T @ (wanted - colour) / len(seen)).T
    return kernel, colour - kernel @ mean


def _rows(found: Array) -> NDArray[np.float64]:
    """[1, channels, h, w] → [pixels, channels]."""
    return np.asarray(found[0].reshape(found.shape[1], -1).T, np.float64)


def _fed(picture: Picture) -> Array:
    return np.ascontiguousarray(picture.transpose(2, 0, 1)[None], np.float32)


def _session(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def styled(path: Path, picture: Picture) -> Picture:
    """What the model makes of a picture [side, side, 3], by onnxruntime."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"image": _fed(picture)})
    return np.asarray(np.rint(found[0].transpose(1, 2, 0).clip(0, 255)), np.uint8)
