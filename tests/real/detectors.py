"""Real detectors, and what they must find: `python -m tests.real.detectors` writes detections.json.

Boxes are worked out here from the networks' raw numbers, by TensorFlow.js's cpu backend on a page of its own, in numpy
and row by row. Nothing of what the tool or its runtime knows about detectors takes part.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.harness.reference import reference_page
from tests.e2e.image_reference import Fit, Span, fitted, spans
from tests.real.models import HERE, Seen, Shown, as_it_is, human, imagenet, photos, signed

EXPECTED = HERE / "detections.json"
COCO = tuple((HERE.parents[1] / "examples" / "detection" / "coco.txt").read_text("utf-8").split("\n")[:-1])
THRESHOLD, OVERLAP, LIMIT = 0.3, 0.45, 20
Array = NDArray[np.float64]
Outputs = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Box:
    """Edges as parts of what they lie in, from its top left corner."""

    label: int
    score: float
    left: float
    top: float
    right: float
    bottom: float

    def shared(self, other: Box) -> float:
        """Intersection over union."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.bottom, other.bottom) - max(self.top, other.top)
        common = max(wide, 0) * max(high, 0)
        return common / (self.area + other.area - common)

    @property
    def area(self) -> float:
        return (self.right - self.left) * (self.bottom - self.top)


@dataclass(frozen=True, kw_only=True)
class Detector:
    """A detector of the package `human-models`, what `generate` is told, and, once more, what the network sees and how
    its raw numbers are boxes."""

    file: str
    labels: tuple[str, ...]
    flags: tuple[str, ...]
    side: int
    fit: Fit
    seen: Seen
    planes: bool = False
    read: Callable[[Outputs], Iterator[Box]]


def centernet(outputs: Outputs) -> Iterator[Box]:
    """Rows of four edges in pixels, the score, and the class."""
    for left, top, right, bottom, score, label in outputs["tower_0/detections"][0]:
        yield Box(int(label), float(score), left / 512, top / 512, right / 512, bottom / 512)


