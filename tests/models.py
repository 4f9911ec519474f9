"""Small TensorFlow.js models of the project's own, and what they must answer, computed with numpy alone.

`tiny_model` writes a classifier: 3x3 convolution (stride 2, relu), 4x4 average pooling, dense layer, softmax. Dense
weights differ by place, so flips, crops and swapped channels change the answer, and the weights are scaled on seeded
pictures, so that no class wins everywhere.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Expected = Callable[[Array], Array]
Format = Literal["layers", "graph"]
Quantize = Literal["uint8", "uint16", "float16"]
# 0..255 as the network sees it: (value * scale - offset). Independent of builder/spec.py on purpose.
INPUT_RANGES: dict[str, tuple[float, float, float]] = {
    "unit": (1 / 255, 0.0, 1.0),
    "signed": (1 / 127.5, 1.0, 1.0),
    "imagenet": (1 / 255, 0.449, 0.226),
    "none": (1.0, 0.0, 1.0),
}
_FILTERS, _KERNEL, _STRIDE, _POOL = 8, 3, 2, 4


@dataclass(frozen=True)
class TinyNet:
    """The weights: kernel [3, 3, channels, 8], bias [8], dense [features, classes], scores [classes]."""

    kernel: Array
    bias: Array
    dense: Array
    scores: Array

    def features(self, x: Array) -> Array:
        """[batch, h, w, channels] → [batch, features], in row-major order of [row, column, filter]."""
        windows = np.lib.stride_tricks.sliding_window_view(x, (_KERNEL, _KERNEL), axis=(1, 2))
        maps = np.einsum("bhwcij,ijcf->bhwf", windows[:, ::_STRIDE, ::_STRIDE], self.kernel) + self.bias
        maps = np.maximum(maps, 0)
        rows, columns = maps.shape[1] // _POOL, maps.shape[2] // _POOL
        cut = maps[:, : rows * _POOL, : columns * _POOL]
        pooled = cut.reshape(len(x), rows, _POOL, columns, _POOL, _FILTERS).mean(axis=(2, 4))
        flat: Array = pooled.reshape(len(x), -1).astype(np.float32)
        return flat

    def logits(self, x: Array) -> Array:
        """[batch, h, w, channels] → [batch, classes] before softmax."""
        scores: Array = self.features(x) @ self.dense + self.scores
        return scores

    def probabilities(self, x: Array) -> Array:
        """[batch, h, w, channels] → [batch, classes], each row summing to 1."""
        logits = self.logits(x)
        powers: Array = np.exp(logits - logits.max(axis=1, keepdims=True))
        powers /= powers.sum(axis=1, keepdims=True)
        return powers


def pictures(count: int, size: tuple[int, int], channels: int, seed: int = 0) -> NDArray[np.uint8]:
    """Seeded colour fields with grain, uint8 [count, h, w, channels]: crude stand-ins for photos. `size` is (w, h)."""
    random = np.random.default_rng(seed)
    coarse = random.uniform(0, 255, (count, 5, 5, channels))
    rows = np.minimum(np.arange(size[1]) * 5 // size[1], 4)
    columns = np.minimum(np.arange(size[0]) * 5 // size[0], 4)
    grain = random.normal(0, 12, (count, size[1], size[0], channels))
    return np.clip(coarse[:, rows][:, :, columns] + grain, 0, 255).astype(np.uint8)


def normalized(picture: NDArray[np.uint8], normalize: str) -> Array:
    """0..255 → the input range of `normalize`, all channels alike."""
    scale, mean, std = INPUT_RANGES[normalize]
    return ((picture.astype(np.float32) * scale - mean) / std).astype(np.float32)


def tiny_net(size: tuple[int, int], channels: int, classes: int, normalize: str, seed: int) -> TinyNet:
    """Seeded weights whose logits have mean 0 and deviation 1.5 per class over seeded pictures."""
    random = np.random.default_rng(seed)
    sample = normalized(pictures(64, size, channels, seed + 1), normalize)
    kernel = random.normal(0, 1, (_KERNEL, _KERNEL, channels, _FILTERS)).astype(np.float32)
    kernel /= np.float32(np.abs(sample).mean() * np.sqrt(_KERNEL * _KERNEL * channels))
    bias = random.normal(0, 0.2, _FILTERS).astype(np.float32)
    raw = TinyNet(kernel, bias, np.zeros((0, 0), np.float32), np.zeros(0, np.float32)).features(sample)
    dense = random.normal(0, 1, (raw.shape[1], classes)).astype(np.float32)
    dense *= 1.5 / (raw @ dense).std(axis=0)
    return TinyNet(kernel, bias, dense, -(raw @ dense).mean(axis=0).astype(np.float32))


def tiny_model(
    folder: Path,
    *,
    format: Format = "layers",
    channels: int = 3,
    size: tuple[int, int] = (48, 32),
    classes: int = 5,
    quantize: Quantize | None = None,
    normalize: str = "signed",
    signature: bool = True,
    softmax: bool = True,
    shards: int = 1,
    seed: int = 7,
) -> Expected:
    """Writes `model.json` and its shards into `folder`; gives float32 [n, h, w, channels] → [n, classes].

    `size` is (width, height), at least 12 each. `normalize` only chooses the range of input values that the weights are
    made for; `signature` is for graph models. The answers are those of the weights as TF.js reads them, quantization
    included; scores instead of probabilities without `softmax`.
    """
    net = tiny_net(size, channels, classes, normalize, seed)
    weights: dict[str, NDArray[Any]] = _layers_weights(net) if format == "layers" else _graph_weights(net)
    manifest, stored, blob = _pack(weights, quantize)
    topology = _layers_topology if format == "layers" else _graph_topology
    document = topology(net, size, channels, softmax) | {"weightsManifest": manifest}
    if not signature:
        document.pop("signature", None)
    write_model(folder, document, blob, shards)
    read = TinyNet(*(stored[name].astype(np.float32) for name in list(weights)[:4]))
    return read.probabilities if softmax else read.logits


def tiny_labels(classes: int = 5) -> tuple[str, ...]:
    """Labels for `tiny_model`: plain, with a space, with an umlaut, a C# keyword, a quote …"""
    special = ("ant", "big bear", "Löwe", "class", 'the "dog"')
    return (special + tuple(f"label {i}" for i in range(len(special), classes)))[:classes]


