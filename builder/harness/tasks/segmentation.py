"""What a case may expect of a mask, an alpha or a label map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import Field

from builder.harness.tasks.kind import TaskCheck
from builder.harness.tasks.pixels import (
    SCRIPT,
    Expected,
    Levels,
    WirePixels,
    describe,
    iou,
    mean_error,
    mean_iou,
    problems_of,
)

_HALF = 128


class ExpectedMask(Expected):
    """`mask`: a gray PNG with the bytes that the game should get. `iou`: the least intersection over union of what
    is at least half; with `classes`, of label maps, the mean over the classes. `error`: the largest mean difference in
    levels."""

    mask: str = Field(min_length=1)
    iou: float = Field(default=0.97, ge=0, le=1)
    error: float | None = Field(default=None, ge=0, le=255)
    classes: bool = False


def _judge(expected: ExpectedMask, _: Sequence[str], found: WirePixels) -> Iterator[str]:
    def judged(levels: Levels, wanted: Levels) -> Iterator[str]:
        alike = mean_iou(levels, wanted) if expected.classes else iou(levels >= _HALF, wanted >= _HALF)
        if alike < expected.iou:
            yield f"IoU {alike:.4f}, expected at least {expected.iou:g}"
        if expected.error is not None and (error := mean_error(levels, wanted)) > expected.error:
            yield f"off by {error:.2f} levels in the mean, expected at most {expected.error:g}"

    if found.channels != 1:
        yield "got a picture instead of a mask"
        return
    yield from problems_of(found, expected.mask, "L", judged)


SEGMENTATION = TaskCheck(
    script=SCRIPT, wire=WirePixels, expectation=ExpectedMask, judge=_judge, describe=describe, files=("mask",)
)
