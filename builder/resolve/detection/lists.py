"""TensorFlow's Object Detection API: an output for the boxes, one for the scores, and perhaps one for the classes."""

from __future__ import annotations

from collections.abc import Iterator

from builder.inputs.facts import TensorFacts
from builder.resolve.detection.seen import Candidate, Finding, Misfit, Seen, activation_of, inner, tables
from builder.resolve.shapes import plain_name, shape_text
from builder.spec.tasks.detection import ListsForm

# What TensorFlow 2 calls the outputs of its detectors. Where a converter lost the names they are `Identity`,
# `Identity_1` and so on, in this order, which is that of the alphabet.
_KEYS = (
    "detection_anchor_indices",
    "detection_boxes",
    "detection_classes",
    "detection_multiclass_scores",
    "detection_scores",
    "num_detections",
    "raw_detection_boxes",
    "raw_detection_scores",
)


def find_lists(seen: Seen) -> Iterator[Finding]:
    """Readings as lists: boxes before the model's own suppression where it gives them, else finished ones."""
    keyed = _keyed(seen.outputs)
    if "raw_detection_boxes" in keyed and "raw_detection_scores" in keyed:
        yield from _scored(seen, keyed["raw_detection_boxes"], keyed["raw_detection_scores"], is_raw=True)
        return
    yield from _finished(seen, keyed)
    found = tables(seen.outputs)
    pairs = [(boxes, scores) for boxes, rows, four in found for scores, n, _ in found if four == 4 and n == rows]
    for boxes, scores in pairs:
        if boxes is not scores:
            yield from _scored(seen, boxes, scores)


def _keyed(outputs: tuple[TensorFacts, ...]) -> dict[str, TensorFacts]:
    """Outputs by the names that TensorFlow 2 gives them, as far as that can be told."""
    named = {plain_name(tensor.name): tensor for tensor in outputs}
    keyed = {key: named[key] for key in _KEYS if key in named}
    lost = [named.get(f"Identity_{number}" if number else "Identity") for number in range(len(_KEYS))]
    if not keyed and len(outputs) == len(_KEYS) and all(lost):
        keyed = {key: tensor for key, tensor in zip(_KEYS, lost, strict=True) if tensor}
        keyed = keyed if _agree(keyed) else {}
    return keyed


def _agree(keyed: dict[str, TensorFacts]) -> bool:
    """Have all outputs the shapes that their names call for?"""
    found = {key: inner(tensor) for key, tensor in keyed.items()}
    boxes, raw, classes = found["detection_boxes"], found["raw_detection_boxes"], found["raw_detection_scores"]
    if not boxes or not raw or not classes or len(classes) != 2:
        return False
    count = boxes[0]
    single = [found[key] for key in ("detection_anchor_indices", "detection_classes", "detection_scores")]
    shapes = [boxes == (count, 4), raw == (classes[0], 4), found["num_detections"] in ((), (1,))]
    return all(shapes) and all(axes == (count,) for axes in single)


def _scored(seen: Seen, boxes: TensorFacts, scores: TensorFacts, *, is_raw: bool = False) -> Iterator[Finding]:
    """Boxes with a score for every class, with and without a background class before the others."""
    found = {id(tensor): (rows, columns) for tensor, rows, columns in tables((boxes, scores))}
    if len(found) != 2 or found[id(boxes)][0] != found[id(scores)][0]:
        text = f"boxes {shape_text(boxes.shape)} and scores {shape_text(scores.shape)} are not as many"
        yield Misfit(name="od-api", reason=text)
        return
    columns = found[id(scores)][1]
    expanded = len(inner(boxes) or ()) == 3
    why = "its boxes before its own suppression" if is_raw else "boxes [n, 4] with scores [n, classes]"
    for first in (1, 0):
        if columns > first:
            certain = first == 1 if is_raw else expanded and first == 0
            read = (boxes, scores)
            yield Candidate(
                name="od-api",
                form=_form(seen, read, first),
                outputs=read,
                classes=columns - first,
                why=why,
                certain=certain,
            )


def _finished(seen: Seen, keyed: dict[str, TensorFacts]) -> Iterator[Finding]:
    """The best boxes with their scores and class numbers, as the model's own suppression left them."""
    names = ("detection_boxes", "detection_scores", "detection_classes", "num_detections")
    read = tuple(keyed[name] for name in names if name in keyed)
    if all(name in keyed for name in names[:3]):
        why = "its outputs have the names of TensorFlow's detectors"
        yield Candidate(name="od-api", form=_form(seen, read, 1), outputs=read, classes=None, why=why, certain=True)


def _form(seen: Seen, outputs: tuple[TensorFacts, ...], first: int) -> ListsForm:
    """`first`: the number of the first class that has a label."""
    wishes = seen.wishes
    return ListsForm(
        corners=wishes.corners or "yxyx",
        units=wishes.units or "unit",
        activation=activation_of(seen, outputs[1], "none"),
        first_label=first,
    )
