"""How a converted model's inputs and outputs lie beside those of its source: names, sizes, order of axes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.convert.samples import Dtype, Port
from builder.errors import BAD_OPTION, fail

Array = NDArray[Any]
# scale, mean and std per channel, or one for all: (value * scale - mean) / std
Numbers = tuple[float, tuple[float, ...], tuple[float, ...]]
Axes = tuple[int, ...]
_TYPES: Mapping[str, Dtype] = {"DT_FLOAT": "float32", "DT_INT32": "int32", "DT_UINT8": "uint8", "DT_BOOL": "bool"}
_SIDE = 224  # of a picture whose size is free
_LENGTH = 8  # of any other free axis
_CHANNELS = (1, 3, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedInput:
    """An input of the converted model: `shape` has -1 for free sizes, `axes` says which axis of the source's each of
    its axes is, None if they are the same."""

    name: str
    shape: tuple[int, ...]
    dtype: Dtype
    axes: Axes | None

    @property
    def channel_axis(self) -> int | None:
        """Where a picture has its channels; None for what is no picture."""
        if len(self.shape) != 4:
            return None
        return next((axis for axis in (3, 1) if self.shape[axis] in _CHANNELS), None)

    @property
    def channels(self) -> int:
        """Of a picture; 0 for what is none."""
        return self.shape[self.channel_axis] if self.channel_axis is not None else 0

    def port(self, size: tuple[int, int] | None) -> Port:
        """The input with all its sizes; `size` (width, height) fills a picture's free ones."""
        width, height = size or (_SIDE, _SIDE)
        free = {0: 1}
        if self.channel_axis is not None:
            free |= {1: height, 2: width} if self.channel_axis == 3 else {2: height, 3: width}
        shape = tuple(free.get(axis, _LENGTH) if given < 0 else given for axis, given in enumerate(self.shape))
        return Port(self.name, shape, self.dtype)

    def for_source(self, values: Array) -> Array:
        """The array with the axes in the source's order."""
        return values if self.axes is None else values.transpose(np.argsort(self.axes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """The inputs, and per output its axes as in `SignedInput`; `scores` names the node behind the softmax that ends an
    output."""

    inputs: tuple[SignedInput, ...]
    outputs: Mapping[str, Axes | None]
    scores: Mapping[str, str]

    def from_source(self, answers: Mapping[str, Array]) -> dict[str, Array]:
        """The source's outputs with their axes in the converted model's order; those that it lacks stay as they are."""
        return {name: _ordered(values, self.outputs.get(name)) for name, values in answers.items()}


def picture_of(signature: Signature) -> SignedInput | None:
    """The first input that is a picture."""
    return next((port for port in signature.inputs if port.channel_axis is not None), None)


def fitting(numbers: Numbers, picture: SignedInput | None) -> Numbers:
    """The normalization with one number per channel of the picture; a gray one takes the first of three like numbers.
    What does not fit comes back as it is, for others to refuse."""
    scale, mean, std = numbers
    channels = picture.channels if picture else 0
    cut = [values[:channels] if len(set(values)) == 1 < len(values) else values for values in (mean, std)]
    return (scale, *cut) if channels else numbers  # type: ignore[return-value]


def matching(numbers: Numbers, picture: SignedInput | None) -> Numbers:
    """`fitting`, but raises BAD_OPTION where the normalization is for another number of channels."""
    found, channels = fitting(numbers, picture), picture.channels if picture else 0
    if picture and not {len(found[1]), len(found[2])} <= {1, channels}:
        text, reason = f"{len(found[1])} and {len(found[2])} numbers", f"the model's pictures have {channels} channels"
        raise fail(BAD_OPTION, "--normalize", option="--mean and --std", value=text, reason=reason)
    return found


def _ordered(values: Array, axes: Axes | None) -> Array:
    return values if axes is None else values.transpose(axes)


def signature_of(document: Mapping[str, Any]) -> Signature:
    """The signature of a converted model's document."""
    signed = document["signature"]
    said = document.get("userDefinedMetadata") or {}
    moved = said.get("onnx") or said.get("tensorflow") or {}
    inputs = [
        SignedInput(name=name, shape=_shape(info), dtype=_TYPES[info["dtype"]], axes=_axes(moved, "inputs", name))
        for name, info in signed["inputs"].items()
    ]
    outputs = {name: _axes(moved, "outputs", name) for name in signed["outputs"]}
    return Signature(inputs=tuple(inputs), outputs=outputs, scores=dict(_scores(document)))


def _scores(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each output that a Softmax gives, with the node that gives the Softmax its scores."""
    nodes = {node["name"]: node for node in document["modelTopology"]["node"]}
    for name, info in document["signature"]["outputs"].items():
        node = nodes.get(info["name"].removesuffix(":0"), {"op": ""})
        if node["op"] == "Softmax":
            yield name, node["input"][0]


def _shape(info: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(int(dim["size"]) for dim in info["tensorShape"].get("dim", ()))


def _axes(moved: Mapping[str, Any], side: str, name: str) -> Axes | None:
    axes = moved.get(side, {}).get(name)
    return None if axes is None or list(axes) == sorted(axes) else tuple(axes)
