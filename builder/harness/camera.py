"""Turns a case's image into a film for Chromium's fake webcam: YUV4MPEG2, 4:2:0, BT.709 in video range.

The format does not say which matrix it uses; Chromium takes BT.709 (measured on 156, and tested end to end).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from builder.harness.images import RgbImage

MAX_SIDE = 1920
FRAMES_PER_SECOND = 30

# ITU-R BT.709-6, item 3: luma weights; Y' in 16..235, Cb and Cr in 16..240.
_RED, _BLUE = 0.2126, 0.0722
_LUMA = np.array([_RED, 1 - _RED - _BLUE, _BLUE])
_TO_YCBCR = np.array(
    [
        219 * _LUMA,
        224 * (np.array([0.0, 0.0, 1.0]) - _LUMA) / (2 * (1 - _BLUE)),
        224 * (np.array([1.0, 0.0, 0.0]) - _LUMA) / (2 * (1 - _RED)),
    ]
)
_OFFSET = np.array([16.0, 128.0, 128.0])


def ycbcr(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """BT.709 Y'CbCr, not yet rounded, of `rgb` [..., 3]."""
    result: NDArray[np.float64] = rgb.astype(np.float64) / 255 @ _TO_YCBCR.T + _OFFSET
    return result


def camera_size(rgb: RgbImage) -> RgbImage:
    """The picture as a webcam would send it: at most 1920 pixels a side, sides even (by doubling the last)."""
    height, width, _ = rgb.shape
    if max(height, width) > MAX_SIDE:
        image = Image.fromarray(rgb)
        image.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.BOX)
        rgb = np.asarray(image, dtype=np.uint8)
        height, width, _ = rgb.shape
    return np.pad(rgb, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")


def film(rgb: RgbImage) -> bytes:
    """A film of one frame, which Chromium plays in a loop."""
    picture = camera_size(rgb)
    height, width, _ = picture.shape
    planes = ycbcr(picture)
    # One chroma sample for each 2x2 pixels, in their middle: the mean.
    chroma = planes[..., 1:].reshape(height // 2, 2, width // 2, 2, 2).mean(axis=(1, 3))
    header = f"YUV4MPEG2 W{width} H{height} F{FRAMES_PER_SECOND}:1 Ip A1:1 C420jpeg\nFRAME\n"
    return header.encode("ascii") + _bytes(planes[..., 0]) + _bytes(chroma[..., 0]) + _bytes(chroma[..., 1])


def _bytes(plane: NDArray[np.float64]) -> bytes:
    return np.rint(plane).clip(0, 255).astype(np.uint8).tobytes()


def write_film(rgb: RgbImage, path: Path) -> Path:
    """Writes `film(rgb)` to `path` (ending in .y4m) and returns it."""
    path.write_bytes(film(rgb))
    return path
