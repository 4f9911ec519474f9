"""Why a model cannot be used at all, whatever its task: it takes no picture, or its graph has obstacles."""

from __future__ import annotations

from collections.abc import Iterator

from builder.errors import UNSUPPORTED_MODEL, Problem, problem
from builder.inputs.facts import ModelFacts, TensorFacts
from builder.resolve.shapes import COLORS, TENSOR_TYPES, image_axes, shape_text
from builder.spec import MAX_INPUT_SIDE

_NAMES_SHOWN = 8


def picture_problems(facts: ModelFacts) -> Iterator[Problem]:
    """Why the model does not take one picture. What an option can still settle, a free size, is no such reason."""
    reasons = [*((obstacle, _obstacle_remedy(facts)) for obstacle in facts.obstacles), *_input_reasons(facts)]
    for reason, remedy in reasons:
        yield problem(UNSUPPORTED_MODEL, facts.json_path, reason=reason, remedy=remedy)


def _obstacle_remedy(facts: ModelFacts) -> str:
    if facts.format == "layers-model":
        return "In Keras 3, call `model.export(FOLDER)` and convert that SavedModel to a graph model."
    return "Export only the network, channels last, without the loops and the post-processing around it."


def _input_reasons(facts: ModelFacts) -> Iterator[tuple[str, str]]:
    if len(facts.inputs) != 1:
        yield f"it has {len(facts.inputs)} inputs{_names(facts.inputs)}", "Export a model with one input, the image."
        return
    tensor, axes = facts.inputs[0], image_axes(facts)
    if tensor.dtype not in TENSOR_TYPES:
        remedy = "Export it with a float32, uint8 or int32 input."
        yield f"its input {tensor.name!r} takes {tensor.dtype}", remedy
    text = f"its input {tensor.name!r} has the shape {shape_text(tensor.shape)}"
    if axes is None or tensor.shape is None:
        yield text, "Export it with an input [batch, height, width, channels]."
        return
    yield from _axes_reasons(axes, text)
    if tensor.shape[0] not in (-1, 1):
        yield f"{text}, a fixed batch of {tensor.shape[0]}", "Export it with a free batch size, or 1."


def _axes_reasons(axes: tuple[int, int, int], text: str) -> Iterator[tuple[str, str]]:
    height, width, channels = axes
    if channels < 0:
        yield f"{text}, with no fixed number of channels", "Export it with 1 or 3 channels."
    elif channels not in COLORS:
        yield f"{text}, {channels} channels", "Export a model for pictures of 1 (gray) or 3 (RGB) channels."
    elif max(height, width) > MAX_INPUT_SIDE:
        yield f"{text}, larger than {MAX_INPUT_SIDE} pixels", "Export it with a smaller input size."


def _names(tensors: tuple[TensorFacts, ...]) -> str:
    shown = ", ".join(repr(tensor.name) for tensor in tensors[:_NAMES_SHOWN])
    return f" ({shown}{', …' if len(tensors) > _NAMES_SHOWN else ''})" if tensors else ""
