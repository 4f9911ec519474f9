"""What masks, label maps and pictures must be, computed with numpy's own interpolation and Pillow alone.

Independent of `builder/` and `jslib/` on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.e2e.image_reference import Fit, Pixels, Span, spans

Array = NDArray[np.float64]
Size = tuple[int, int]
NO_LABEL = 255


@dataclass(frozen=True, kw_only=True)
class Segmented:
    """How scores become bytes; `input` (width, height) is what the network takes, `threshold` of masks and labels."""

    input: Size
    result: Literal["mask", "alpha", "labels"]
    activation: Literal["none", "sigmoid", "softmax"] = "none"
    channel: int = 0
    fit: Fit = "stretch"
    threshold: float = 0

    def drawn(self, values: Array, source: Size, target: Size | None = None) -> Pixels:
        """Scores [h, w, classes] of a picture of `source` (width, height) → bytes [height, width]."""
        width, height = target or source
        x, y = spans(source, self.input, self.fit)
        columns, seen_x = _places(x, source[0], width, self.input[0], values.shape[1])
        rows, seen_y = _places(y, source[1], height, self.input[1], values.shape[0])
        found, seen = scores(values, self.activation), seen_y[:, None] & seen_x
        if self.result == "labels":
            best = np.where(found.max(-1) < self.threshold, NO_LABEL, found.argmax(-1))
            lines, places = (_nearest(p, n) for p, n in zip((rows, columns), best.shape, strict=True))
            return np.where(seen, best[lines[:, None], places], NO_LABEL).astype(np.uint8)
        plane = _along(_along(found[..., self.channel], columns).T, rows).T
        if self.fit == "stretch" and width >= values.shape[1] and height >= values.shape[0]:
            assert np.abs(by_pillow(found[..., self.channel], (width, height)) - plane).max() < 1e-5
        made = 255 * (plane >= self.threshold) if self.result == "mask" else levels(plane, 0, 1)
        return np.where(seen, made, 0).astype(np.uint8)


def scores(values: Array, activation: str) -> Array:
    """[h, w, classes] → the same, as probabilities."""
    if activation == "sigmoid":
        return np.asarray(1 / (1 + np.exp(-values)))
    if activation == "softmax":
        powers = np.exp(values - values.max(-1, keepdims=True))
        return np.asarray(powers / powers.sum(-1, keepdims=True))
    return values


def by_pillow(plane: Array, size: Size) -> Array:
    """A plane enlarged to `size` (width, height) by Pillow."""
    return np.asarray(Image.fromarray(plane.astype(np.float32)).resize(size, Image.Resampling.BILINEAR), np.float64)


def levels(values: Array, low: float, high: float) -> Pixels:
    """Scaled, clamped, rounded half up."""
    return np.floor((255 * (values - low) / (high - low)).clip(0, 255) + 0.5).astype(np.uint8)


def _places(span: Span, source: int, size: int, room: int, cells: int) -> tuple[Array, NDArray[np.bool_]]:
    """Where the pixels of the target lie on the plane, in its cells, and which of them the network saw."""
    centres = (np.arange(size) + 0.5) * source / size
    low, high = float(span.low), float(span.high)
    there = span.start + (centres - low) / (high - low) * span.size
    return there * cells / room - 0.5, (centres >= low) & (centres <= high)


def _nearest(places: Array, cells: int) -> NDArray[np.int64]:
    return np.floor(places + 0.5).clip(0, cells - 1).astype(np.int64)


def _along(values: Array, places: Array) -> Array:
    """Linear interpolation along the last axis; beyond the ends the ends."""
    return np.stack([np.interp(places, np.arange(values.shape[-1]), row) for row in values])
