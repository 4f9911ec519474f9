"""EfficientNet-Lite0 from its published weights: as a TensorFlow.js graph model, and computed with numpy alone.

The network is a list of steps, which `write` turns into nodes and `logits` into numbers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tests.graphs import FALSE, FLOAT, INT, NHWC, SAME, attribute_string, const, graph_document, ints, node, tensor_info
from tests.graphs import shape as shape_attribute

Array = NDArray[np.float32]
Form = Literal["plain", "any size", "levels", "planes"]
CLASSES = 1000
# Strides of the blocks; the rest follows from the shapes of the weights (arXiv:1905.11946, table 1).
_STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)
BLOCKS = len(_STRIDES)
_EPSILON = 1e-3
# ImageNet's, as the weights were trained with.
MEAN, STD = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)


@dataclass(frozen=True)
class Step:
    """A convolution with its batch normalization folded in: kernel [h, w, in, out] ([h, w, channels, 1] if `deep`),
    bias [out]; `opens`: its input is added to what comes out of the next step that `closes`."""

    name: str
    kernel: Array
    bias: Array
    stride: int = 1
    deep: bool = False
    relu6: bool = True
    opens: bool = False
    closes: bool = False


def steps(weights: Mapping[str, NDArray[Any]]) -> Iterator[Step]:
    """The convolutions in order, from the names and shapes of the state dict."""
    yield _step(weights, "_conv_stem", "_bn0", stride=2)
    for number, stride in enumerate(_STRIDES):
        block = f"_blocks.{number}."
        outer = weights[block + "_project_conv.weight"].shape[0]
        inner = weights.get(block + "_expand_conv.weight", weights[block + "_depthwise_conv.weight"])
        residual = stride == 1 and number > 0 and inner.shape[1] == outer
        if number:
            yield _step(weights, block + "_expand_conv", block + "_bn0", opens=residual)
        yield _step(weights, block + "_depthwise_conv", block + "_bn1", stride=stride, deep=True)
        yield _step(weights, block + "_project_conv", block + "_bn2", relu6=False, closes=residual)
    yield _step(weights, "_conv_head", "_bn1")


def _step(weights: Mapping[str, NDArray[Any]], conv: str, norm: str, *, deep: bool = False, **more: Any) -> Step:  # noqa: ANN401
    scale = weights[norm + ".weight"] / np.sqrt(weights[norm + ".running_var"] + _EPSILON)
    kernel = weights[conv + ".weight"] * scale[:, None, None, None]
    bias = weights[norm + ".bias"] - weights[norm + ".running_mean"] * scale
    order = (2, 3, 0, 1) if deep else (2, 3, 1, 0)
    name = conv.replace(".", "/")
    return Step(
        name, np.ascontiguousarray(kernel.transpose(order), np.float32), bias.astype(np.float32), deep=deep, **more
    )


# --- numpy --------------------------------------------------------------------------------------------------------


def logits(weights: Mapping[str, NDArray[Any]], picture: NDArray[np.uint8]) -> Array:
    """[1000] for a picture [h, w, 3] of the size that the network is to see."""
    x = ((picture / np.float32(255) - MEAN) / STD).astype(np.float32)
    kept = x
    for step in steps(weights):
        kept = x if step.opens else kept
        x = _convolved(x, step)
        x = x + kept if step.closes else x
    features: Array = x.mean(axis=(0, 1))
    scores: Array = weights["_fc.weight"] @ features + weights["_fc.bias"]
    return scores


def _convolved(x: Array, step: Step) -> Array:
    """[h, w, in] → [ceil(h / stride), ceil(w / stride), out], padded as TensorFlow's SAME does."""
    side = step.kernel.shape[0]
    sizes = [-(-length // step.stride) for length in x.shape[:2]]
    short = [max((n - 1) * step.stride + side - length, 0) for n, length in zip(sizes, x.shape[:2], strict=True)]
    x = np.pad(x, [(s // 2, s - s // 2) for s in short] + [(0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(x, (side, side), axis=(0, 1))[:: step.stride, :: step.stride]
    pattern = "hwcij,ijco->hwc" if step.deep else "hwcij,ijco->hwo"
    made: Array = np.einsum(pattern, windows, step.kernel, optimize=True) + step.bias
    return np.clip(made, 0, 6) if step.relu6 else made


# --- TensorFlow.js ------------------------------------------------------------------------------------------------


def write(weights: Mapping[str, NDArray[Any]], folder: Path, form: Form = "plain", size: int = 224) -> None:
    """Writes the model folder, without softmax. `levels`: it takes int32 levels of 0..255 and normalizes them itself;
    `planes`: [batch, channels, height, width]."""
    graph = _Graph(form)
    last = graph.entrance()
    kept = last
    for step in steps(weights):
        kept = last if step.opens else kept
        last = graph.convolution(last, step)
        last = graph.add("AddV2", f"{step.name}/sum", last, kept, T=FLOAT) if step.closes else last
    graph.head(last, weights)
    height = width = -1 if form == "any size" else size
    image = [-1, 3, height, width] if form == "planes" else [-1, height, width, 3]
    graph.save(folder, image)


class _Graph:
    """Nodes and weights in the making."""

    def __init__(self, form: Form) -> None:
        self.form, self.nodes = form, list[dict[str, Any]]()
        self.weights: dict[str, NDArray[Any]] = {}

    def add(self, op: str, name: str, *inputs: str, **attributes: object) -> str:
        self.nodes.append(node(name, op, *inputs, **attributes))
        return name

    def weight(self, name: str, value: NDArray[Any]) -> str:
        self.weights[name] = np.asarray(value, np.int32 if value.dtype.kind == "i" else np.float32)
        self.nodes.append(const(name, self.weights[name]))
        return name

    def entrance(self) -> str:
        if self.form == "planes":
            return self.add(
                "Transpose", "last", "image", self.weight("order", np.array([0, 2, 3, 1])), T=FLOAT, Tperm=INT
            )
        if self.form != "levels":
            return "image"
        self.add("Cast", "cast", "image", SrcT=INT, DstT=FLOAT)
        self.add("Mul", "scaled", "cast", self.weight("scale", 1 / (255 * STD)), T=FLOAT)
        return self.add("Sub", "shifted", "scaled", self.weight("shift", MEAN / STD), T=FLOAT)

    def convolution(self, last: str, step: Step) -> str:
        kernel, bias = self.weight(f"{step.name}/kernel", step.kernel), self.weight(f"{step.name}/bias", step.bias)
        fused = [attribute_string(text) for text in ("BiasAdd", "Relu6")[: 1 + step.relu6]]
        return self.add(
            "FusedDepthwiseConv2dNative" if step.deep else "_FusedConv2D", step.name, last, kernel, bias,
            strides=ints(1, step.stride, step.stride, 1), padding=SAME, data_format=NHWC, dilations=ints(1, 1, 1, 1),
            fused_ops={"list": {"s": [entry["s"] for entry in fused]}}, num_args={"i": "1"}, T=FLOAT,
        )  # fmt: skip

    def head(self, last: str, weights: Mapping[str, NDArray[Any]]) -> None:
        self.add("Mean", "pooled", last, self.weight("places", np.array([1, 2])), keep_dims=FALSE, T=FLOAT, Tidx=INT)
        dense = self.weight("dense", np.ascontiguousarray(weights["_fc.weight"].T))
        self.add("MatMul", "product", "pooled", dense, transpose_a=FALSE, transpose_b=FALSE, T=FLOAT)
        self.add("AddV2", "logits", "product", self.weight("dense/bias", weights["_fc.bias"]), T=FLOAT)

    def save(self, folder: Path, image: list[int]) -> None:
        dtype = INT if self.form == "levels" else FLOAT
        place = node("image", "Placeholder", dtype=dtype, shape=shape_attribute(image))
        document = graph_document(
            [place, *self.nodes],
            {"image": tensor_info("image:0", image, dtype["type"])},
            {"logits": tensor_info("logits:0", [-1, CLASSES])},
        )
        entries = [{"name": n, "shape": list(w.shape), "dtype": str(w.dtype)} for n, w in self.weights.items()]
        folder.mkdir(parents=True)
        (folder / "weights.bin").write_bytes(b"".join(w.tobytes() for w in self.weights.values()))
        manifest = [{"paths": ["weights.bin"], "weights": entries}]
        (folder / "model.json").write_text(json.dumps(document | {"weightsManifest": manifest}), "utf-8")