def write_model(folder: Path, document: Mapping[str, Any], blob: bytes, shards: int = 1) -> None:
    """Writes `model.json` and `blob` cut into shards, named in the document's one manifest group."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"group1-shard{i + 1}of{shards}.bin" for i in range(shards)]
    step = -(-len(blob) // shards)
    for i, name in enumerate(names):
        (folder / name).write_bytes(blob[i * step : (i + 1) * step])
    document["weightsManifest"][0]["paths"] = names
    (folder / "model.json").write_text(json.dumps(document), "utf-8", newline="\n")


def _pack(
    weights: Mapping[str, NDArray[Any]], quantize: Quantize | None
) -> tuple[list[dict[str, Any]], dict[str, NDArray[Any]], bytes]:
    """The manifest, the weights as TF.js will read them, and the shards' bytes."""
    entries, stored, blob = [], {}, b""
    for name, value in weights.items():
        entry: dict[str, Any] = {"name": name, "shape": list(value.shape), "dtype": str(value.dtype)}
        stored[name], data = value, value
        if quantize and value.dtype == np.float32:
            entry["quantization"], data, stored[name] = _quantized(value, quantize)
        entries.append(entry)
        blob += data.tobytes()
    return [{"paths": [], "weights": entries}], stored, blob


def _quantized(value: Array, dtype: Quantize) -> tuple[dict[str, Any], NDArray[Any], Array]:
    """The `quantization` entry, the stored integers or halves, and what TF.js makes of them."""
    if dtype == "float16":
        half = value.astype(np.float16)
        return {"dtype": dtype, "original_dtype": "float32"}, half, half.astype(np.float32)
    low, high = float(value.min()), float(value.max())
    scale = (high - low) / np.iinfo(dtype).max or 1.0
    data = np.round((value.astype(np.float64) - low) / scale).astype(dtype)
    entry = {"dtype": dtype, "min": low, "scale": scale, "original_dtype": "float32"}
    return entry, data, (data * scale + low).astype(np.float32)


def _layers_weights(net: TinyNet) -> dict[str, NDArray[Any]]:
    return {"conv/kernel": net.kernel, "conv/bias": net.bias, "scores/kernel": net.dense, "scores/bias": net.scores}


