"""Pictures from pictures: styles, super-resolution."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from builder.spec.checks import require
from builder.spec.preprocess import ChannelOrder, Layout
from builder.spec.tasks.segmentation import grid_of
from builder.spec.tensors import TensorSpec

IMAGE_CHANNELS = (1, 3, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiling:
    """The picture keeps its own size and goes through the network in tiles of the input's size, of which results closer
    than `margin` pixels to an inner edge are not used. A smaller picture goes in its own size where the network is
    `free` to take any; else its edges are repeated to fill the tile."""

    margin: int
    free: bool

    def __post_init__(self) -> None:
        require(self.margin >= 0, "margin is not negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """From the first output, [1, height, width, channels] or as `layout` says, to RGBA: `low` becomes 0 and `high` 255,
    what lies beyond is clamped. One channel is gray; with `bgr` the first one is blue."""

    kind: Literal["image"] = "image"
    layout: Layout
    channel_order: ChannelOrder
    low: float
    high: float
    tiling: Tiling | None

    def __post_init__(self) -> None:
        require(math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high, "low is less than high")

    def require_fits(self, outputs: tuple[TensorSpec, ...], labels: tuple[str, ...]) -> None:
        """Raises ValueError where outputs and labels are not those of an image network."""
        require(not labels, "pictures have no labels")
        require(bool(outputs) and outputs[0].dtype == "float32", "the first output is float32")
        require(grid_of(outputs[0], self.layout)[2] in IMAGE_CHANNELS, "a picture has 1, 3 or 4 channels")
