"""Heads whose boxes belong to the cells of grids: the YOLO family, and NanoDet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from builder.inputs.facts import TensorFacts
from builder.resolve.detection.seen import Candidate, Finding, Misfit, Seen, activation_of, inner, tables
from builder.resolve.shapes import shape_text
from builder.spec.tasks.detection import DistancesForm, YoloForm

# With three sizes of objects, and with a fourth for large pictures.
STRIDES = ((8, 16, 32), (8, 16, 32, 64))
_BOX = 4
_ANCHORS = 3  # of a cell, before YOLO did without them
_PAIR = 2


def find_yolo(seen: Seen) -> Iterator[Finding]:
    """Readings of an output [1, n, numbers] or [1, numbers, n] whose n is that of a grid's cells."""
    for tensor in seen.outputs:
        axes = inner(tensor)
        if axes and len(axes) == 2:
            yield from _head(seen, tensor, axes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """An output whose rows are those of cells, `anchors` for each, and how its numbers lie."""

    tensor: TensorFacts
    arrangement: Literal["rows", "columns"]
    columns: int
    strides: tuple[int, ...]
    anchors: int


def _heads(seen: Seen, tensor: TensorFacts, axes: tuple[int, ...]) -> Iterator[_Head]:
    ways: tuple[tuple[Literal["rows", "columns"], int, int], ...] = (
        ("rows", axes[0], axes[1]),
        ("columns", axes[1], axes[0]),
    )
    for arrangement, rows, columns in ways:
        for strides in STRIDES:
            for anchors in (1, _ANCHORS):
                if rows == anchors * seen.cells(strides) and columns > _BOX:
                    yield _Head(
                        tensor=tensor, arrangement=arrangement, columns=columns, strides=strides, anchors=anchors
                    )


def _head(seen: Seen, tensor: TensorFacts, axes: tuple[int, ...]) -> Iterator[Finding]:
    fitting = list(_heads(seen, tensor, axes))
    for head in fitting:
        yield from _families(seen, head)
    name = seen.wishes.form or ""
    if not fitting and name.startswith("yolo"):
        counts = " or ".join(str(anchors * seen.cells(STRIDES[0])) for anchors in (1, _ANCHORS))
        text = f"{shape_text(tensor.shape)} has none of the {counts} boxes of {seen.width}x{seen.height} pixels"
        yield Misfit(name=name, reason=text)


def _families(seen: Seen, head: _Head) -> Iterator[Candidate]:
    cells = head.anchors * seen.cells(head.strides)
    where = f"{shape_text(head.tensor.shape)} has the {cells} boxes of strides {', '.join(map(str, head.strides))}"
    plain, certain = head.columns - _BOX, head.columns - _BOX - 1
    if head.anchors == 1:
        yield _yolo(seen, head, name="yolov8", why=f"{where}, and {_BOX} numbers before {plain} classes")
    if not certain:
        return
    why = f"{where}, and {_BOX + 1} numbers before {certain} classes"
    if head.anchors == _ANCHORS:
        yield _yolo(seen, head, name="yolov5", why=why)
    else:
        yield _yolo(seen, head, name="yolox", why=f"{why}, relative to their cells")
        yield _yolo(seen, head, name="yolov6", why=f"{why}, worked out already")


def _yolo(seen: Seen, head: _Head, *, name: str, why: str) -> Candidate:
    objectness = name != "yolov8"
    form = YoloForm(
        arrangement=head.arrangement,
        objectness=objectness,
        activation=activation_of(seen, head.tensor, "none"),
        units=seen.wishes.units or "pixels",
        strides=head.strides if name == "yolox" else (),
    )
    return Candidate(
        name=name,
        form=form,
        outputs=(head.tensor,),
        classes=head.columns - _BOX - objectness,
        why=why,
        certain=name in ("yolov8", "yolov5"),
    )


def find_distances(seen: Seen) -> Iterator[Finding]:
    """Readings of scores and distances for each stride, all with as many rows as its grid has cells."""
    for strides in STRIDES:
        found = [[table for table in tables(seen.outputs) if table[1] == seen.cells([s])] for s in strides]
        if all(len(pair) == _PAIR for pair in found):
            yield from _pairs(seen, strides, found)


def _pairs(seen: Seen, strides: tuple[int, ...], found: list[list[tuple[TensorFacts, int, int]]]) -> Iterator[Finding]:
    kinds = {frozenset(wide for _, _, wide in pair) for pair in found}
    widths = sorted({wide for pair in found for _, _, wide in pair})
    if len(kinds) != 1 or len(widths) != _PAIR:
        text = " and ".join(map(str, widths))
        yield Misfit(name="nanodet", reason=f"its outputs have {text} columns, and not the same two for all strides")
        return
    every = [table for pair in found for table in pair]
    for distances, classes in (widths, widths[::-1]):
        if distances % _BOX == 0 and distances > _BOX:
            edges = tuple(tensor for tensor, _, wide in every if wide == distances)
            scores = tuple(tensor for tensor, _, wide in every if wide == classes)
            yield _nanodet(seen, strides, scores, edges)


def _nanodet(
    seen: Seen, strides: tuple[int, ...], scores: tuple[TensorFacts, ...], edges: tuple[TensorFacts, ...]
) -> Candidate:
    form = DistancesForm(strides=strides, activation=activation_of(seen, scores[0], "sigmoid"))
    cells = ", ".join(str(seen.cells([stride])) for stride in strides)
    (classes,) = (columns for _, _, columns in tables(scores[:1]))
    why = f"{cells} rows are the cells of strides {', '.join(map(str, strides))}"
    return Candidate(name="nanodet", form=form, outputs=(*scores, *edges), classes=classes, why=why, certain=True)
