"""Detectors whose boxes are relative to anchors: MediaPipe's for faces, TensorFlow's SSD, and those of a file."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from builder.inputs.facts import TensorFacts
from builder.resolve.detection.seen import Candidate, Finding, Misfit, Seen, activation_of, inner, tables
from builder.resolve.shapes import listed, shape_text
from builder.spec.tasks.detection import AnchorLayer, AnchorsForm

# MediaPipe's detectors: side of the input, and (stride, anchors in a cell); each anchor is as large as the input.
_MEDIAPIPE: dict[str, tuple[int, tuple[tuple[int, int], ...]]] = {
    "blazeface-front": (128, ((8, 2), (16, 6))),
    "blazeface-back": (256, ((16, 2), (32, 6))),
}
# Numbers of a face there: the box, and six points.
_FACE_COLUMNS = 16
# TensorFlow's Object Detection API, ssd_anchor_generator with its defaults.
_SSD_SCALES = (0.2, 0.35, 0.5, 0.65, 0.8, 0.95, 1.0)
_SSD_RATIOS = (1.0, 2.0, 0.5, 3.0, 1 / 3)
_SSD_FIRST = ((0.1, 1.0), (0.2, 2.0), (0.2, 0.5))
_SSD_STRIDES = (16, 32, 64, 128, 256, 512)
_SSD_DIVISORS = (10.0, 10.0, 5.0, 5.0)

PRESETS = (*_MEDIAPIPE, "ssd")


def layers_of(preset: str) -> tuple[AnchorLayer, ...]:
    """The anchors of a preset."""
    if preset == "ssd":
        return _ssd_layers()
    return tuple(AnchorLayer(stride=stride, sizes=((1.0, 1.0),) * count) for stride, count in _MEDIAPIPE[preset][1])


def _ssd_layers() -> tuple[AnchorLayer, ...]:
    layers: list[tuple[tuple[float, float], ...]] = [_SSD_FIRST]
    for scale, larger in pairwise(_SSD_SCALES[1:]):
        between = (math.sqrt(scale * larger), 1.0)
        layers.append((*((scale, ratio) for ratio in _SSD_RATIOS), between))
    return tuple(
        AnchorLayer(stride=stride, sizes=tuple((size * ratio**0.5, size / ratio**0.5) for size, ratio in layer))
        for stride, layer in zip(_SSD_STRIDES, layers, strict=True)
    )


def count_of(seen: Seen, layers: Sequence[AnchorLayer]) -> int:
    """How many anchors there are at the size of the input."""
    return sum(seen.cells([layer.stride]) * len(layer.sizes) for layer in layers)


def find_anchors(seen: Seen) -> Iterator[Finding]:
    """Readings relative to anchors: MediaPipe's by their numbers alone, others where anchors are given."""
    chosen = seen.wishes.anchors
    presets = [chosen[0]] if chosen and chosen[0] in _MEDIAPIPE else [] if chosen else list(_MEDIAPIPE)
    for preset in presets:
        yield from _mediapipe(seen, preset)
    if chosen and chosen[0] not in _MEDIAPIPE:
        yield from _ssd(seen, *chosen)


def _mediapipe(seen: Seen, preset: str) -> Iterator[Finding]:
    """Scores [1, n, 1] and boxes [1, n, 16], in as many pairs as there are, or both in [1, n, 17]."""
    side, layers, found = _MEDIAPIPE[preset][0], layers_of(preset), _faces(seen)
    if not found:
        if seen.wishes.anchors:
            wanted = f"scores [1, n, 1] and boxes [1, n, {_FACE_COLUMNS}]"
            yield Misfit(
                name="anchors", reason=f"{preset} has {wanted}, the model's outputs are {listed(seen.outputs)}"
            )
        return
    outputs, rows, both = found
    anchors = count_of(seen, layers)
    if (seen.width, seen.height) == (side, side) and rows == anchors:
        yield _mediapipe_candidate(seen, preset, layers, outputs, both)
    elif seen.wishes.anchors or (seen.width, seen.height) == (side, side):
        text = f"{preset} has {anchors} anchors at {seen.width}x{seen.height}, the outputs have {rows} boxes"
        yield Misfit(name="anchors", reason=text)