def _layers_topology(net: TinyNet, size: tuple[int, int], channels: int, softmax: bool) -> dict[str, Any]:
    activation = "softmax" if softmax else "linear"
    layers = [
        _layer(
            "Conv2D", "conv", batch_input_shape=[None, size[1], size[0], channels], dtype="float32", filters=_FILTERS,
            kernel_size=[_KERNEL] * 2, strides=[_STRIDE] * 2, padding="valid", activation="relu", use_bias=True,
            data_format="channels_last",
        ),
        _layer(
            "AveragePooling2D", "pool", pool_size=[_POOL] * 2, strides=[_POOL] * 2, padding="valid",
            data_format="channels_last",
        ),
        _layer("Flatten", "flat"),
        _layer("Dense", "scores", units=len(net.scores), activation=activation, use_bias=True),
    ]  # fmt: skip
    config = {"class_name": "Sequential", "config": {"name": "tiny", "layers": layers}}
    topology = {"keras_version": "2.15.0", "backend": "tensorflow", "model_config": config}
    return {"format": "layers-model", "generatedBy": "tests", "convertedBy": None, "modelTopology": topology}


def _layer(class_name: str, name: str, **config: object) -> dict[str, Any]:
    return {"class_name": class_name, "config": {"name": name, **config}}


def _graph_weights(net: TinyNet) -> dict[str, NDArray[Any]]:
    flat = np.array([-1, net.dense.shape[0]], np.int32)
    return {"conv/kernel": net.kernel, "conv/bias": net.bias, "dense/kernel": net.dense, "dense/bias": net.scores} | {
        "flat/shape": flat
    }


def _graph_topology(net: TinyNet, size: tuple[int, int], channels: int, softmax: bool) -> dict[str, Any]:
    last = "probabilities" if softmax else "scores"
    image = [-1, size[1], size[0], channels]
    nodes = [_node("image", "Placeholder", dtype=_FLOAT, shape=_shape(image))]
    nodes += [_const(name, value) for name, value in _graph_weights(net).items()]
    nodes += [
        _node("conv", "Conv2D", "image", "conv/kernel", strides=_ints(1, _STRIDE, _STRIDE, 1), padding=_VALID,
              data_format=_NHWC, dilations=_ints(1, 1, 1, 1), T=_FLOAT),
        _node("biased", "BiasAdd", "conv", "conv/bias", data_format=_NHWC, T=_FLOAT),
        _node("relu", "Relu", "biased", T=_FLOAT),
        _node("pool", "AvgPool", "relu", ksize=_ints(1, _POOL, _POOL, 1), strides=_ints(1, _POOL, _POOL, 1),
              padding=_VALID, data_format=_NHWC, T=_FLOAT),
        _node("flat", "Reshape", "pool", "flat/shape", T=_FLOAT, Tshape={"type": "DT_INT32"}),
        _node("product", "MatMul", "flat", "dense/kernel", transpose_a=_FALSE, transpose_b=_FALSE, T=_FLOAT),
        _node("scores", "BiasAdd", "product", "dense/bias", data_format=_NHWC, T=_FLOAT),
    ]  # fmt: skip
    if softmax:
        nodes.append(_node("probabilities", "Softmax", "scores", T=_FLOAT))
    signature = {
        "inputs": {"image": _tensor_info("image:0", image)},
        "outputs": {"classes": _tensor_info(f"{last}:0", [-1, len(net.scores)])},
    }
    topology = {"node": nodes, "library": {}, "versions": {"producer": 1286}}
    return {"format": "graph-model", "generatedBy": "tests", "modelTopology": topology, "signature": signature}


def _attribute_string(text: str) -> dict[str, str]:
    return {"s": base64.b64encode(text.encode()).decode()}


_FALSE = {"b": False}
_FLOAT = {"type": "DT_FLOAT"}
_VALID = _attribute_string("VALID")
_NHWC = _attribute_string("NHWC")


def _node(name: str, op: str, *inputs: str, **attributes: object) -> dict[str, Any]:
    node: dict[str, Any] = {"name": name, "op": op, "attr": attributes}
    return node | {"input": list(inputs)} if inputs else node


def _const(name: str, value: NDArray[Any]) -> dict[str, Any]:
    dtype = {"type": "DT_INT32" if value.dtype == np.int32 else "DT_FLOAT"}
    return _node(
        name, "Const", dtype=dtype, value={"tensor": {"dtype": dtype["type"], "tensorShape": _dims(value.shape)}}
    )


def _tensor_info(name: str, shape: Sequence[int]) -> dict[str, Any]:
    return {"name": name, "dtype": "DT_FLOAT", "tensorShape": _dims(shape)}


def _shape(sizes: Sequence[int]) -> dict[str, Any]:
    return {"shape": _dims(sizes)}


def _dims(sizes: Sequence[int]) -> dict[str, Any]:
    return {"dim": [{"size": str(size)} for size in sizes]}


def _ints(*values: int) -> dict[str, Any]:
    return {"list": {"i": [str(value) for value in values]}}
