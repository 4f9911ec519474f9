"""ModelSpec: the one description of a model from which every file is rendered. Frozen, validated, no I/O.

`Contract` is the ModelSpec as it travels in StreamingAssets; its JSON names are the field names
(see `docs/contract.schema.json`, generated from these classes).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal

from builder.names import CsIdentifier, Slug

CONTRACT_VERSION = 1

# The first two are TensorFlow.js's; an ONNX file goes to ONNX Runtime Web as it is.
ModelFormat = Literal["graph-model", "layers-model", "onnx"]
Task = Literal["classification"]
Color = Literal["rgb", "gray"]
Fit = Literal["stretch", "crop", "letterbox"]
Filter = Literal["nearest", "bilinear", "triangle"]
ChannelOrder = Literal["rgb", "bgr"]
Layout = Literal["NHWC", "NCHW"]
Activation = Literal["none", "softmax"]
# The types of tensors that TensorFlow.js has; it takes a uint8 input as int32.
DType = Literal["float32", "int32"]

CHANNELS: dict[Color, int] = {"rgb": 3, "gray": 1}


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRef:
    """A file by its path relative to the contract's folder, its length in bytes and its SHA-256 in hex."""

    path: str
    bytes: int
    sha256: str

    def __post_init__(self) -> None:
        _require(len(self.sha256) == 64 and set(self.sha256) <= set("0123456789abcdef"), "sha256 is 64 hex digits")
        _require(self.bytes >= 0, "bytes is not negative")
        _require(bool(self.path) and "\\" not in self.path and not self.path.startswith("/"), "path is relative")


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorSpec:
    """A model's input or output. `shape` has one entry per axis, -1 where the size is free (the batch)."""

    name: str
    shape: tuple[int, ...]
    dtype: DType

    def __post_init__(self) -> None:
        _require(all(size == -1 or size > 0 for size in self.shape), "sizes are positive, or -1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocess:
    """From a picture of any size to the input tensor: [1, height, width, channels], or [1, channels, height, width]
    where `layout` is NCHW.

    The picture is fitted to width x height by `filter`, rounded to 8 bits per channel, turned gray by BT.601 where
    `color` is gray, its channels put into `channel_order`, and normalized per channel: `(value * scale - mean) / std`
    with value in 0..255. `mean` and `std` are in the tensor's channel order, so blue first for bgr.
    `pad` is the colour around a letterboxed picture, red first, 0..255.
    """

    width: int
    height: int
    color: Color
    channel_order: ChannelOrder
    layout: Layout
    fit: Fit
    filter: Filter
    pad: tuple[int, int, int]
    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        channels = CHANNELS[self.color]
        _require(0 < self.width <= MAX_INPUT_SIDE and 0 < self.height <= MAX_INPUT_SIDE, "size is 1..4096 pixels")
        _require(len(self.mean) == channels and len(self.std) == channels, "one mean and std per channel")
        _require(all(math.isfinite(v) for v in (self.scale, *self.mean, *self.std)), "numbers are finite")
        _require(all(v > 0 for v in self.std) and self.scale > 0, "scale and std are positive")
        _require(all(0 <= v <= 255 for v in self.pad), "pad is 0..255")
        _require(self.color == "rgb" or self.channel_order == "rgb", "one channel has no order")

    @property
    def channels(self) -> int:
        return CHANNELS[self.color]

    @property
    def tensor_shape(self) -> tuple[int, int, int]:
        """The input tensor's axes after the batch."""
        image = (self.height, self.width)
        return (self.channels, *image) if self.layout == "NCHW" else (*image, self.channels)

    @property
    def keeps_levels(self) -> bool:
        """True where the model gets 0..255 as they are: whole numbers, as an integer tensor needs them."""
        return self.scale == 1 and not any(self.mean) and all(std == 1 for std in self.std)


MAX_INPUT_SIDE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Postprocess:
    """From the output tensor to results: `activation` over all its scores, then the first `skip_first` scores are left
    out (background classes without a label), then the `top_k` best classes, best first."""

    activation: Activation
    skip_first: int
    top_k: int

    def __post_init__(self) -> None:
        _require(self.top_k > 0, "top_k is positive")
        _require(self.skip_first >= 0, "skip_first is not negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFiles:
    """The model folder's files as they lie beside the contract: `topology` is model.json or the .onnx file, `shards`
    are the weights that lie outside it, under the names that it calls them by."""

    format: ModelFormat
    topology: FileRef
    shards: tuple[FileRef, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """One model, completely: what it is called, what it takes, what it gives, and where its files lie."""

    name: CsIdentifier
    slug: Slug
    task: Task
    files: ModelFiles
    input: TensorSpec
    output: TensorSpec
    preprocess: Preprocess
    postprocess: Postprocess
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        pre = self.preprocess
        _require(self.input.shape[1:] == pre.tensor_shape, "input shape fits preprocess")
        _require(self.input.dtype == "float32" or pre.keeps_levels, "an integer input takes 0..255 as they are")
        _require(self.output.dtype == "float32", "scores are float32")
        _require(self.output.shape[-1] == len(self.labels) + self.postprocess.skip_first, "one label per score")
        _require(len(set(self.labels)) == len(self.labels) and all(self.labels), "labels are unique and not empty")
        _require(self.postprocess.top_k <= len(self.labels), "top_k is at most the number of labels")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeFiles:
    """A joined runtime: its script, and in `wasm` the files that it fetches when they are used: script and WebAssembly
    file of the wasm backend and of ONNX Runtime, where models may need them."""

    script: FileRef
    wasm: tuple[FileRef, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """`contract.json`. Paths of `model.files` are relative to it, as are those of `runtime` (`../runtime/…`)."""

    contract: int
    abi: int
    generator: str
    runtime: RuntimeFiles
    model: ModelSpec


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file to be written: its path below the Unity project, and its bytes or the file that it is a copy of.

    Rendered text is UTF-8 with LF. Weight shards are given by `Path`, so that large models never lie in memory.
    `per_model`: the file goes when no model needs it any more; other files go when their package no longer has them.
    `sha256`, of the content's bytes and in hex, spares reading a large file once more where it is known already.
    """

    path: PurePosixPath
    content: bytes | Path = field(repr=False)
    per_model: bool = False
    sha256: str | None = None

    def __post_init__(self) -> None:
        _require(not self.path.is_absolute() and ".." not in self.path.parts, "output paths stay in the project")


# How a preset maps 0..255 to the model's input, per channel: (scale, mean, std). ImageNet's figures are torchvision's.
NORMALIZATIONS: dict[str, tuple[float, tuple[float, float, float], tuple[float, float, float]]] = {
    "unit": (1 / 255, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "signed": (1 / 127.5, (1.0, 1.0, 1.0), (1.0, 1.0, 1.0)),
    "imagenet": (1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "none": (1.0, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
}
