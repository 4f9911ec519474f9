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
