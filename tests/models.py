"""Small TensorFlow.js models of the project's own, and what they must answer, computed with numpy alone.

`tiny_model` writes a classifier: 3x3 convolution (stride 2, relu), 4x4 average pooling, dense layer, softmax. Dense
weights differ by place, so flips, crops and swapped channels change the answer, and the weights are scaled on seeded
pictures, so that no class wins everywhere. A `Form` makes it one of the less usual kinds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tests.graphs import FALSE, FLOAT, INT, NHWC, TYPES, VALID, const, graph_document, ints, node, shape, tensor_info

Array = NDArray[np.float32]
Expected = Callable[[Array], Array]
Format = Literal["layers", "graph"]
Quantize = Literal["uint8", "uint16", "float16", "mixed"]
Integer = Literal["uint8", "int32"]
# 0..255 as the network sees it: (value * scale - offset). Independent of builder/spec.py on purpose.
INPUT_RANGES: dict[str, tuple[float, float, float]] = {
    "unit": (1 / 255, 0.0, 1.0),
    "signed": (1 / 127.5, 1.0, 1.0),
    "imagenet": (1 / 255, 0.449, 0.226),
    "none": (1.0, 0.0, 1.0),
}
_FILTERS, _KERNEL, _STRIDE, _POOL = 8, 3, 2, 4


@dataclass(frozen=True, kw_only=True)
class Form:
    """What is unusual about a model.

    `integer`: a graph whose input takes whole values of 0..255 and normalizes them itself. `planar`: the input is
    [batch, channels, height, width]. `any_size`: a graph of free height and width. `second`: a graph with one more
    output, `others`: the same scores in reverse order. `keras_3`: a layers model as Keras 3 writes it.
    """

    integer: Integer | None = None
    planar: bool = False
    any_size: bool = False
    second: bool = False
    keras_3: bool = False


PLAIN = Form()


@dataclass(frozen=True)
class TinyNet:
    """The weights: kernel [3, 3, channels, 8], bias [8], dense [features, classes], scores [classes]. Features are
    those of each place, or, `everywhere`, their mean over the whole picture."""

    kernel: Array
    bias: Array
    dense: Array
    scores: Array
    everywhere: bool = False

    def features(self, x: Array) -> Array:
        """[batch, h, w, channels] → [batch, features], in row-major order of [row, column, filter]."""
        windows = np.lib.stride_tricks.sliding_window_view(x, (_KERNEL, _KERNEL), axis=(1, 2))
        maps = np.einsum("bhwcij,ijcf->bhwf", windows[:, ::_STRIDE, ::_STRIDE], self.kernel) + self.bias
        maps = np.maximum(maps, 0)
        if self.everywhere:
            means: Array = maps.mean(axis=(1, 2)).astype(np.float32)
            return means
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


def tiny_net(
    size: tuple[int, int], channels: int, classes: int, normalize: str, seed: int, *, everywhere: bool = False
) -> TinyNet:
    """Seeded weights whose logits have mean 0 and deviation 1.5 per class over seeded pictures."""
    random = np.random.default_rng(seed)
    sample = normalized(pictures(64, size, channels, seed + 1), normalize)
    kernel = random.normal(0, 1, (_KERNEL, _KERNEL, channels, _FILTERS)).astype(np.float32)
    kernel /= np.float32(np.abs(sample).mean() * np.sqrt(_KERNEL * _KERNEL * channels))
    bias = random.normal(0, 0.2, _FILTERS).astype(np.float32)
    raw = TinyNet(kernel, bias, np.zeros((0, 0), np.float32), np.zeros(0, np.float32), everywhere).features(sample)
    dense = random.normal(0, 1, (raw.shape[1], classes)).astype(np.float32)
    dense *= 1.5 / (raw @ dense).std(axis=0)
    return TinyNet(kernel, bias, dense, -(raw @ dense).mean(axis=0).astype(np.float32), everywhere)


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
    form: Form = PLAIN,
) -> Expected:
    """Writes `model.json` and its shards into `folder`; gives float32 [n, h, w, channels] → [n, classes].

    `size` is (width, height), at least 12 each. `normalize` only chooses the range of input values that the weights are
    made for; `signature` is for graph models. The answers are those of the weights as TF.js reads them, quantization
    included; scores instead of probabilities without `softmax`. An integer model's answers are for values of 0..255.
    """
    net = tiny_net(size, channels, classes, normalize, seed, everywhere=form.any_size)
    extra = {} if format == "layers" else _extra_weights(net, form, normalize)
    weights: dict[str, NDArray[Any]] = (_layers_weights(net) if format == "layers" else _graph_weights(net)) | extra
    manifest, stored, blob = _pack(weights, quantize)
    topology = _layers_topology if format == "layers" else _graph_topology
    document = topology(net, size, channels, softmax, form) | {"weightsManifest": manifest}
    if not signature:
        document.pop("signature", None)
    write_model(folder, as_keras_3(document) if form.keras_3 else document, blob, shards)
    kernel, bias, dense, scores = (stored[name].astype(np.float32) for name in list(weights)[:4])
    read = TinyNet(kernel, bias, dense, scores, form.any_size)
    answers = read.probabilities if softmax else read.logits
    return answers if form.integer is None else lambda levels: answers(normalized(levels.astype(np.uint8), normalize))


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
    for place, (name, value) in enumerate(weights.items()):
        entry: dict[str, Any] = {"name": name, "shape": list(value.shape), "dtype": str(value.dtype)}
        stored[name], data = value, value
        kind = ("uint16", None, "float16", "uint8")[place % 4] if quantize == "mixed" else quantize
        if kind and value.dtype == np.float32 and value.size > 1:
            entry["quantization"], data, stored[name] = _quantized(value, kind)
        entries.append(entry)
        blob += data.tobytes()
    return [{"paths": [], "weights": entries}], stored, blob


def _quantized(value: Array, dtype: str) -> tuple[dict[str, Any], NDArray[Any], Array]:
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


def _layers_topology(
    net: TinyNet, size: tuple[int, int], channels: int, softmax: bool, form: Form = PLAIN
) -> dict[str, Any]:
    activation = "softmax" if softmax else "linear"
    image = [channels, size[1], size[0]] if form.planar else [size[1], size[0], channels]
    data_format = "channels_first" if form.planar else "channels_last"
    layers = [
        _layer(
            "Conv2D", "conv", batch_input_shape=[None, *image], dtype="float32", filters=_FILTERS,
            kernel_size=[_KERNEL] * 2, strides=[_STRIDE] * 2, padding="valid", activation="relu", use_bias=True,
            data_format=data_format,
        ),
        _layer(
            "AveragePooling2D", "pool", pool_size=[_POOL] * 2, strides=[_POOL] * 2, padding="valid",
            data_format=data_format,
        ),
        _layer("Flatten", "flat", **({"data_format": data_format} if form.planar else {})),
        _layer("Dense", "scores", units=len(net.scores), activation=activation, use_bias=True),
    ]  # fmt: skip
    config = {"class_name": "Sequential", "config": {"name": "tiny", "layers": layers}}
    topology = {"keras_version": "2.15.0", "backend": "tensorflow", "model_config": config}
    return {"format": "layers-model", "generatedBy": "tests", "convertedBy": None, "modelTopology": topology}


def as_keras_3(document: dict[str, Any]) -> dict[str, Any]:
    """A Sequential model as Keras 3 writes it: an input layer with `batch_shape`, policies as types, the names of
    weights after the model."""
    policy = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": None}
    model = document["modelTopology"]["model_config"]
    shape = model["config"]["layers"][0]["config"].pop("batch_input_shape")
    for layer in model["config"]["layers"]:
        layer["config"] |= {"trainable": True, "dtype": policy}
    source = _layer("InputLayer", "input_layer", batch_shape=shape, dtype="float32", sparse=False, ragged=False)
    model["config"]["layers"].insert(0, source)
    model["config"] |= {"trainable": True, "dtype": policy, "build_input_shape": shape}
    document["modelTopology"]["keras_version"] = "3.15.1"
    for weight in document["weightsManifest"][0]["weights"]:
        weight["name"] = f"tiny/{weight['name']}"
    return document


def _layer(class_name: str, name: str, **config: object) -> dict[str, Any]:
    return {"class_name": class_name, "config": {"name": name, **config}}


def _graph_weights(net: TinyNet) -> dict[str, NDArray[Any]]:
    flat = np.array([-1, net.dense.shape[0]], np.int32)
    return {"conv/kernel": net.kernel, "conv/bias": net.bias, "dense/kernel": net.dense, "dense/bias": net.scores} | {
        "flat/shape": flat
    }


def _extra_weights(net: TinyNet, form: Form, normalize: str) -> dict[str, NDArray[Any]]:
    """Constants of the forms; scalars of the normalization are never quantized."""
    scale, mean, std = INPUT_RANGES[normalize]
    reverse = np.arange(len(net.scores) - 1, -1, -1, dtype=np.int32)
    return {
        **(
            {"own/scale": np.array([scale / std], np.float32), "own/shift": np.array([mean / std], np.float32)}
            if form.integer
            else {}
        ),
        **({"last/order": np.array([0, 2, 3, 1], np.int32)} if form.planar else {}),
        **({"places": np.array([1, 2], np.int32)} if form.any_size else {}),
        **({"reverse": reverse, "axis": np.array(1, np.int32)} if form.second else {}),
    }


def _entrance(form: Form) -> tuple[list[dict[str, Any]], str]:
    """What stands between the input and the convolution, and the name of its last node."""
    nodes, last = [], "image"
    if form.planar:
        nodes.append(node("last", "Transpose", last, "last/order", T=FLOAT, Tperm=INT))
        last = "last"
    if form.integer:
        nodes += [
            node("cast", "Cast", last, SrcT=TYPES[form.integer], DstT=FLOAT),
            node("scaled", "Mul", "cast", "own/scale", T=FLOAT),
            node("shifted", "Sub", "scaled", "own/shift", T=FLOAT),
        ]
        last = "shifted"
    return nodes, last


def _pooled(form: Form) -> list[dict[str, Any]]:
    """From `relu` to `flat`, [batch, features]."""
    if form.any_size:
        return [node("flat", "Mean", "relu", "places", keep_dims=FALSE, T=FLOAT, Tidx=INT)]
    window = ints(1, _POOL, _POOL, 1)
    return [
        node("pool", "AvgPool", "relu", ksize=window, strides=window, padding=VALID, data_format=NHWC, T=FLOAT),
        node("flat", "Reshape", "pool", "flat/shape", T=FLOAT, Tshape=INT),
    ]


def _image_shape(size: tuple[int, int], channels: int, form: Form) -> list[int]:
    height, width = (-1, -1) if form.any_size else (size[1], size[0])
    return [-1, channels, height, width] if form.planar else [-1, height, width, channels]


def _graph_topology(
    net: TinyNet, size: tuple[int, int], channels: int, softmax: bool, form: Form = PLAIN
) -> dict[str, Any]:
    last = "probabilities" if softmax else "scores"
    image, dtype = _image_shape(size, channels, form), TYPES[form.integer or "float32"]
    entrance, seen = _entrance(form)
    nodes = [node("image", "Placeholder", dtype=dtype, shape=shape(image))]
    # The constants of the forms need no values here: any range of input values has the same shapes.
    nodes += [const(name, value) for name, value in (_graph_weights(net) | _extra_weights(net, form, "unit")).items()]
    nodes += [
        *entrance,
        node("conv", "Conv2D", seen, "conv/kernel", strides=ints(1, _STRIDE, _STRIDE, 1), padding=VALID,
              data_format=NHWC, dilations=ints(1, 1, 1, 1), T=FLOAT),
        node("biased", "BiasAdd", "conv", "conv/bias", data_format=NHWC, T=FLOAT),
        node("relu", "Relu", "biased", T=FLOAT),
        *_pooled(form),
        node("product", "MatMul", "flat", "dense/kernel", transpose_a=FALSE, transpose_b=FALSE, T=FLOAT),
        node("scores", "BiasAdd", "product", "dense/bias", data_format=NHWC, T=FLOAT),
    ]  # fmt: skip
    if softmax:
        nodes.append(node("probabilities", "Softmax", "scores", T=FLOAT))
    outputs = {"classes": tensor_info(f"{last}:0", [-1, len(net.scores)])}
    if form.second:
        nodes.append(node("turned", "GatherV2", last, "reverse", "axis", Tparams=FLOAT, Tindices=INT, Taxis=INT))
        outputs = {"others": tensor_info("turned:0", [-1, len(net.scores)])} | outputs
    return graph_document(nodes, {"image": tensor_info("image:0", image, dtype["type"])}, outputs)
