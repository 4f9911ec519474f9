"""What the runtime's image code must give, computed with Pillow and exact fractions alone.

Independent of `builder/` and `jslib/` on purpose.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
Fit = Literal["stretch", "crop", "letterbox"]
Filter = Literal["nearest", "bilinear", "triangle"]
FITS: tuple[Fit, ...] = ("stretch", "crop", "letterbox")
FILTERS: tuple[Filter, ...] = ("nearest", "bilinear", "triangle")
PAD = (114, 7, 250)


@dataclass(frozen=True)
class Span:
    """Along one axis: the source from `low` to `high` goes to `size` pixels from `start` on."""

    low: Fraction
    high: Fraction
    start: int
    size: int

    def centres(self) -> list[Fraction]:
        """The position in the source of each destination pixel's centre."""
        scale = (self.high - self.low) / self.size
        return [self.low + (i + Fraction(1, 2)) * scale for i in range(self.size)]


def noise(width: int, height: int, channels: int = 3) -> Pixels:
    """Pixels [height, width, channels] that look random and are easily computed elsewhere: byte i is the top byte of
    the 32-bit product `i * 0x9E3779B1`."""
    index = np.arange(width * height * channels, dtype=np.uint32)
    return (index * np.uint32(0x9E3779B1) >> np.uint32(24)).astype(np.uint8).reshape(height, width, channels)


def spans(size: tuple[int, int], target: tuple[int, int], fit: Fit) -> tuple[Span, Span]:
    """How a picture of `size` (width, height) is fitted to `target`, horizontally and vertically."""
    ratios = [Fraction(t, s) for s, t in zip(size, target, strict=True)]
    x, y = (_span(s, t, r, ratios, fit) for s, t, r in zip(size, target, ratios, strict=True))
    return x, y


def _span(source: int, target: int, own: Fraction, ratios: list[Fraction], fit: Fit) -> Span:
    if fit == "crop":
        used = target / max(ratios)
        return Span((source - used) / 2, (source + used) / 2, 0, target)
    size = target
    if fit == "letterbox" and own > min(ratios):
        size = max(1, floor(source * min(ratios) + Fraction(1, 2)))
    return Span(Fraction(0), Fraction(source), (target - size) // 2, size)


def fitted(picture: Pixels, target: tuple[int, int], fit: Fit, how: Filter, pad: tuple[int, int, int] = PAD) -> Pixels:
    """`picture` [h, w, 3] fitted to `target` (width, height): [height, width, 3], `pad` around a letterboxed one."""
    height, width, _ = picture.shape
    x, y = spans((width, height), target, fit)
    result = np.full((target[1], target[0], 3), pad, np.uint8)
    result[y.start : y.start + y.size, x.start : x.start + x.size] = _RESIZE[how](picture, x, y)
    return result


def _triangle(picture: Pixels, x: Span, y: Span) -> Pixels:
    """Columns first, in two calls: from 13.0 on Pillow itself begins with the rows where that is less work."""
    height, bilinear = len(picture), Image.Resampling.BILINEAR
    columns = (float(x.low), 0, float(x.high), height)
    narrow = Image.fromarray(picture).resize((x.size, height), bilinear, columns)
    return np.asarray(narrow.resize((x.size, y.size), bilinear, (0, float(y.low), x.size, float(y.high))))


def _nearest(picture: Pixels, x: Span, y: Span) -> Pixels:
    lines: Pixels = picture[[floor(c) for c in y.centres()]]
    return lines[:, [floor(c) for c in x.centres()]]


def _bilinear(picture: Pixels, x: Span, y: Span) -> Pixels:
    """In whole numbers, so that halves are halves."""
    lines, line_unit = _between(picture.astype(np.int64), y)
    both, column_unit = _between(lines.swapaxes(0, 1), x)
    unit = line_unit * column_unit
    rounded = (2 * both.swapaxes(0, 1) + unit) // (2 * unit)
    return rounded.astype(np.uint8)


def _between(values: NDArray[np.int64], span: Span) -> tuple[NDArray[np.int64], int]:
    """Linear interpolation along axis 0, multiplied by the number that is returned with it."""
    unit = np.lcm.reduce([c.denominator for c in span.centres()]).item() * 2
    positions = [int((c - Fraction(1, 2)) * unit) for c in span.centres()]
    first = np.array([p // unit for p in positions], np.int64)
    weight = np.array([p % unit for p in positions], np.int64).reshape(-1, 1, 1)
    edge = len(values) - 1
    lower, upper = values[first.clip(0, edge)], values[(first + 1).clip(0, edge)]
    return lower * (unit - weight) + upper * weight, unit


_RESIZE: dict[Filter, Callable[[Pixels, Span, Span], Pixels]] = {
    "nearest": _nearest,
    "bilinear": _bilinear,
    "triangle": _triangle,
}
