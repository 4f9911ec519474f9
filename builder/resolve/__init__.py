"""Facts and options → ModelSpec. Checks them against each other and reports all problems at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast, get_args

from builder.errors import (
    BAD_NAME,
    INPUT_SIZE_UNKNOWN,
    NAME_MISSING,
    Problem,
    UserError,
    problem,
)
from builder.inputs.facts import ModelFacts, TensorFacts
from builder.inputs.graph_model import ASYNC_OPS
from builder.inputs.jsonfile import printable
from builder.names import CsIdentifier, Slug
from builder.resolve.choices import bad_option, choice_problems
from builder.resolve.classifier import classifier_problems
from builder.resolve.normalization import (
    formula,
    normalization,
    normalization_problems,
    own_normalization,
    presets,
    reach,
)
from builder.resolve.options import Options
from builder.resolve.picture import picture_problems
from builder.resolve.shapes import (
    COLORS,
    OUTPUT_TYPES,
    chosen_output,
    class_count,
    image_axes,
    score_outputs,
    shape_text,
)
from builder.resolve.tasks import KINDS, chosen, is_clear, task_problems
from builder.resolve.tasks.detection import is_detector
from builder.spec import (
    MAX_INPUT_SIDE,
    ChannelOrder,
    Filter,
    Fit,
    ModelFiles,
    ModelSpec,
    Preprocess,
    TensorSpec,
)

__all__ = [
    "Options",
    "chosen_output",
    "class_count",
    "classifier_problems",
    "formula",
    "image_axes",
    "is_detector",
    "own_labels",
    "own_normalization",
    "placeholders",
    "presets",
    "reach",
    "remarks",
    "resolve",
    "score_outputs",
    "shape_text",
    "warnings",
]

_BLACK = (0, 0, 0)
_REMARK_LENGTH = 1000
_NAMES_SHOWN = 4


def resolve(facts: ModelFacts, labels: tuple[str, ...], options: Options) -> ModelSpec:
    """The specification of a model of the chosen task; a `UserError` with every problem otherwise."""
    problems = [
        *task_problems(facts, options),
        *picture_problems(facts),
        *_size_problems(facts, options.input_size),
        *(chosen(facts, options).problems(facts, labels, options) if is_clear(facts, options) else ()),
        *_name_problems(facts, options.name),
        *_option_problems(facts, options),
    ]
    if problems:
        raise UserError(problems)
    return _spec(facts, labels, options)


def placeholders(facts: ModelFacts, options: Options) -> tuple[str, ...]:
    """Stand in for labels that are missing or bad, so that the other problems are found too: as many as are needed."""
    return chosen(facts, options).placeholders(facts, options)


def own_labels(facts: ModelFacts, options: Options) -> tuple[str, ...] | None:
    """The labels of a model that needs none from its user; None where it does."""
    return chosen(facts, options).own_labels(facts, options)


def remarks(facts: ModelFacts, spec: ModelSpec) -> tuple[str, ...]:
    """What the user should know about decisions that followed from the model itself."""
    return tuple(printable(remark, _REMARK_LENGTH) for remark in _remarks(facts, spec))


def warnings(facts: ModelFacts) -> tuple[str, ...]:
    """What the user was told when the model was converted, and should hear again."""
    return tuple(_warnings(facts))


def _warnings(facts: ModelFacts) -> Iterator[str]:
    if facts.mark.unchecked:
        yield "the model was converted without a check that it computes what its source does (--parity none)"
    if facts.mark.still:
        yield f"the check of the conversion proves nothing for {', '.join(facts.mark.still)}: it hardly moved"


def _remarks(facts: ModelFacts, spec: ModelSpec) -> Iterator[str]:
    yield from KINDS[spec.task.kind].remarks(facts, spec)
    if facts.leading and not spec.preprocess.keeps_levels:
        yield f"the model begins with {', '.join(facts.leading)}: make sure that it is not normalized twice"
    if facts.infinite:
        names = ", ".join(printable(name, 40) for name in facts.infinite[:_NAMES_SHOWN])
        more = ", …" if len(facts.infinite) > _NAMES_SHOWN else ""
        yield f"infinite numbers in the weights {names}{more}: right only if they are meant as a limit or a mask"
    if waited := sorted(op for op in facts.ops if op in ASYNC_OPS):
        yield f"its graph has control flow ({', '.join(waited)}): TensorFlow.js runs it step by step, which is slower"
    if facts.cured:
        yield f"{facts.cured}, which is what TensorFlow.js reads"


def _size_problems(facts: ModelFacts, size: tuple[int, int] | None) -> Iterator[Problem]:
    axes = image_axes(facts)
    if axes is None:
        return
    height, width, _ = axes
    if size is None:
        if height < 0 or width < 0:
            yield problem(INPUT_SIZE_UNKNOWN, facts.json_path, shape=shape_text(facts.inputs[0].shape))
        return
    text = f"{size[0]}x{size[1]}"
    if not all(0 < side <= MAX_INPUT_SIDE for side in size):
        yield bad_option("--input-size", text, f"width and height are 1 to {MAX_INPUT_SIDE} pixels")
    elif any(fixed not in (-1, given) for given, fixed in zip(size, (width, height), strict=True)):
        fixed = "x".join("any" if side < 0 else str(side) for side in (width, height))
        yield bad_option("--input-size", text, f"the model takes {fixed} pixels")


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


def _option_problems(facts: ModelFacts, options: Options) -> Iterator[Problem]:
    yield from normalization_problems(facts, options)
    yield from _channel_order_problems(facts, options.channel_order)
    yield from choice_problems("--fit", options.fit, get_args(Fit))
    yield from choice_problems("--filter", options.filter, get_args(Filter))


def _channel_order_problems(facts: ModelFacts, order: str) -> Iterator[Problem]:
    yield from choice_problems("--channel-order", order, get_args(ChannelOrder))
    axes = image_axes(facts)
    if order == "bgr" and axes and axes[2] == 1:
        yield bad_option("--channel-order", order, "the model takes gray pictures")


def _spec(facts: ModelFacts, labels: tuple[str, ...], options: Options) -> ModelSpec:
    name, preprocess = _name(facts, options.name), _preprocess(facts, options)
    image, kind = facts.inputs[0], chosen(facts, options)
    assert image.shape is not None
    return ModelSpec(
        name=name,
        slug=Slug.from_identifier(name),
        files=ModelFiles(format=facts.format, topology=facts.topology, shards=facts.shards),
        input=_tensor(image, (image.shape[0], *preprocess.tensor_shape)),
        preprocess=preprocess,
        outputs=tuple(_tensor(output, output.shape) for output in kind.outputs(facts, labels, options)),
        task=kind.task(facts, labels, options),
        labels=labels,
    )


def _tensor(tensor: TensorFacts, shape: tuple[int, ...] | None) -> TensorSpec:
    assert shape is not None
    return TensorSpec(name=tensor.name, shape=shape, dtype=OUTPUT_TYPES[tensor.dtype])


def _preprocess(facts: ModelFacts, options: Options) -> Preprocess:
    axes = image_axes(facts)
    assert axes is not None
    width, height = options.input_size or (axes[1], axes[0])
    scale, mean, std = normalization(facts, options)
    return Preprocess(
        width=width,
        height=height,
        color=COLORS[axes[2]],
        channel_order=cast(ChannelOrder, options.channel_order),
        layout=facts.layout or "NHWC",
        fit=options.fit,
        filter=options.filter,
        pad=_BLACK,
        scale=scale,
        mean=mean,
        std=std,
    )
