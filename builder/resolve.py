"""Facts and options → ModelSpec. Checks them against each other and reports all problems at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import get_args

from builder.errors import (
    BAD_NAME,
    BAD_OPTION,
    LABEL_COUNT,
    NAME_MISSING,
    NORMALIZATION_UNKNOWN,
    UNSUPPORTED_MODEL,
    Problem,
    UserError,
    problem,
)
from builder.inputs.facts import ModelFacts, TensorFacts
from builder.inputs.labels import label_problems
from builder.names import CsIdentifier, Slug
from builder.spec import (
    CHANNELS,
    MAX_INPUT_SIDE,
    NORMALIZATIONS,
    Color,
    Filter,
    Fit,
    ModelFiles,
    ModelSpec,
    Postprocess,
    Preprocess,
    TensorSpec,
)

_COLORS: dict[int, Color] = {channels: color for color, channels in CHANNELS.items()}
_BLACK = (0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user says about a model. None: not said; `top_k` None is all classes.

    `mean`, `std` (one per channel, or one for all) and `scale` stand in place of `normalize`. `input_size` is
    (width, height). `output` names the output to use. `skip_first` scores lead the output and carry no label.
    """

    name: str | None = None
    normalize: str | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    scale: float | None = None
    channel_order: str = "rgb"
    input_size: tuple[int, int] | None = None
    fit: Fit = "stretch"
    filter: Filter = "triangle"
    output: str | None = None
    softmax: bool = False
    skip_first: int = 0
    top_k: int | None = None


def resolve(facts: ModelFacts, labels: tuple[str, ...], options: Options) -> ModelSpec:
    """The specification of an image classifier; a `UserError` with every problem otherwise."""
    problems = [
        *classifier_problems(facts),
        *_label_problems(facts, labels),
        *_name_problems(facts, options.name),
        *_option_problems(facts, labels, options),
    ]
    if problems:
        raise UserError(problems)
    return _spec(facts, labels, options)


def classifier_problems(facts: ModelFacts) -> list[Problem]:
    """Why the model is no image classifier that can be used: one fixed-size image in, one score per class out."""
    where = facts.json_path
    reasons = [
        *((f"{obstacle}", _obstacle_remedy(facts)) for obstacle in facts.obstacles),
        *_input_reasons(facts),
        *_output_reasons(facts),
    ]
    return [problem(UNSUPPORTED_MODEL, where, reason=reason, remedy=remedy) for reason, remedy in reasons]


def _obstacle_remedy(facts: ModelFacts) -> str:
    if facts.format == "layers-model":
        return "In Keras 3, call `model.export(FOLDER)` and convert that SavedModel to a graph model."
    return "Export only the network, without the loops and the post-processing around it."


def shape_text(shape: tuple[int, ...] | None) -> str:
    """`[?, 64, 64, 3]`; `unknown` where not even the rank is known."""
    if shape is None:
        return "unknown"
    return "[" + ", ".join("?" if size < 0 else str(size) for size in shape) + "]"


def _input_reasons(facts: ModelFacts) -> Iterator[tuple[str, str]]:
    if len(facts.inputs) != 1:
        yield f"it has {len(facts.inputs)} inputs{_names(facts.inputs)}", "Export a model with one input, the image."
        return
    tensor = facts.inputs[0]
    text = f"its input {tensor.name!r} has the shape {shape_text(tensor.shape)}"
    if tensor.dtype != "float32":
        remedy = "Export it with a float32 input; put the cast, if any, inside the model."
        yield f"its input {tensor.name!r} takes {tensor.dtype}", remedy
    if tensor.shape is None or len(tensor.shape) != 4:
        yield text, "Export it with an input [batch, height, width, channels]."
    elif facts.layout == "NCHW" or tensor.shape[3] not in _COLORS:
        yield from _channel_reasons(facts, tensor.shape, text)
    else:
        yield from _size_reasons(tensor.shape, text)


def _channel_reasons(facts: ModelFacts, shape: tuple[int, ...], text: str) -> Iterator[tuple[str, str]]:
    if facts.layout == "NCHW":
        remedy = "Convert it to NHWC (channels last), the only layout that TensorFlow.js runs everywhere."
        yield f"{text}, channels first", remedy
    elif shape[3] < 0:
        yield f"{text}, with no fixed number of channels", "Export it with 1 or 3 channels."
    else:
        yield f"{text}, {shape[3]} channels", "Export a model for pictures of 1 (gray) or 3 (RGB) channels."


def _size_reasons(shape: tuple[int, ...], text: str) -> Iterator[tuple[str, str]]:
    batch, height, width, _ = shape
    if batch not in (-1, 1):
        yield f"{text}, a fixed batch of {batch}", "Export it with a free batch size, or 1."
    if height < 0 or width < 0:
        yield f"{text}, with no fixed size", "Export it with a fixed input size, for example [1, 224, 224, 3]."
    elif max(height, width) > MAX_INPUT_SIDE:
        yield f"{text}, larger than {MAX_INPUT_SIDE} pixels", "Export it with a smaller input size."


