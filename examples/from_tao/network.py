"""A gesture classifier like TAO's GestureNet, a small residual network, as the ONNX file that `export` writes.

Channels first, softmax at its end, any number of pictures. Its convolutions are random; the layer of scores behind it
is fitted to drawn hands by least squares: it tells them apart without any training framework, and knows nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper

from examples.onnx_graph import OnnxGraph

Array = NDArray[np.float32]
SIDE = 160
_WIDTHS = (24, 32, 64, 128)
_OPSET = 15
_PENALTY = 1e-3  # of the least squares
_SHARPNESS = 12.0  # of the scores: softmax makes them about 0.9 and more


class _Graph(OnnxGraph):
    """With the blocks of this network."""

    def block(self, x: str, inner: int, outer: int, *, side: int = 3, stride: int = 1, relu: bool = True) -> str:
        """Convolution, batch normalization, ReLU."""
        kernel = self.random.normal(0, (2 / (inner * side * side)) ** 0.5, (outer, inner, side, side))
        conv = self.add("Conv", x, self.weight(kernel), strides=[stride] * 2, pads=[side // 2] * 4)
        ranges = ((0.7, 1.3), (-0.2, 0.2), (-0.2, 0.2), (0.7, 1.3))  # scale, bias, mean, variance
        norm = self.add("BatchNormalization", conv, *(self.weight(self.random.uniform(*r, outer)) for r in ranges))
        return self.add("Relu", norm) if relu else norm

    def residual(self, x: str, inner: int, outer: int, stride: int) -> str:
        inside = self.block(x, inner, outer, stride=stride)
        inside = self.block(inside, outer, outer, relu=False)
        beside = x if inner == outer else self.block(x, inner, outer, side=1, stride=stride, relu=False)
        return self.add("Relu", self.add("Add", inside, beside))


def _features(graph: _Graph) -> str:
    """[n, 3, 160, 160] to [n, 128]."""
    x = graph.block("input_1", 3, _WIDTHS[0], side=7, stride=2)
    x = graph.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    for number, (inner, outer) in enumerate(pairwise(_WIDTHS)):
        x = graph.residual(x, inner, outer, 1 if number == 0 else 2)
    return graph.add("Flatten", graph.add("GlobalAveragePool", x))


def _model(graph: _Graph, output: str, width: int) -> onnx.ModelProto:
    image = helper.make_tensor_value_info("input_1", TensorProto.FLOAT, ["N", 3, SIDE, SIDE])
    result = helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N", width])
    made = helper.make_graph(graph.nodes, "gestures", [image], [result], graph.weights)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def run(model: onnx.ModelProto, pictures: Array) -> Array:
    """What onnxruntime makes of pictures [n, 3, 160, 160]."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    rows = [session.run(None, {"input_1": picture[None]})[0] for picture in pictures]
    return np.concatenate(rows)


def write_model(file: Path, pictures: Array, labels: Sequence[int], classes: int, seed: int = 0) -> None:
    """Fits the network to pictures [n, 3, 160, 160], normalized, and their classes; writes it."""
    graph = _Graph(np.random.default_rng(seed))
    features = _features(graph)
    found = run(_model(graph, features, _WIDTHS[-1]), pictures)
    weights, bias = _fitted(found, np.eye(classes, dtype=np.float32)[list(labels)])
    scores = graph.add("Gemm", features, graph.weight(weights), graph.weight(bias))
    softmax = graph.add("Softmax", scores, name="activation_18", axis=1)
    onnx.save(_model(graph, softmax, classes), str(file))


def _fitted(features: Array, wanted: Array) -> tuple[Array, Array]:
    """Weights [features, classes] and bias [classes] of the scores."""
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    x = (features - mean) / spread
    fitted = np.linalg.solve(x.T @ x / len(x) + _PENALTY * np.eye(x.shape[1]), x.T @ wanted / len(x)) * _SHARPNESS
    weights = fitted / spread[:, None]
    return weights.astype(np.float32), (wanted.mean(axis=0) * _SHARPNESS - mean @ weights).astype(np.float32)
