"""What `generate` understood about a model's outputs, in the words of its task."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from builder.inputs.jsonfile import printable
from builder.resolve.shapes import shape_text
from builder.spec import Detection, Image, ModelSpec, Segmentation
from builder.spec.tasks.detection import (
    AnchorsForm,
    DetectionForm,
    DistancesForm,
    ListsForm,
    RowsForm,
    YoloForm,
)

if TYPE_CHECKING:
    from builder.cli.gathering import Gathered

Rows = Iterator[tuple[str, str]]
_LABELS_SHOWN = 6


def task_rows(found: Gathered) -> Rows:
    """(name, value) of each line."""
    if found.settings.task or found.spec.task.kind != "classification":
        shapes = f"the shapes in {found.facts.json_path.name}"
        yield "task", f"{found.spec.task.kind} [{found.source('task', otherwise=shapes)}]"
    yield from _ROWS[found.spec.task.kind](found)


def _classification(found: Gathered) -> Rows:
    yield "output", _output(found)
    yield "classes", f"{_labels(found.spec)} [{_labels_source(found)}]"
    yield "reported", f"{_reported(found.spec)} [{found.source('top_k')}]"


def _output(found: Gathered) -> str:
    """Which output, and what becomes of its scores."""
    spec, post = found.spec, found.spec.classification
    name = f"{printable(spec.output.name, 60)} [{found.source('output', otherwise=found.facts.json_path.name)}]"
    activation = "turned into probabilities by softmax" if post.activation == "softmax" else "as the model gives it"
    parts = [name, f"{activation} [{found.source('softmax')}]"]
    if post.skip_first:
        scores = "its first score" if post.skip_first == 1 else f"its first {post.skip_first} scores"
        parts.append(f"{scores} left out [{found.source('skip_first')}]")
    return ", ".join(parts)


def _labels(spec: ModelSpec) -> str:
    shown = ", ".join(printable(label, 40) for label in spec.labels[:_LABELS_SHOWN])
    return f"{len(spec.labels)}: {shown}{', …' if len(spec.labels) > _LABELS_SHOWN else ''}"


def _labels_source(found: Gathered) -> str:
    """The file; and who named it, where that is not a flag."""
    named = found.source("labels", otherwise="")
    shown = printable(found.labels.shown, 60)
    return f"{shown}, {named}" if named and named != "--labels" else shown


def _reported(spec: ModelSpec) -> str:
    k = spec.classification.top_k
    return (
        "all classes, best first" if k == len(spec.labels) else f"the {k} best classes" if k > 1 else "the best class"
    )


def _segmentation(found: Gathered) -> Rows:
    task = found.spec.task
    assert isinstance(task, Segmentation)
    activation = f"{task.activation} taken of it" if task.activation != "none" else "as the model gives it"
    yield "output", f"{_first(found)}, {activation} [{found.source('activation')}]"
    yield "classes", f"{_labels(found.spec)} [{_labels_source(found)}]"
    if task.result == "labels":
        what = "the number of the best class for each pixel"
    else:
        of = f" of {printable(found.spec.labels[task.channel], 40)} [{found.source('mask_class')}]"
        what = f"the score{of}" if task.result == "alpha" else f"a mask{of}, from a score of {task.threshold:g} on"
    size = f"{task.width}x{task.height}" if task.width else "the picture's size"
    yield "result", f"{what} [{found.source('result')}], in {size} [{found.source('result_size')}]"


def _image(found: Gathered) -> Rows:
    task = found.spec.task
    assert isinstance(task, Image)
    yield "output", f"{_first(found)}, {task.low:g}..{task.high:g} becomes 0..255 [{_range_source(found)}]"
    if task.tiling:
        pre = found.spec.preprocess
        small = "a smaller picture as it is" if task.tiling.free else "a smaller picture with its edges repeated"
        tiles = f"of {pre.width}x{pre.height} pixels, {task.tiling.margin} of them margin, {small}"
        yield "tiles", f"{tiles} [{found.source('tile_margin')}]"


def _range_source(found: Gathered) -> str:
    return found.source("output_range", otherwise=found.facts.json_path.name)


def _raw(found: Gathered) -> Rows:
    shown = (f"{printable(one.name, 60)} {one.dtype} {shape_text(one.shape)}" for one in found.spec.outputs)
    yield "outputs", f"{', '.join(shown)} [{found.source('output', otherwise=found.facts.json_path.name)}]"


def _first(found: Gathered) -> str:
    return f"{printable(found.spec.output.name, 60)} [{found.source('output', otherwise=found.facts.json_path.name)}]"


def _detection(found: Gathered) -> Rows:
    spec, task = found.spec, found.spec.task
    assert isinstance(task, Detection)
    how = found.source("form", "anchors", "columns", otherwise="their shapes")
    yield "outputs", f"{', '.join(printable(name, 60) for name in spec.output_names)}"
    yield "read as", f"{_form(task.form)} [{how}]"
    yield "classes", f"{_labels(spec)} [{_labels_source(found)}]"
    classes = "of the same class" if task.per_class else "of any class"
    least = f"a score of {task.threshold:g} [{found.source('threshold')}] or more"
    yield "boxes", f"with {least}, at most {task.limit} [{found.source('limit')}]"
    share = f"over {task.overlap:g} [{found.source('overlap')}]"
    yield "", f"without those that share {share} with a better one {classes} [{found.source('class_agnostic')}]"


def _form(form: DetectionForm) -> str:
    """What the outputs are, in a line."""
    match form:
        case RowsForm():
            return f"rows of finished boxes, {form.corners} in {form.units}"
        case ListsForm():
            background = ", a background class before the others" if form.first_label else ""
            return f"lists of boxes ({form.corners} in {form.units}) and scores{background}"
        case AnchorsForm():
            return f"boxes relative to anchors of {', '.join(str(layer.stride) for layer in form.layers)} pixels"
        case YoloForm():
            relative = ", relative to their cells" if form.strides else f" in {form.units}"
            return f"YOLO's head{relative}{', with an objectness' if form.objectness else ''}"
        case DistancesForm():
            return f"NanoDet's head of strides {', '.join(map(str, form.strides))}"


_ROWS: dict[str, Callable[[Gathered], Rows]] = {
    "classification": _classification,
    "detection": _detection,
    "image": _image,
    "raw": _raw,
    "segmentation": _segmentation,
}
