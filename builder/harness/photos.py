"""A folder of photos → a model's input, by Pillow: near enough to what the game shows it for comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from builder.errors import BAD_PHOTOS, UserError, fail, problem
from builder.harness.images import SUFFIXES, ImageRefused, RgbImage, read_rgb
from builder.spec import Preprocess

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
    image = Image.fromarray(rgb).resize((pre.width, pre.height), Image.Resampling.BILINEAR)
    levels = np.asarray(image.convert("L"))[..., None] if pre.color == "gray" else np.asarray(image)
    ordered = levels[..., ::-1] if pre.channel_order == "bgr" else levels
    values = ((ordered * np.float64(pre.scale) - np.array(pre.mean)) / np.array(pre.std)).astype(np.float32)
    return np.moveaxis(values, -1, 0) if pre.layout == "NCHW" else values
