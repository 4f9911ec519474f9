"""Pictures inside the page, as data URIs."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from builder.harness.images import ImageRefused, RgbImage, read_rgb
from builder.harness.photos import seen
from builder.spec import Preprocess

SIDE = 240


def thumbnail(rgb: RgbImage) -> str:
    """A JPEG of at most `SIDE` pixels a side."""
    image = Image.fromarray(rgb)
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=80)
    return _uri("image/jpeg", buffer.getvalue())


def as_seen(rgb: RgbImage, how: Preprocess | None) -> str:
    """What the model sees of it, fitted and in its colours, as PNG; "" where that is not known."""
    if how is None:
        return ""
    image = Image.fromarray(seen(rgb, how))
    image = image.convert("L") if how.color == "gray" else image
    image.thumbnail((SIDE, SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return _uri("image/png", buffer.getvalue())


def pixels(levels: NDArray[np.uint8], *, is_map: bool) -> str:
    """A mask [height, width] or a picture [height, width, 3 or more], as PNG; classes of label maps are colours."""
    flat = levels if levels.ndim == 2 else levels[..., :3]
    if is_map:
        image = Image.fromarray(flat if flat.ndim == 2 else flat[..., 0], "P")
        image.putpalette([(value * step) % 256 for value in range(256) for step in (47, 101, 197)])
        image = image.convert("RGB")
    else:
        image = Image.fromarray(flat)
    image.thumbnail((SIDE, SIDE), Image.Resampling.NEAREST if is_map else Image.Resampling.BILINEAR)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return _uri("image/png", buffer.getvalue())


def screenshot(png: bytes, side: int = 960) -> str:
    """A picture of the page, made smaller."""
    with Image.open(io.BytesIO(png)) as image:
        small = image.convert("RGB")
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=80)
    return _uri("image/jpeg", buffer.getvalue())


def read_or_none(path: Path) -> RgbImage | None:
    """The picture; None where it is not there any more or cannot be read."""
    try:
        return read_rgb(path)
    except ImageRefused:
        return None


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