def nanodet(outputs: Outputs) -> Iterator[Box]:
    """Each edge lies at the mean of eleven distances from the cell's centre, weighted by a softmax."""
    for place, stride in enumerate((8, 16, 32)):
        scores, bins = (outputs[_identity(place + first)][0].astype(np.float64) for first in (0, 3))
        side = 416 // stride
        for row in np.flatnonzero(scores.max(axis=1) >= THRESHOLD):
            powers = np.exp(bins[row].reshape(4, 11))
            far = (powers / powers.sum(axis=1, keepdims=True)) @ np.arange(11)
            x, y = (row % side + 0.5) / side, (row // side + 0.5) / side
            left, top, right, bottom = far / side
            label = int(scores[row].argmax())
            yield Box(label, float(scores[row, label]), x - left, y - top, x + right, y + bottom)


def handtrack(outputs: Outputs) -> Iterator[Box]:
    """All boxes of the network, as parts and y first; class 0 is the background."""
    for four, scores in zip(outputs["Identity_6:0"][0], outputs["Identity_7:0"][0], strict=True):
        label = int(scores[1:].argmax())
        yield Box(label, float(scores[1 + label]), four[1], four[0], four[3], four[2])


def blazeface(outputs: Outputs) -> Iterator[Box]:
    """Offsets in pixels from the centres of 16x16 cells with two anchors each, then of 8x8 cells with six."""
    logits = np.concatenate([outputs[_identity(place)][0] for place in (0, 1)])[:, 0]
    boxes = np.concatenate([outputs[_identity(place)][0] for place in (2, 3)])
    cells = [
        (x, y, side)
        for side, count in ((16, 2), (8, 6))
        for y in range(side)
        for x in range(side)
        for _ in range(count)
    ]
    for (column, line, side), logit, (dx, dy, wide, high, *_) in zip(cells, logits, boxes, strict=True):
        x, y = (column + 0.5) / side + dx / 256, (line + 0.5) / side + dy / 256
        edges = (x - wide / 512, y - high / 512, x + wide / 512, y + high / 512)
        yield Box(0, 1 / (1 + float(np.exp(-float(logit)))), *edges)


def _identity(place: int) -> str:
    return f"Identity_{place}:0" if place else "Identity:0"


_HANDS = ("hand", "fist", "pinch", "point", "face", "tip", "pinchtip")
_THRESHOLD = ("--threshold", str(THRESHOLD))
DETECTORS: dict[str, Detector] = {
    "Centernet": Detector(
        file="centernet",
        labels=COCO,
        flags=("--task", "detection", "--normalize", "none", *_THRESHOLD),
        side=512,
        fit="stretch",
        seen=as_it_is,
        read=centernet,
    ),
    "Nanodet": Detector(
        file="nanodet",
        labels=COCO,
        flags=("--normalize", "imagenet", "--fit", "crop", *_THRESHOLD),
        side=416,
        fit="crop",
        seen=imagenet,
        planes=True,
        read=nanodet,
    ),
    "Handtrack": Detector(
        file="handtrack",
        labels=_HANDS,
        flags=("--fit", "letterbox", *_THRESHOLD),
        side=320,
        fit="letterbox",
        seen=as_it_is,
        read=handtrack,
    ),
    "Blazeface": Detector(
        file="blazeface",
        labels=("face",),
        flags=("--normalize", "signed", "--fit", "letterbox", *_THRESHOLD),
        side=256,
        fit="letterbox",
        seen=signed,
        read=blazeface,
    ),
}


def model(detector: Detector) -> Path:
    return human(detector.file)(Path())


def best(boxes: Iterator[Box]) -> list[Box]:
    """Class by class, a box that covers a better one is none; the best come first."""
    kept: list[Box] = []
    for box in sorted((one for one in boxes if one.score >= THRESHOLD), key=lambda one: -one.score):
        if not any(other.label == box.label and other.shared(box) > OVERLAP for other in kept):
            kept.append(box)
    return kept[:LIMIT]


def in_source(box: Box, x: Span, y: Span, size: tuple[int, int], side: int) -> Box:
    """The box as parts of the photo; what lies beside it is cut off."""

    def along(part: float, span: Span, source: int) -> float:
        place = float(span.low) + (part * side - span.start) / span.size * float(span.high - span.low)
        return float(np.clip(place / source, 0, 1))

    edges = (
        along(box.left, x, size[0]),
        along(box.top, y, size[1]),
        along(box.right, x, size[0]),
        along(box.bottom, y, size[1]),
    )
    return Box(box.label, box.score, *edges)


def found(detector: Detector, outputs: Outputs, size: tuple[int, int]) -> list[Box]:
    """What the network finds in a photo of `size` (width, height), as parts of the photo."""
    x, y = spans(size, (detector.side, detector.side), detector.fit)
    return [in_source(box, x, y, size, detector.side) for box in best(detector.read(outputs))]


def network_input(detector: Detector, photo: Shown) -> NDArray[Any]:
    """[1, …] as the network takes it."""
    values = detector.seen(fitted(photo, (detector.side, detector.side), detector.fit, "triangle", (0, 0, 0)))
    whole = values if detector.file == "handtrack" else values.astype(np.float32)
    return np.ascontiguousarray((whole.transpose(2, 0, 1) if detector.planes else whole)[None])


def entry(box: Box, labels: tuple[str, ...]) -> dict[str, object]:
    """As a case names it: left, top, width and height."""
    four = (box.left, box.top, box.right - box.left, box.bottom - box.top)
    return {"label": labels[box.label], "box": [round(number, 5) for number in four], "score": round(box.score, 5)}


async def expectations() -> dict[str, dict[str, list[dict[str, object]]]]:
    """By detector and photo: the boxes, best first."""
    made: dict[str, dict[str, list[dict[str, object]]]] = {}
    async with reference_page(timeout=600) as page:
        for name, detector in DETECTORS.items():
            await page.load(model(detector), "cpu")
            made[name] = {}
            for photo, picture in photos().items():
                outputs = await page.run([network_input(detector, picture)])
                boxes = found(detector, outputs, (picture.shape[1], picture.shape[0]))
                made[name][photo] = [entry(box, detector.labels) for box in boxes]
                print(name, photo, made[name][photo])
    return made


def written(made: dict[str, dict[str, list[dict[str, object]]]]) -> str:
    """JSON with a line for each photo."""
    names = [
        f"{json.dumps(name)}: {{\n"
        + ",\n".join(f"  {json.dumps(photo)}: {json.dumps(boxes)}" for photo, boxes in found.items())
        + "\n}"
        for name, found in made.items()
    ]
    return "{\n" + ",\n".join(names) + "\n}\n"


if __name__ == "__main__":
    EXPECTED.write_text(written(asyncio.run(expectations())), "utf-8", newline="\n")
