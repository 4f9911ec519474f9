"""Segmenters in C#."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from builder.render.tasks.view import TaskView
from builder.spec import NO_LABEL, ModelSpec, Segmentation


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentationView(TaskView):
    """`result` is the contract's word for what a byte is, `meaning` the sentence."""

    result: str
    meaning: str


def view(spec: ModelSpec, task: Segmentation) -> SegmentationView:
    meaning = _meaning(spec, task)
    return SegmentationView(
        kind=task.kind,
        summary={"mask": "a mask", "alpha": "a soft mask", "labels": f"{len(spec.labels)} classes of pixels"}[
            task.result
        ],
        remarks=(meaning, *_remarks(task)),
        result=task.result,
        meaning=meaning,
    )


def _meaning(spec: ModelSpec, task: Segmentation) -> str:
    if task.result == "labels":
        return f"Each byte is the number of a class, or {NO_LABEL} for none."
    label = spec.labels[task.channel]
    if task.result == "alpha":
        return f"Each byte is the score of {label}, 0 to 255."
    return f"Each byte is 255 for {label}, from a score of {task.threshold:g} on, and 0 for what is not."


def _remarks(task: Segmentation) -> Iterator[str]:
    yield f"Results have {task.width}x{task.height} pixels." if task.width else "Results have the picture's size."
    if task.activation != "none":
        yield f"Scores are the {task.activation} of what the model gives."
