"""Image models in C#."""

from __future__ import annotations

from builder.render.tasks.view import TaskView
from builder.spec import Image, ModelSpec


def view(spec: ModelSpec, task: Image) -> TaskView:
    return TaskView(kind=task.kind, summary="pictures", remarks=(*_tiles(spec, task), _range(task)))


def _range(task: Image) -> str:
    return f"What the model gives from {task.low:g} to {task.high:g} becomes 0 to 255; what lies beyond is clamped."


def _tiles(spec: ModelSpec, task: Image) -> tuple[str, ...]:
    if task.tiling is None:
        return ()
    pre, margin = spec.preprocess, task.tiling.margin
    return (f"Pictures keep their size and go in tiles of {pre.width}x{pre.height} pixels, {margin} of them margin.",)
