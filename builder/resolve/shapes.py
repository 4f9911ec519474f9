"""Which tensors are pictures and which are class scores, and how shapes are written for people."""

from __future__ import annotations

from builder.inputs.facts import ModelFacts, Shape, TensorFacts
from builder.spec import CHANNELS, Color, DType

COLORS: dict[int, Color] = {channels: color for color, channels in CHANNELS.items()}
# What TensorFlow.js makes of the types of inputs and outputs.
TENSOR_TYPES: dict[str, DType] = {
    "float32": "float32",
    "float16": "float32",
    "int32": "int32",
    "int64": "int32",
    "uint8": "int32",
}
OUTPUT_TYPES: dict[str, DType] = {**TENSOR_TYPES, "bool": "bool"}


def shape_text(shape: Shape) -> str:
    """`[?, 64, 64, 3]`; `unknown` where not even the rank is known."""
    if shape is None:
        return "unknown"
    return "[" + ", ".join("?" if size < 0 else str(size) for size in shape) + "]"


def image_axes(facts: ModelFacts) -> tuple[int, int, int] | None:
    """(height, width, channels) of the one input, -1 where free; None where it is no picture."""
    shape = facts.inputs[0].shape if len(facts.inputs) == 1 else None
    if shape is None or len(shape) != 4:
        return None
    _, first, second, third = shape
    return (second, third, first) if facts.layout == "NCHW" else (first, second, third)


def class_count(tensor: TensorFacts) -> int | None:
    """The number of scores where the tensor can be one score per class: [batch, classes], or with axes of size 1
    between the two."""
    shape = tensor.shape
    if shape is None or len(shape) < 2 or TENSOR_TYPES.get(tensor.dtype) != "float32":
        return None
    batch, *between, classes = shape
    return classes if batch in (-1, 1) and all(size == 1 for size in between) and classes > 0 else None


def score_outputs(facts: ModelFacts) -> tuple[TensorFacts, ...]:
    """The outputs that can be class scores."""
    return tuple(tensor for tensor in facts.outputs if class_count(tensor))


def plain_name(name: str) -> str:
    """Without TensorFlow's output index: `scores:0` → `scores`."""
    return name.removesuffix(":0")


def chosen_output(facts: ModelFacts, name: str | None = None) -> TensorFacts | None:
    """The output called `name`; without a name the only one, or the only one that can be class scores; else None."""
    if name is not None:
        named = (tensor for tensor in facts.outputs if plain_name(tensor.name) == plain_name(name))
        return next(named, None)
    candidates = facts.outputs if len(facts.outputs) == 1 else score_outputs(facts)
    return candidates[0] if len(candidates) == 1 else None


def listed(tensors: tuple[TensorFacts, ...], limit: int = 8) -> str:
    """`gender [1, 2], age [1, 1]`."""
    shown = ", ".join(f"{tensor.name} {shape_text(tensor.shape)}" for tensor in tensors[:limit])
    return shown + (", …" if len(tensors) > limit else "")
