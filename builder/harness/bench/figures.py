"""From samples to figures, and whether those who were measured answered alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from builder.harness.bench.plan import Entry

# Of the range of a picture's scores: for the same pixels, and for those that a video has passed on.
TOLERANCE, VIDEO_TOLERANCE = 0.02, 0.2
Scores = tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """`low` and `high` are the quartiles."""

    count: int
    median: float
    p95: float
    low: float
    high: float


def summary(values: Sequence[float]) -> Summary:
    """Of at least one value, interpolated linearly between neighbours."""
    low, median, high, p95 = np.percentile(np.asarray(values, np.float64), (25, 50, 75, 95)).tolist()
    return Summary(count=len(values), median=median, p95=p95, low=low, high=high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How far an entry's scores are from the first entry's: `worst` as part of the range of that picture's scores."""

    worst: float
    same_best: bool
    tolerance: float

    @property
    def alike(self) -> bool:
        return self.worst <= self.tolerance and self.same_best


def difference(expected: Mapping[int, Scores], found: Mapping[int, Scores], *, video: bool = False) -> Difference:
    """Of scores by picture. `video`: the colours are not quite the same, and the picture may be an older one, so that
    the nearest counts. Best classes count as the same where they are as good as equal."""
    worst, same, tolerance = 0.0, True, VIDEO_TOLERANCE if video else TOLERANCE
    for picture, scores in found.items():
        others = list(expected.values()) if video else [expected[picture]] if picture in expected else []
        pairs = [_compared(other, scores, tolerance) for other in others]
        if pairs:
            nearest = min(pairs)
            worst, same = max(worst, nearest[0]), same and nearest[1]
    return Difference(worst=worst, same_best=same, tolerance=tolerance)


def _compared(expected: Scores, found: Scores, tolerance: float) -> tuple[float, bool]:
    if len(expected) != len(found):
        return float("inf"), False
    a, b = np.asarray(expected), np.asarray(found)
    spread = float(np.ptp(a)) or 1.0
    worst = float(np.abs(a - b).max()) / spread
    near = (a.max() - a[b.argmax()]) / spread
    return (worst if np.isfinite(worst) else float("inf")), bool(near <= tolerance)


def growth(counts: Sequence[int]) -> int | None:
    """By how much live tensors grew from the first block to the last; None where they are not known."""
    known = [count for count in counts if count >= 0]
    return known[-1] - known[0] if known else None


def unlike(entries: Sequence[tuple[Entry, Difference]]) -> Iterator[str]:
    """A line for each entry whose answers are not those of the first."""
    for entry, found in entries:
        if not found.alike:
            best = "" if found.same_best else ", and another class is best"
            yield f"{entry.name} differs by {found.worst:.2g} of the range of the scores{best}"
