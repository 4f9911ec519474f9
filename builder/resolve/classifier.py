"""Why a model is no image classifier that can be used, whatever the options."""

from __future__ import annotations

from collections.abc import Iterator

from builder.errors import UNSUPPORTED_MODEL, Problem, problem
from builder.inputs.facts import ModelFacts, TensorFacts
from builder.resolve.shapes import (
    COLORS,
    TENSOR_TYPES,
    chosen_output,
    class_count,
    image_axes,
    listed,
    score_outputs,
    shape_text,
)
from builder.spec import MAX_INPUT_SIDE

_NAMES_SHOWN = 8


def classifier_problems(facts: ModelFacts, output: str | None = None) -> list[Problem]:
    """Why the model is no image classifier: one image in, one score per class out of the output of that name, if one is
    named. What an option can still settle, a free size or the choice among outputs, is no such reason."""
    reasons = [
        *((obstacle, _obstacle_remedy(facts)) for obstacle in facts.obstacles),
        *_input_reasons(facts),
        *_output_reasons(facts, output),
    ]
    return [problem(UNSUPPORTED_MODEL, facts.json_path, reason=reason, remedy=remedy) for reason, remedy in reasons]


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


def _output_reasons(facts: ModelFacts, name: str | None) -> Iterator[tuple[str, str]]:
    tensor = chosen_output(facts, name)
    if tensor is not None:
        yield from _score_reasons(tensor, facts.json_path.name)
    elif name is None and not score_outputs(facts):
        remedy = "Export a model whose output are the class scores."
        outputs = f" ({listed(facts.outputs)})" if facts.outputs else ""
        yield f"none of its {len(facts.outputs)} outputs{outputs} gives scores [batch, classes]", remedy


def _score_reasons(tensor: TensorFacts, file: str) -> Iterator[tuple[str, str]]:
    if TENSOR_TYPES.get(tensor.dtype) != "float32":
        yield f"its output {tensor.name!r} gives {tensor.dtype}", "Export it with float32 scores, before any argmax."
    elif tensor.shape is None or (len(tensor.shape) == 2 and tensor.shape[1] < 0):
        remedy = "Export it again with a signature that gives the output's shape (tensorflowjs_converter writes one)."
        yield f"{file} does not say how many scores its output {tensor.name!r} has", remedy
    elif not class_count(tensor):
        text = f"its output {tensor.name!r} has the shape {shape_text(tensor.shape)}"
        yield f"{text} instead of [batch, classes]", "Export a classifier, or flatten its scores to [batch, classes]."


def _names(tensors: tuple[TensorFacts, ...]) -> str:
    shown = ", ".join(repr(tensor.name) for tensor in tensors[:_NAMES_SHOWN])
    return f" ({shown}{', …' if len(tensors) > _NAMES_SHOWN else ''})" if tensors else ""
