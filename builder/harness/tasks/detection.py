"""Boxes: expected ones and found ones are paired, best overlap first, and compared."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Annotated

import numpy as np
from PIL import Image, ImageDraw
from pydantic import BaseModel, ConfigDict, Field, model_validator

from builder.harness.images import RgbImage
from builder.harness.tasks.kind import TaskCheck
from builder.harness.text import clean

MAX_BOXES = 1000
_SHOWN = 3
_FOUND, _WANTED = (255, 64, 64), (255, 255, 255)
_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Box = tuple[float, float, float, float]


class FoundBox(BaseModel):
    """`box`: left, top, width and height in parts of the picture, from its top left corner."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    index: int
    score: float
    box: list[float] = Field(min_length=4, max_length=4)


class Found(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    boxes: list[FoundBox] = Field(max_length=MAX_BOXES)


class WantedBox(BaseModel):
    """`score` may be left out: then any will do."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str = Field(min_length=1)
    box: tuple[_Share, _Share, _Share, _Share]
    score: _Share | None = None


class Wanted(BaseModel):
    """`boxes`: all that must be found, and no other one. `iou`: the least intersection over union of an expected box
    and what is found; `tolerance` of scores. Where the model leaves out boxes below a `threshold`, one whose score is
    closer to it than the tolerance may be there or not."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    boxes: list[WantedBox] = Field(max_length=MAX_BOXES)
    iou: _Share = 0.9
    tolerance: _Share = 0.02
    threshold: _Share | None = None

    @model_validator(mode="after")
    def _complete(self) -> Wanted:
        if self.threshold is not None and any(box.score is None for box in self.boxes):
            message = "`threshold` needs the `score` of every box"
            raise ValueError(message)
        return self

    def is_close_call(self, score: float | None) -> bool:
        """May a box of this score be there or not?"""
        return self.threshold is not None and score is not None and score <= self.threshold + self.tolerance


def overlap(a: Sequence[float], b: Sequence[float]) -> float:
    """Intersection over union of two boxes."""
    wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    high = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(wide, 0.0) * max(high, 0.0)
    union = a[2] * a[3] + b[2] * b[3] - shared
    return shared / union if union > 0 else 0.0


def judge(wanted: Wanted, labels: Sequence[str], found: Found) -> Iterator[str]:
    """The reasons against what was found."""
    wrong = [box for box in found.boxes if not _is_sound(box, labels)]
    if wrong:
        yield f"a box is none: class {wrong[0].index}, score {wrong[0].score:g}, {_place(wrong[0].box)}"
        return
    left = list(found.boxes)
    for box in wanted.boxes:
        rivals = [other for other in left if labels[other.index] == box.label]
        best = max(rivals, key=lambda other: overlap(box.box, other.box), default=None)
        if best is not None and overlap(box.box, best.box) >= wanted.iou:
            left.remove(best)
            yield from _score_reasons(wanted, box, best)
        elif not wanted.is_close_call(box.score):
            nearest = f", the nearest shares {overlap(box.box, best.box):.2f}" if best else ""
            yield f"expected {_named(box.label, box.score)} at {_place(box.box)}, found none there{nearest}"
    for other in left:
        if not wanted.is_close_call(other.score):
            yield f"found {_named(labels[other.index], other.score)} at {_place(other.box)}, which was not expected"


def _is_sound(box: FoundBox, labels: Sequence[str]) -> bool:
    numbers = (box.score, *box.box)
    return 0 <= box.index < len(labels) and all(math.isfinite(number) for number in numbers)


def _score_reasons(wanted: Wanted, box: WantedBox, found: FoundBox) -> Iterator[str]:
    if box.score is not None and abs(box.score - found.score) > wanted.tolerance:
        difference = abs(box.score - found.score)
        name = _named(box.label, box.score)
        yield f"the score of {name} differs by {difference:.3g} (tolerance {wanted.tolerance:g})"


def _named(label: str, score: float | None) -> str:
    return clean(label, 60) if score is None else f"{clean(label, 60)} {score:.2f}"


def _place(box: Sequence[float]) -> str:
    """`(0.10, 0.20) to (0.60, 0.90)`."""
    left, top, width, height = box
    return f"({left:.2f}, {top:.2f}) to ({left + width:.2f}, {top + height:.2f})"


def describe(labels: Sequence[str], found: Found) -> tuple[str, str]:
    """The labels of the best boxes, and the best score."""
    names = [labels[box.index] if 0 <= box.index < len(labels) else "?" for box in found.boxes]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return clean(", ".join(names[:_SHOWN]) or "nothing", 60) + more, f"{found.boxes[0].score:.4f}" if names else "-"


def wish(wanted: Wanted) -> str:
    """What a case expects, in a few words."""
    names = [_named(box.label, box.score) for box in wanted.boxes]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return (", ".join(names[:_SHOWN]) or "nothing") + more


def draw(picture: RgbImage, wanted: Wanted | None, labels: Sequence[str], found: Found | None) -> RgbImage:
    """The picture with the expected boxes in white, thin, and those that were found in red, with what they are."""
    image = Image.fromarray(picture)
    pen, line = ImageDraw.Draw(image), max(1, min(image.size) // 120)
    size = max(12, min(image.size) // 18)
    for box in wanted.boxes if wanted else []:
        pen.rectangle(_corners(box.box, image.size), outline=_WANTED, width=3 * line)
    for one in found.boxes if found else []:
        if _is_sound(one, labels):
            corners = _corners(one.box, image.size)
            pen.rectangle(corners, outline=_FOUND, width=line)
            text, at = f"{labels[one.index]} {one.score:.2f}", (corners[0] + 2 * line, corners[1] + 2 * line)
            pen.rectangle(pen.textbbox(at, text, font_size=size), fill=_FOUND)
            pen.text(at, text, fill=_WANTED, font_size=size)
    return np.asarray(image)


def _corners(box: Sequence[float], size: tuple[int, int]) -> Box:
    left, top, width, height = (min(max(number, 0.0), 1.0) for number in box)
    return left * size[0], top * size[1], min(left + width, 1) * size[0] - 1, min(top + height, 1) * size[1] - 1


DETECTION = TaskCheck(
    script=f"""(p) => ({{ boxes: Array.from(p.detections ?? []).slice(0, {MAX_BOXES + 1}).map((d) => ({{
      index: Number.isInteger(d.index) ? d.index : -1, score: number(d.score, NaN),
      box: [d.box?.left, d.box?.top, d.box?.width, d.box?.height].map((side) => number(side, NaN)),
    }})) }})""",
    wire=Found,
    expectation=Wanted,
    judge=judge,
    describe=describe,
    wish=wish,
    draw=draw,
)
