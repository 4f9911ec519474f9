"""What the page shows, whichever command it is of. All texts are foreign: the template escapes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bar:
    """A class and its score, drawn as `width` of 0..100."""

    label: str
    text: str
    width: float
    right: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureView:
    """A picture with what was predicted: `image` and `seen` are data URIs, "" where there is none; `more` are further
    ones, with what is said below each."""

    name: str
    image: str
    seen: str
    expected: str
    bars: tuple[Bar, ...]
    reasons: tuple[str, ...]
    passed: bool
    more: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table; `heat` of 0..10 shades it."""

    text: str
    heat: int = 0
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableView:
    """A table; the first column is text, the others numbers."""

    title: str
    note: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a chart: `height` of 0..100, and `mark` where a line is drawn across it, None for none."""

    title: str
    height: float
    mark: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartView:
    """Columns side by side, or a curve through `points` (x of 0..300, y of 0..100), with texts below both ends."""

    title: str
    note: str
    columns: tuple[Column, ...]
    low: str
    high: str
    points: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckView:
    name: str
    passed: bool
    detail: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageView:
    """The whole page. `tiles` are the figures that count most; `shots` data URIs of screenshots."""

    title: str
    passed: bool
    verdict: str
    tiles: tuple[tuple[str, str, str], ...] = ()
    checks: tuple[CheckView, ...] = ()
    charts: tuple[ChartView, ...] = ()
    tables: tuple[TableView, ...] = ()
    pictures_note: str = ""
    pictures: tuple[PictureView, ...] = ()
    shots: tuple[str, ...] = ()
    console: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()


def bars(labels: Sequence[str], scores: Sequence[float], truth: str | None, count: int = 3) -> tuple[Bar, ...]:
    """The best classes, and the true one if it is not among them."""
    order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))
    shown = order[:count] + [i for i in order[count:] if labels[i] == truth]
    span = max(1.0, *(abs(score) for score in scores))
    return tuple(
        Bar(labels[i], f"{scores[i]:.3f}", round(100 * min(1.0, max(0.0, scores[i] / span)), 1), labels[i] == truth)
        for i in shown
    )
