"""Reads a picture exactly as a trainer's loader does: Pillow, EXIF orientation applied, alpha dropped, 8 bits."""

from __future__ import annotations

import base64
import warnings
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

RgbImage: TypeAlias = NDArray[np.uint8]

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_PIXELS = 25_000_000
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"})
_DEEP_MODES = ("I", "F")  # 16 and 32 bits a channel: no agreed way to 8 bits


class ImageRefused(ValueError):
    """The file cannot be used as a case's image; the message completes "the image …"."""


def read_rgb(path: Path) -> RgbImage:
    """The picture as uint8 [height, width, 3], row 0 on top.

    Alpha is dropped and not composited, as by Pillow's `convert("RGB")` and by the bridge itself; colour profiles are
    ignored; of an animation the first frame counts.

    Raises:
        ImageRefused: for a file that is missing, broken, too large or not 8 bits a channel.
    """
    return read_levels(path, "RGB")


def read_levels(path: Path, mode: str) -> NDArray[np.uint8]:
    """The same in another of Pillow's 8-bit modes: `L` gives [height, width]."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ImageRefused(_too_large("bytes", path.stat().st_size, MAX_FILE_BYTES))
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                return _decode(image, mode)
    except ImageRefused:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        msg = f"is larger than {MAX_PIXELS} pixels"
        raise ImageRefused(msg) from error
    except FileNotFoundError as error:
        msg = "does not exist"
        raise ImageRefused(msg) from error
    except Exception as error:  # Pillow's decoders raise nearly anything on broken input
        msg = f"cannot be read ({type(error).__name__})"
        raise ImageRefused(msg) from error


def _decode(image: Image.Image, mode: str = "RGB") -> NDArray[np.uint8]:
    if image.width * image.height > MAX_PIXELS:
        raise ImageRefused(_too_large("pixels", image.width * image.height, MAX_PIXELS))
    if image.mode.startswith(_DEEP_MODES):
        msg = f"has the pixel format {image.mode}; only 8 bits a channel are read"
        raise ImageRefused(msg)
    upright = ImageOps.exif_transpose(image)
    return np.asarray(upright.convert(mode), dtype=np.uint8)


def _too_large(unit: str, actual: int, limit: int) -> str:
    return f"has {actual} {unit}, more than the {limit} that are read"


def page_image(rgb: RgbImage) -> dict[str, object]:
    """`rgb` [height, width, 3] as the page object takes it: RGBA in base64, opaque."""
    height, width, _ = rgb.shape
    rgba = np.full((height, width, 4), 255, np.uint8)
    rgba[..., :3] = rgb
    return {"width": width, "height": height, "rgba": base64.b64encode(rgba.tobytes()).decode("ascii")}
