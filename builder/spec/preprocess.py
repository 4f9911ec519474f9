"""From a picture to the input tensor."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from builder.spec.checks import require

Color = Literal["rgb", "gray"]
Fit = Literal["stretch", "crop", "letterbox"]
Filter = Literal["nearest", "bilinear", "triangle"]
ChannelOrder = Literal["rgb", "bgr"]
Layout = Literal["NHWC", "NCHW"]

CHANNELS: dict[Color, int] = {"rgb": 3, "gray": 1}
MAX_INPUT_SIDE = 4096

# How a preset maps 0..255 to the model's input, per channel: (scale, mean, std). ImageNet's figures are torchvision's.
NORMALIZATIONS: dict[str, tuple[float, tuple[float, float, float], tuple[float, float, float]]] = {
    "unit": (1 / 255, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "signed": (1 / 127.5, (1.0, 1.0, 1.0), (1.0, 1.0, 1.0)),
    "imagenet": (1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "none": (1.0, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocess:
    """From a picture of any size to the input tensor: [1, height, width, channels], or [1, channels, height, width]
    where `layout` is NCHW.

    The picture is fitted to width x height by `filter`, rounded to 8 bits per channel, turned gray by BT.601 where
    `color` is gray, its channels put into `channel_order`, and normalized per channel: `(value * scale - mean) / std`
    with value in 0..255. `mean` and `std` are in the tensor's channel order, so blue first for bgr.
    `pad` is the colour around a letterboxed picture, red first, 0..255.
    """

    width: int
    height: int
    color: Color
    channel_order: ChannelOrder
    layout: Layout
    fit: Fit
    filter: Filter
    pad: tuple[int, int, int]
    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        channels = CHANNELS[self.color]
        require(0 < self.width <= MAX_INPUT_SIDE and 0 < self.height <= MAX_INPUT_SIDE, "size is 1..4096 pixels")
        require(len(self.mean) == channels and len(self.std) == channels, "one mean and std per channel")
        require(all(math.isfinite(v) for v in (self.scale, *self.mean, *self.std)), "numbers are finite")
        require(all(v > 0 for v in self.std) and self.scale > 0, "scale and std are positive")
        require(all(0 <= v <= 255 for v in self.pad), "pad is 0..255")
        require(self.color == "rgb" or self.channel_order == "rgb", "one channel has no order")

    @property
    def channels(self) -> int:
        return CHANNELS[self.color]

    @property
    def tensor_shape(self) -> tuple[int, int, int]:
        """The input tensor's axes after the batch."""
        image = (self.height, self.width)
        return (self.channels, *image) if self.layout == "NCHW" else (*image, self.channels)

    @property
    def keeps_levels(self) -> bool:
        """True where the model gets 0..255 as they are: whole numbers, as an integer tensor needs them."""
        return self.scale == 1 and not any(self.mean) and all(std == 1 for std in self.std)
