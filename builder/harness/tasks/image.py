"""What a case may expect of a picture that a model made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import Field

from builder.harness.tasks.kind import TaskCheck
from builder.harness.tasks.pixels import SCRIPT, Expected, Levels, WirePixels, describe, mean_error, problems_of


class ExpectedPicture(Expected):
    """`picture`: a PNG of the picture that the game should get; `error`: the largest mean difference in levels."""

    picture: str = Field(min_length=1)
    error: float = Field(default=1.5, ge=0, le=255)


def _judge(expected: ExpectedPicture, _: Sequence[str], found: WirePixels) -> Iterator[str]:
    def judged(levels: Levels, wanted: Levels) -> Iterator[str]:
        if (error := mean_error(levels[..., :3], wanted)) > expected.error:
            yield f"off by {error:.2f} levels in the mean, expected at most {expected.error:g}"

    if found.channels != 4:
        yield "got a mask instead of a picture"
        return
    yield from problems_of(found, expected.picture, "RGB", judged)


IMAGE = TaskCheck(
    script=SCRIPT, wire=WirePixels, expectation=ExpectedPicture, judge=_judge, describe=describe, files=("picture",)
)
