"""Whole networks with seeded random weights, built node by node as PyTorch exports them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto

from tests.convert_onnx.peers import Array, model, node


class Builder:
    """Nodes and weights; every method returns the name of its output."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.weights: dict[str, Array] = {}
        self.generator = np.random.default_rng(7)

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:  # noqa: ANN401
        output = f"{op}_{len(self.nodes)}"
        self.nodes.append(node(op, " ".join(inputs), output, **attributes))
        return output

    def weight(self, *shape: int, low: float | None = None) -> str:
        """Normal with a variance that keeps activations alive, or uniform from `low` to 1.5."""
        fan = int(np.prod(shape[1:])) or 1
        found = (
            self.generator.normal(size=shape) * np.sqrt(2 / fan)
            if low is None
            else self.generator.uniform(low, 1.5, shape)
        )
        self.weights[name := f"w{len(self.weights)}"] = found.astype(np.float32)
        return name

    def conv(self, x: str, sizes: tuple[int, int, int], *, stride: int = 1, relu: bool = True) -> str:
        """Convolution of (in, out, kernel), BatchNormalization, Relu."""
        before, after, kernel = sizes
        pads = [kernel // 2] * 4
        y = self.add("Conv", x, self.weight(after, before, kernel, kernel), strides=[stride, stride], pads=pads)
        statistics = [self.weight(after, low=low) for low in (0.5, -0.5, -0.5, 0.5)]
        y = self.add("BatchNormalization", y, *statistics)
        return self.add("Relu", y) if relu else y

    def block(self, x: str, before: int, after: int, stride: int) -> str:
        y = self.conv(x, (before, after, 3), stride=stride)
        y = self.conv(y, (after, after, 3), relu=False)
        short = x if before == after else self.conv(x, (before, after, 1), stride=stride, relu=False)
        return self.add("Relu", self.add("Add", y, short))


def resnet(widths: Iterable[int] = (64, 128, 256, 512), classes: int = 1000) -> ModelProto:
    """ResNet-18 for the default widths: 11.7 million weights."""
    build = Builder()
    widths = list(widths)
    y = build.conv("x", (3, widths[0], 7), stride=2)
    y = build.add("MaxPool", y, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    before = widths[0]
    for stage, width in enumerate(widths):
        for index in range(2):
            y = build.block(y, before, width, 2 if stage and not index else 1)
            before = width
    y = build.add("Flatten", build.add("GlobalAveragePool", y))
    build.nodes.append(node("Gemm", f"{y} {build.weight(classes, before)} {build.weight(classes)}", transB=1))
    return model(build.nodes, {"x": ["batch", 3, "height", "width"]}, build.weights)


def detector(classes: int = 3) -> ModelProto:
    """A small detector as Ultralytics builds them: split blocks, pooled pyramid, upsampling, distances by softmax."""
    build = Builder()
    stem = _silu(build, build.conv("x", (3, 8, 3), stride=2, relu=False))
    fine = _split_block(build, stem, 8)
    coarse = _pyramid(build, _silu(build, build.conv(fine, (8, 16, 3), stride=2, relu=False)), 16)
    build.weights["double"] = np.asarray([1, 1, 2, 2], np.float32)
    up = build.add("Resize", coarse, "-", "double", mode="nearest", coordinate_transformation_mode="asymmetric",
                   nearest_mode="floor")  # fmt: skip
    joined = _split_block(build, build.conv(build.add("Concat", up, fine, axis=1), (24, 8, 1), relu=False), 8)
    heads = [_head(build, joined, 8, classes), _head(build, coarse, 16, classes)]
    y = build.add("Concat", *heads, axis=2)
    build.weights["parts"] = np.asarray([64, classes], np.int64)
    build.nodes.append(node("Split", f"{y} parts", "boxes scores", axis=1))
    for name, value in (("four", [0, 4, 16, -1]), ("flat", [0, 4, -1]), ("bins", np.arange(16).reshape(1, 16, 1, 1))):
        build.weights[name] = np.asarray(value, np.float32 if name == "bins" else np.int64)
    spread = build.add("Transpose", build.add("Reshape", "boxes", "four"), perm=[0, 2, 1, 3])
    distances = build.add("Reshape", build.add("Conv", build.add("Softmax", spread, axis=1), "bins"), "flat")
    build.nodes.append(node("Concat", f"{distances} {build.add('Sigmoid', 'scores')}", axis=1))
    return model(build.nodes, {"x": ["n", 3, "h", "w"]}, build.weights)


def _silu(build: Builder, x: str) -> str:
    return build.add("Mul", x, build.add("Sigmoid", x))


def _split_block(build: Builder, x: str, width: int) -> str:
    """Half of the channels go through two more convolutions; all are joined."""
    y = _silu(build, build.conv(x, (width, width, 1), relu=False))
    first, second = f"{y}_a", f"{y}_b"
    build.weights[f"{y}_sizes"] = np.asarray([width // 2] * 2, np.int64)
    build.nodes.append(node("Split", f"{y} {y}_sizes", f"{first} {second}", axis=1))
    third = build.add("Add", second, _silu(build, build.conv(second, (width // 2, width // 2, 3), relu=False)))
    joined = build.add("Concat", first, second, third, axis=1)
    return _silu(build, build.conv(joined, (width * 3 // 2, width, 1), relu=False))


def _pyramid(build: Builder, x: str, width: int) -> str:
    pooled = [x]
    for _ in range(3):
        pooled.append(build.add("MaxPool", pooled[-1], kernel_shape=[5, 5], strides=[1, 1], pads=[2, 2, 2, 2]))
    return _silu(build, build.conv(build.add("Concat", *pooled, axis=1), (width * 4, width, 1), relu=False))


def _head(build: Builder, x: str, width: int, classes: int) -> str:
    """[n, 64 + classes, places]: 16 bins for each of 4 distances, then the classes."""
    boxes = build.add("Conv", x, build.weight(64, width, 1, 1), build.weight(64))
    scores = build.add("Conv", x, build.weight(classes, width, 1, 1), build.weight(classes))
    build.weights["places"] = np.asarray([0, 64 + classes, -1], np.int64)
    return build.add("Reshape", build.add("Concat", boxes, scores, axis=1), "places")


def transformer(width: int = 24, heads: int = 3, depth: int = 2) -> ModelProto:
    """A small vision transformer: patches, a class token, attention, GELU spelled out, LayerNormalization."""
    build = Builder()
    numbers = {"flat": [0, width, -1], "cls_shape": [-1, 1, width], "zero": 0, "one": 1, "two": 2}
    shapes = {"split": [0, -1, 3, heads, width // heads], "joined": [0, -1, width]}
    build.weights |= {name: np.asarray(value, np.int64) for name, value in (numbers | shapes).items()}
    factors = {"root": 2**0.5, "plus": 1, "half": 0.5, "scale": (width // heads) ** -0.5}
    build.weights |= {name: np.asarray(value, np.float32) for name, value in factors.items()}
    y = build.add("Conv", "x", build.weight(width, 3, 8, 8), build.weight(width), strides=[8, 8])
    y = build.add("Transpose", build.add("Reshape", y, "flat"), perm=[0, 2, 1])
    batch = build.add("Unsqueeze", build.add("Gather", build.add("Shape", "x"), "zero", axis=0), "zero_1")
    build.weights |= {"zero_1": np.asarray([0]), "rest": np.asarray([1, width])}
    token = build.add("Expand", build.weight(1, 1, width), build.add("Concat", batch, "rest", axis=0))
    y = build.add("Add", build.add("Concat", token, y, axis=1), build.weight(1, 17, width))
    for _ in range(depth):
        y = build.add("Add", y, _attention(build, _normalized(build, y, width), width))
        y = build.add("Add", y, _dense_block(build, _normalized(build, y, width), width))
    first = build.add("Gather", _normalized(build, y, width), "zero", axis=1)
    build.nodes.append(node("Gemm", f"{first} {build.weight(10, width)} {build.weight(10)}", transB=1))
    return model(build.nodes, {"x": ["n", 3, 32, 32]}, build.weights)


def _normalized(build: Builder, x: str, width: int) -> str:
    return build.add("LayerNormalization", x, build.weight(width, low=0.5), build.weight(width), axis=-1, epsilon=1e-6)


def _linear(build: Builder, x: str, before: int, after: int) -> str:
    return build.add("Add", build.weight(after), build.add("MatMul", x, build.weight(before, after)))


def _attention(build: Builder, x: str, width: int) -> str:
    y = build.add("Transpose", build.add("Reshape", _linear(build, x, width, 3 * width), "split"), perm=[2, 0, 3, 1, 4])
    query, key, value = (build.add("Gather", y, index, axis=0) for index in ("zero", "one", "two"))
    scores = build.add("MatMul", build.add("Mul", query, "scale"), build.add("Transpose", key, perm=[0, 1, 3, 2]))
    mixed = build.add("Transpose", build.add("MatMul", build.add("Softmax", scores, axis=-1), value), perm=[0, 2, 1, 3])
    return _linear(build, build.add("Reshape", mixed, "joined"), width, width)


def _dense_block(build: Builder, x: str, width: int) -> str:
    y = _linear(build, x, width, 4 * width)
    curve = build.add("Add", build.add("Erf", build.add("Div", y, "root")), "plus")
    return _linear(build, build.add("Mul", build.add("Mul", y, curve), "half"), 4 * width, width)