def _output_reasons(facts: ModelFacts) -> Iterator[tuple[str, str]]:
    if len(facts.outputs) != 1:
        remedy = "Export a model whose only output are the class scores."
        yield f"it has {len(facts.outputs)} outputs{_names(facts.outputs)}", remedy
        return
    tensor = facts.outputs[0]
    text = f"its output {tensor.name!r} has the shape {shape_text(tensor.shape)}"
    if tensor.dtype != "float32":
        yield f"its output {tensor.name!r} gives {tensor.dtype}", "Export it with float32 scores, before any argmax."
    if tensor.shape is None or (len(tensor.shape) == 2 and tensor.shape[1] < 0):
        remedy = "Export it again with a signature that gives the output's shape (tensorflowjs_converter writes one)."
        yield f"model.json does not say how many scores its output {tensor.name!r} has", remedy
    elif len(tensor.shape) != 2 or tensor.shape[0] not in (-1, 1):
        yield f"{text} instead of [batch, classes]", "Export a classifier, or flatten its scores to [batch, classes]."


def _names(tensors: tuple[TensorFacts, ...]) -> str:
    shown = ", ".join(repr(tensor.name) for tensor in tensors[:8])
    return f" ({shown}{', …' if len(tensors) > 8 else ''})" if tensors else ""


def _class_count(facts: ModelFacts) -> int | None:
    """The number of scores, where the model has one plain output."""
    shape = facts.outputs[0].shape if len(facts.outputs) == 1 else None
    return shape[1] if shape and len(shape) == 2 and shape[1] > 0 else None


def _label_problems(facts: ModelFacts, labels: tuple[str, ...]) -> Iterator[Problem]:
    yield from label_problems([(f"label {i}", label) for i, label in enumerate(labels)])
    outputs = _class_count(facts)
    if outputs is not None and outputs != len(labels):
        yield problem(LABEL_COUNT, facts.json_path, labels=len(labels), outputs=outputs)


def _name_source(facts: ModelFacts) -> str:
    """The folder's name for model.json, otherwise the JSON file's own: `emotion.json` → `emotion`."""
    stem = facts.json_path.stem
    return facts.folder.resolve().name if stem == "model" else stem


def _name(facts: ModelFacts, name: str | None) -> CsIdentifier:
    return CsIdentifier.from_text(_name_source(facts)) if name is None else CsIdentifier(name)


def _name_problems(facts: ModelFacts, name: str | None) -> Iterator[Problem]:
    if name is None:
        if not any(character.isalnum() for character in _name(facts, None)):
            yield problem(NAME_MISSING, facts.json_path, folder=_name_source(facts) or "/")
    elif reason := CsIdentifier.refusal(name):
        yield problem(BAD_NAME, "--name", name=repr(name), reason=reason)


def _option_problems(facts: ModelFacts, labels: tuple[str, ...], options: Options) -> Iterator[Problem]:
    yield from _normalize_problems(facts, options.normalize)
    yield from _choice_problems("--fit", options.fit, get_args(Fit))
    yield from _choice_problems("--filter", options.filter, get_args(Filter))
    if options.top_k is not None and not 0 < options.top_k <= len(labels):
        reason = f"it must be 1 to {len(labels)}, the number of labels"
        yield problem(BAD_OPTION, "--top-k", option="--top-k", value=options.top_k, reason=reason)


def _normalize_problems(facts: ModelFacts, normalize: str | None) -> Iterator[Problem]:
    if normalize is None:
        yield problem(NORMALIZATION_UNKNOWN, facts.json_path)
        return
    yield from _choice_problems("--normalize", normalize, tuple(NORMALIZATIONS))
    shape = facts.inputs[0].shape if len(facts.inputs) == 1 else None
    if normalize == "imagenet" and shape and len(shape) == 4 and shape[3] == 1:
        reason = "its mean and std are for three channels, and the model takes gray pictures"
        yield problem(BAD_OPTION, "--normalize", option="--normalize", value=normalize, reason=reason)


def _choice_problems(option: str, value: str, choices: tuple[str, ...]) -> Iterator[Problem]:
    if value not in choices:
        near = get_close_matches(value, choices, n=1)
        reason = f"it is one of {', '.join(choices)}" + (f"; the nearest is {near[0]}" if near else "")
        yield problem(BAD_OPTION, option, option=option, value=repr(value), reason=reason)


def _spec(facts: ModelFacts, labels: tuple[str, ...], options: Options) -> ModelSpec:
    name = _name(facts, options.name)
    return ModelSpec(
        name=name,
        slug=Slug.from_identifier(name),
        task="classification",
        files=ModelFiles(format=facts.format, topology=facts.topology, shards=facts.shards),
        input=_tensor(facts.inputs[0]),
        output=_tensor(facts.outputs[0]),
        preprocess=_preprocess(facts, options),
        postprocess=Postprocess(activation="none", top_k=options.top_k or len(labels)),
        labels=labels,
    )


def _tensor(tensor: TensorFacts) -> TensorSpec:
    assert tensor.shape is not None and tensor.dtype == "float32"
    return TensorSpec(name=tensor.name, shape=tensor.shape, dtype="float32")


def _preprocess(facts: ModelFacts, options: Options) -> Preprocess:
    shape = facts.inputs[0].shape
    assert shape is not None and options.normalize is not None
    scale, mean, std = NORMALIZATIONS[options.normalize]
    _, height, width, channels = shape
    return Preprocess(
        width=width,
        height=height,
        color=_COLORS[channels],
        fit=options.fit,
        filter=options.filter,
        pad=_BLACK,
        scale=scale,
        mean=mean[:channels],
        std=std[:channels],
    )