def _faces(seen: Seen) -> tuple[tuple[TensorFacts, ...], int, bool] | None:
    """The outputs in the form's order, how many boxes they hold, and whether scores and boxes share one."""
    found = tables(seen.outputs)
    both = [(tensor, rows) for tensor, rows, wide in found if wide == _FACE_COLUMNS + 1]
    boxes = sorted(((tensor, rows) for tensor, rows, wide in found if wide == _FACE_COLUMNS), key=lambda pair: -pair[1])
    scores = sorted(((tensor, rows) for tensor, rows, wide in found if wide == 1), key=lambda pair: -pair[1])
    if len(both) == 1 and not boxes:
        return (both[0][0],), both[0][1], True
    if not boxes or [rows for _, rows in boxes] != [rows for _, rows in scores]:
        return None
    return tuple(tensor for tensor, _ in (*boxes, *scores)), sum(rows for _, rows in boxes), False


def _mediapipe_candidate(
    seen: Seen, preset: str, layers: tuple[AnchorLayer, ...], outputs: tuple[TensorFacts, ...], both: bool
) -> Candidate:
    side = float(seen.width)
    form = AnchorsForm(
        layers=layers,
        box=1 if both else 0,
        score=0,
        y_first=False,
        divisors=(side, side, side, side),
        exponential=False,
        activation=activation_of(seen, outputs[-1], "sigmoid"),
        background=False,
    )
    why = f"{count_of(seen, layers)} boxes are the anchors of {preset} at {seen.width}x{seen.height}"
    return Candidate(name="anchors", form=form, outputs=outputs, classes=1, why=why, certain=True)


def _ssd(seen: Seen, name: str, layers: tuple[AnchorLayer, ...]) -> Iterator[Finding]:
    """Boxes [1, n, 4] and scores [1, n, classes] of TensorFlow's SSD, with or without a background class."""
    found = tables(seen.outputs)
    boxes = [(tensor, rows) for tensor, rows, wide in found if wide == 4]
    anchors = count_of(seen, layers)
    fitting = [tensor for tensor, rows in boxes if rows == anchors]
    if len(fitting) != 1:
        given = ", ".join(str(rows) for _, rows in boxes) or f"no output [1, n, 4], but {listed(seen.outputs)}"
        boxes_text = f"the outputs have {given}" + (" boxes" if boxes else "")
        text = f"{name} gives {anchors} anchors at {seen.width}x{seen.height}, {boxes_text}"
        yield Misfit(name="anchors", reason=text)
        return
    for tensor, rows, classes in found:
        if rows == anchors and tensor is not fitting[0]:
            why = f"the {anchors} anchors of {name} are as many as the boxes of {shape_text(fitting[0].shape)}"
            for background in (True, False):
                if classes > background:
                    yield Candidate(
                        name="anchors",
                        form=_ssd_form(seen, layers, tensor, background),
                        outputs=(fitting[0], tensor),
                        classes=classes - background,
                        why=why,
                        certain=background,
                    )


def _ssd_form(seen: Seen, layers: tuple[AnchorLayer, ...], scores: TensorFacts, background: bool) -> AnchorsForm:
    return AnchorsForm(
        layers=layers,
        box=0,
        score=0,
        y_first=True,
        divisors=_SSD_DIVISORS,
        exponential=True,
        activation=activation_of(seen, scores, "sigmoid"),
        background=background,
    )


def looks_relative(seen: Seen) -> bool:
    """Are there outputs [1, n, 4] with as many boxes as some anchors have? Then their boxes may be relative to them."""
    ssd = count_of(seen, _ssd_layers())
    return any(inner(tensor) == (ssd, 4) for tensor in seen.outputs)
