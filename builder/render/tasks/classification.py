"""Classifiers in C#."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from builder.render.tasks.view import TaskView
from builder.spec import Classification, ModelSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassificationView(TaskView):
    top_k: int


def view(spec: ModelSpec, task: Classification) -> ClassificationView:
    return ClassificationView(
        kind=task.kind,
        summary=f"{len(spec.labels)} classes",
        remarks=(
            *_score_remarks(task),
            f"Results hold the {task.top_k} best of {len(spec.labels)} classes.",
        ),
        top_k=task.top_k,
    )


def _score_remarks(task: Classification) -> Iterator[str]:
    """What becomes of the model's scores."""
    if task.activation == "softmax":
        yield "Scores are probabilities: the softmax of what the model gives."
    if task.skip_first:
        many = f"first {task.skip_first} scores carry no label and are" if task.skip_first > 1 else None
        yield f"The model's {many or 'first score carries no label and is'} left out."
