"""Detectors in C#."""

from __future__ import annotations

from dataclasses import dataclass

from builder.render.tasks.view import TaskView
from builder.spec import Detection, ModelSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionView(TaskView):
    limit: int


def view(spec: ModelSpec, task: Detection) -> DetectionView:
    classes = "of the same class" if task.per_class else "of any class"
    return DetectionView(
        kind=task.kind,
        summary=f"boxes of {len(spec.labels)} class{'es' if len(spec.labels) != 1 else ''}",
        remarks=(
            f"Results hold at most {task.limit} boxes with a score of {task.threshold:g} or more.",
            f"Boxes that share over {task.overlap:g} with a better one {classes} are left out.",
        ),
        limit=task.limit,
    )
