"""Facts and options → ModelSpec. Checks them against each other and reports all problems at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast, get_args

from builder.errors import (
    BAD_NAME,
    INPUT_SIZE_UNKNOWN,
    LABEL_COUNT,
    NAME_MISSING,
    OUTPUT_UNCLEAR,
    Problem,
    UserError,
    problem,
)
from builder.inputs.facts import ModelFacts, TensorFacts
from builder.inputs.jsonfile import printable
from builder.inputs.labels import label_problems
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
from builder.spec import (
    MAX_INPUT_SIDE,
    ChannelOrder,
    Classification,
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
# Last operations after which scores lie in 0..1.
_BOUNDED = frozenset({"softmax", "sigmoid", "hard_sigmoid", "hardsigmoid"})


def resolve(facts: ModelFacts, labels: tuple[str, ...], options: Options) -> ModelSpec:
    """The specification of an image classifier; a `UserError` with every problem otherwise."""
    problems = [
        *classifier_problems(facts, options.output),
        *_output_problems(facts, options),
        *_size_problems(facts, options.input_size),
        *_label_problems(facts, labels, options),
        *_name_problems(facts, options.name),
        *_option_problems(facts, labels, options),
    ]
    if problems:
        raise UserError(problems)
    return _spec(facts, labels, options)


def placeholders(facts: ModelFacts, options: Options) -> tuple[str, ...]:
    """Stand in for labels that are missing or bad, so that the other problems are found too: as many as are needed."""
    output = chosen_output(facts, options.output)
    count = (class_count(output) if output else None) or 1
    return tuple(str(number) for number in range(max(count - max(options.skip_first, 0), 1)))


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
    output = chosen_output(facts, spec.output.name)
    last = output.activation if output else "unknown"
    if len(facts.outputs) > 1:
        yield f"of the outputs {listed(facts.outputs)}, {spec.output.name} is used"
    if spec.classification.activation == "none" and last not in _BOUNDED and class_count(facts.outputs[0]) != 1:
        yield f"the model ends in {last}: scores are shown as they come; --softmax makes logits probabilities"
    if facts.leading and not spec.preprocess.keeps_levels:
        yield f"the model begins with {', '.join(facts.leading)}: make sure that it is not normalized twice"
    if facts.infinite:
        names = ", ".join(printable(name, 40) for name in facts.infinite[:_NAMES_SHOWN])
        more = ", …" if len(facts.infinite) > _NAMES_SHOWN else ""
        yield f"infinite numbers in the weights {names}{more}: right only if they are meant as a limit or a mask"
    if facts.cured:
        yield f"{facts.cured}, which is what TensorFlow.js reads"


def _output_problems(facts: ModelFacts, options: Options) -> Iterator[Problem]:
    if options.output is not None:
        if chosen_output(facts, options.output) is None:
            yield bad_option("--output", repr(options.output), f"the model's outputs are {listed(facts.outputs)}")
    elif chosen_output(facts) is None and (candidates := score_outputs(facts)):
        yield problem(OUTPUT_UNCLEAR, facts.json_path, outputs=listed(candidates), example=candidates[0].name)


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


def _label_problems(facts: ModelFacts, labels: tuple[str, ...], options: Options) -> Iterator[Problem]:
    yield from label_problems([(f"label {i}", label) for i, label in enumerate(labels)])
    output = chosen_output(facts, options.output)
    outputs, skipped = class_count(output) if output else None, options.skip_first
    if outputs is None:
        return
    if not 0 <= skipped < outputs:
        reason = f"it must be 0 to {outputs - 1}, as the model has {outputs} outputs"
        yield bad_option("--skip-first", skipped, reason)
    elif outputs - skipped != len(labels):
        shown = f"{outputs} - {skipped} = {outputs - skipped}" if skipped else outputs
        yield problem(LABEL_COUNT, facts.json_path, labels=len(labels), outputs=shown)


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
    yield from normalization_problems(facts, options)
    yield from _channel_order_problems(facts, options.channel_order)
    yield from choice_problems("--fit", options.fit, get_args(Fit))
    yield from choice_problems("--filter", options.filter, get_args(Filter))
    if options.softmax:
        yield from _softmax_problems(facts, options)
    if options.top_k is not None and not 0 < options.top_k <= len(labels):
        yield bad_option("--top-k", options.top_k, f"it must be 1 to {len(labels)}, the number of labels")


def _channel_order_problems(facts: ModelFacts, order: str) -> Iterator[Problem]:
    yield from choice_problems("--channel-order", order, get_args(ChannelOrder))
    axes = image_axes(facts)
    if order == "bgr" and axes and axes[2] == 1:
        yield bad_option("--channel-order", order, "the model takes gray pictures")


def _softmax_problems(facts: ModelFacts, options: Options) -> Iterator[Problem]:
    output = chosen_output(facts, options.output)
    if output is None:
        return
    if output.activation in _BOUNDED:
        when = ", built in when it was converted" if facts.mark.softmax else ""
        reason = f"the model ends in {output.activation} already{when}, and a second softmax would level the scores"
        yield bad_option("--softmax", "given", reason)
    elif class_count(output) == 1:
        yield bad_option("--softmax", "given", "of a single score it is always 1")


def _spec(facts: ModelFacts, labels: tuple[str, ...], options: Options) -> ModelSpec:
    name, preprocess = _name(facts, options.name), _preprocess(facts, options)
    image, scores = facts.inputs[0], chosen_output(facts, options.output)
    assert image.shape is not None and scores is not None
    return ModelSpec(
        name=name,
        slug=Slug.from_identifier(name),
        files=ModelFiles(format=facts.format, topology=facts.topology, shards=facts.shards),
        input=_tensor(image, (image.shape[0], *preprocess.tensor_shape)),
        preprocess=preprocess,
        outputs=(_tensor(scores, scores.shape),),
        task=_classification(labels, options),
        labels=labels,
    )


def _classification(labels: tuple[str, ...], options: Options) -> Classification:
    return Classification(
        activation="softmax" if options.softmax else "none",
        skip_first=options.skip_first,
        top_k=options.top_k or len(labels),
    )


def _tensor(tensor: TensorFacts, shape: tuple[int, ...] | None) -> TensorSpec:
    assert shape is not None
    return TensorSpec(name=tensor.name, shape=shape, dtype=TENSOR_TYPES[tensor.dtype])


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
