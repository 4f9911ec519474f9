"""Cuts the square around a bounding box out of a picture, enlarged so that something of its surroundings is seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from builder.harness.images import RgbImage


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the upright picture; `x` and `y` are its upper left corner."""

    x: float
    y: float
    width: float
    height: float


def crop(rgb: RgbImage, box: Box, factor: float = 1.0) -> RgbImage:
    """[side, side, 3]: the square around the middle of `box`, its longer side times `factor` and rounded.

    A square that sticks out is moved inside; one that is larger than the picture shows black beside it.
    """
    height, width, _ = rgb.shape
    side = max(1, round(max(box.width, box.height) * factor))
    left = _start(box.x + box.width / 2, side, width)
    top = _start(box.y + box.height / 2, side, height)
    result = np.zeros((side, side, 3), np.uint8)
    rows, columns = slice(max(0, top), min(height, top + side)), slice(max(0, left), min(width, left + side))
    part = rgb[rows, columns]
    at = rows.start - top, columns.start - left
    result[at[0] : at[0] + part.shape[0], at[1] : at[1] + part.shape[1]] = part
    return result


def _start(middle: float, side: int, length: int) -> int:
    """Where the square begins along one axis of `length` pixels."""
    if side >= length:
        return (length - side) // 2
    return min(max(0, round(middle - side / 2)), length - side)
