"""What the C# of a model says and prints about its task, one module for each task.

`unity_templates/tasks/<kind>.cs.j2` has the macros that print it.
"""

from __future__ import annotations

from builder.render.tasks import classification, detection, image, raw, segmentation
from builder.render.tasks.view import TaskView
from builder.spec import Classification, Detection, Image, ModelSpec, Raw, Segmentation


def task_view(spec: ModelSpec) -> TaskView:
    """What the templates print; raises TypeError for a task that has no C# class."""
    match spec.task:
        case Classification():
            return classification.view(spec, spec.task)
        case Detection():
            return detection.view(spec, spec.task)
        case Image():
            return image.view(spec, spec.task)
        case Raw():
            return raw.view(spec, spec.task)
        case Segmentation():
            return segmentation.view(spec, spec.task)
    msg = f"there is no C# class for models of the task {spec.task.kind}"
    raise TypeError(msg)
