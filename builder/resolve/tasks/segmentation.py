"""Masks and label maps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast, get_args

from builder.errors import CHANNEL_LABELS, Problem, problem
from builder.inputs.facts import ModelFacts, TensorFacts
from builder.inputs.labels import label_problems
from builder.resolve.choices import bad_option, choice_problems
from builder.resolve.options import Options
from builder.resolve.shapes import shape_text
from builder.resolve.tasks.kind import Guess, TaskKind
from builder.resolve.tasks.pictures import Grid, chosen_picture, grid_of, is_fine, layout_of, picture_problems
from builder.spec import (
    MAX_INPUT_SIDE,
    NO_LABEL,
    ModelSpec,
    Segmentation,
    SegmentationActivation,
    SegmentationResult,
)

_WANTED = "[batch, height, width, classes]"
_BOUNDED = {"sigmoid", "softmax", "hard_sigmoid", "hardsigmoid"}
_THRESHOLD = 0.5
# What the one class of a mask is called where nobody says it.
_FOREGROUND = ("Foreground",)


def _accepts(channels: int) -> bool:
    return channels >= 1


def _chosen(facts: ModelFacts, options: Options) -> TensorFacts | None:
    return chosen_picture(facts, options, _accepts)


def _grid(facts: ModelFacts, options: Options) -> Grid | None:
    tensor = _chosen(facts, options)
    return grid_of(facts, tensor) if tensor else None


def _problems(facts: ModelFacts, labels: tuple[str, ...], options: Options) -> Iterator[Problem]:
    yield from picture_problems(facts, options, _accepts, _WANTED)
    yield from label_problems([(f"label {i}", label) for i, label in enumerate(labels)])
    yield from choice_problems("--result", _result(facts, options), get_args(SegmentationResult))
    yield from choice_problems("--activation", _activation(facts, options), get_args(SegmentationActivation))
    if options.threshold is not None and not 0 <= options.threshold <= 1:
        yield bad_option("--threshold", options.threshold, "it is a score of 0 to 1")
    if options.result_size and not all(0 < side <= MAX_INPUT_SIDE for side in options.result_size):
        text = "x".join(map(str, options.result_size))
        yield bad_option("--result-size", text, f"width and height are 1 to {MAX_INPUT_SIDE} pixels")
    if grid := _grid(facts, options):
        yield from _class_problems(facts, labels, options, grid.channels)


def _class_problems(facts: ModelFacts, labels: tuple[str, ...], options: Options, channels: int) -> Iterator[Problem]:
    if channels < 1:
        return
    if len(labels) != channels:
        tensor = _chosen(facts, options)
        shape = shape_text(tensor.shape) if tensor else ""
        yield problem(CHANNEL_LABELS, facts.json_path, labels=len(labels), channels=channels, shape=shape)
    elif options.mask_class is not None and options.mask_class not in labels:
        yield bad_option("--mask-class", repr(options.mask_class), f"the labels are {', '.join(labels[:12])}")
    if _result(facts, options) == "labels" and channels > NO_LABEL:
        yield bad_option("--result", "labels", f"a label map has at most {NO_LABEL} classes, the output {channels}")
    if _activation(facts, options) == "softmax" and channels == 1:
        yield bad_option("--activation", "softmax", "of a single class it is always 1")


def _result(facts: ModelFacts, options: Options) -> str:
    grid = _grid(facts, options)
    return options.result or ("labels" if grid and grid.channels > 1 and options.mask_class is None else "mask")


def _activation(facts: ModelFacts, options: Options) -> str:
    """What the scores still need: nothing where the graph ends in it, else sigmoid of one class, softmax of several."""
    tensor, grid = _chosen(facts, options), _grid(facts, options)
    if options.activation or tensor is None or tensor.activation in _BOUNDED or grid is None:
        return options.activation or "none"
    return "softmax" if grid.channels > 1 else "sigmoid"


def _placeholders(facts: ModelFacts, options: Options) -> tuple[str, ...]:
    grid = _grid(facts, options)
    channels = grid.channels if grid and grid.channels > 0 else 1
    return _FOREGROUND if channels == 1 else tuple(f"Class {number}" for number in range(channels))


def _own_labels(facts: ModelFacts, options: Options) -> tuple[str, ...] | None:
    grid = _grid(facts, options)
    return _FOREGROUND if grid and grid.channels == 1 and not facts.labels else None


def _outputs(facts: ModelFacts, _: tuple[str, ...], options: Options) -> tuple[TensorFacts, ...]:
    tensor = _chosen(facts, options)
    assert tensor is not None
    return (tensor,)


def _segmentation(facts: ModelFacts, labels: tuple[str, ...], options: Options) -> Segmentation:
    result = cast(SegmentationResult, _result(facts, options))
    width, height = options.result_size or (0, 0)
    # Without a class a mask is of the last one: of two channels that is what is not background.
    channel = labels.index(options.mask_class) if options.mask_class else len(labels) - 1
    threshold = options.threshold if options.threshold is not None else 0.0 if result == "labels" else _THRESHOLD
    return Segmentation(
        result=result,
        layout=layout_of(facts),
        activation=cast(SegmentationActivation, _activation(facts, options)),
        channel=0 if result == "labels" else channel,
        threshold=threshold,
        width=width,
        height=height,
    )


def _remarks(facts: ModelFacts, spec: ModelSpec) -> Iterator[str]:
    task = spec.task
    assert isinstance(task, Segmentation)
    if task.activation != "none":
        yield f"the output is no known score of 0..1, so {task.activation} is taken of it; --activation none if it is"


def _guesses(facts: ModelFacts) -> tuple[Guess, ...]:
    grids = ((tensor, grid_of(facts, tensor)) for tensor in facts.outputs)
    alone = len(facts.outputs) == 1
    # Three channels alone are a picture, and three axes are rather a list unless their proportions are the input's.
    return tuple(
        _guess(facts, tensor, grid)
        for tensor, grid in grids
        if grid and not (alone and grid.channels == 3) and (len(tensor.shape or ()) == 4 or is_fine(facts, grid))
    )


def _guess(facts: ModelFacts, tensor: TensorFacts, grid: Grid) -> Guess:
    shown = f"{tensor.name} {shape_text(tensor.shape)}"
    what = f"{shown}: a mask" if grid.channels == 1 else f"{shown}: scores of {grid.channels} classes for each pixel"
    flags = f"--task segmentation --output {tensor.name}"
    alone = len(facts.outputs) == 1 and is_fine(facts, grid)
    return Guess(what, flags, alone and (grid.channels == 1 or grid.channels > 4))


SEGMENTATION = TaskKind(
    problems=_problems,
    placeholders=_placeholders,
    outputs=_outputs,
    task=_segmentation,
    remarks=_remarks,
    guesses=_guesses,
    own_labels=_own_labels,
)
