"""A folder of photos → a model's input, by Pillow: near enough to what the game shows it for comparisons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from builder.errors import BAD_PHOTOS, UserError, fail, problem
from builder.harness.images import SUFFIXES, ImageRefused, RgbImage, read_rgb
from builder.spec import Filter, Preprocess

MAX_PHOTOS = 256


def find_photos(folder: Path) -> list[Path]:
    """The pictures in a folder and below it, in order; of more than `MAX_PHOTOS`, evenly spread ones."""
    if not folder.is_dir():
        raise fail(BAD_PHOTOS, folder, reason="there is no such folder")
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not found:
        raise fail(BAD_PHOTOS, folder, reason="there are no pictures in the folder")
    step = max(1.0, len(found) / MAX_PHOTOS)
    return [found[int(i * step)] for i in range(min(len(found), MAX_PHOTOS))]


def read_photos(paths: Sequence[Path], pre: Preprocess, *, integer: bool) -> NDArray[np.float32] | NDArray[np.int32]:
    """The photos as the model's input [n, …]; raises BAD_PHOTOS with every one that cannot be read."""
    made, problems = [], []
    for path in paths:
        try:
            made.append(prepared(read_rgb(path), pre))
        except ImageRefused as reason:
            problems.append(problem(BAD_PHOTOS, path, reason=f"one of them {reason}"))
    if problems:
        raise UserError(problems)
    whole = np.stack(made)
    return whole.astype(np.int32) if integer else whole


def prepared(rgb: RgbImage, pre: Preprocess) -> NDArray[np.float32]:
    """[height, width, 3] → one input tensor without its batch."""
    return as_input(levels(rgb, pre), pre)


def levels(rgb: RgbImage, pre: Preprocess) -> NDArray[np.uint8]:
    """[height, width, channels] of 0..255, red first: the picture in the model's size and colours."""
    image = Image.fromarray(seen(rgb, pre))
    return np.asarray(image.convert("L"))[..., None] if pre.color == "gray" else np.asarray(image)


def as_input(picture: NDArray[np.uint8], pre: Preprocess) -> NDArray[np.float32]:
    """Levels [height, width, channels], red first, in the order, range and layout of the model."""
    ordered = picture[..., ::-1] if pre.channel_order == "bgr" else picture
    values = ((ordered * np.float64(pre.scale) - np.array(pre.mean)) / np.array(pre.std)).astype(np.float32)
    return np.moveaxis(values, -1, 0) if pre.layout == "NCHW" else values


def seen(rgb: RgbImage, pre: Preprocess) -> RgbImage:
    """The picture [height, width, 3] as the model sees it, before colours and normalization."""
    size, image = (pre.width, pre.height), Image.fromarray(rgb)
    if pre.fit == "letterbox":
        return _letterboxed(image, pre)
    return _scaled(image, size, pre.filter, _middle(image, size) if pre.fit == "crop" else None)


def _scaled(
    image: Image.Image, size: tuple[int, int], filter: Filter, box: tuple[float, float, float, float] | None = None
) -> RgbImage:
    whole = box or (0.0, 0.0, *image.size)
    if filter == "bilinear":  # of the four nearest pixels alone, as `transform` does it and `resize` does not
        return np.asarray(image.transform(size, Image.Transform.EXTENT, whole, Image.Resampling.BILINEAR))
    resampling = Image.Resampling.NEAREST if filter == "nearest" else Image.Resampling.BILINEAR
    return np.asarray(image.resize(size, resampling, whole))


def _middle(image: Image.Image, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """The largest rectangle of the shape of `size` in the middle of the picture."""
    scale = max(size[0] / image.width, size[1] / image.height)
    width, height = size[0] / scale, size[1] / scale
    left, top = (image.width - width) / 2, (image.height - height) / 2
    # Rounding may leave the edges just outside.
    return max(0.0, left), max(0.0, top), min(left + width, image.width), min(top + height, image.height)


def _letterboxed(image: Image.Image, pre: Preprocess) -> RgbImage:
    scale = min(pre.width / image.width, pre.height / image.height)
    width, height = (max(1, math.floor(side * scale + 0.5)) for side in image.size)
    width, height = min(width, pre.width), min(height, pre.height)
    result = np.full((pre.height, pre.width, 3), pre.pad, np.uint8)
    left, top = (pre.width - width) // 2, (pre.height - height) // 2
    result[top : top + height, left : left + width] = _scaled(image, (width, height), pre.filter)
    return result
