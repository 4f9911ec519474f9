"""Real models whose results are pixels, what `generate` is told about each, and what they must make of photos.

All under the MIT licence, but for the style network, which examples/style makes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from builder.harness.reference import reference_page
from examples.fetching import npm_archive
from examples.style.network import styled, write_model
from tests.e2e.image_reference import Pixels, fitted
from tests.e2e.pixel_reference import by_pillow, levels
from tests.real.models import CACHE, HUMAN

DEFAULT_UPSCALER = (
    "@upscalerjs/default-model",
    "1.0.0",
    "sha512-D17cokQBpciTBrlFuY5WtS7TH0WE3h5m44PYiPPCSq1jlWjG9BvH5/rnm9AhQPV6TT3Bqbg5GAPV8/qpR47/hQ==",
)
SLIM_UPSCALER = (
    "@upscalerjs/esrgan-slim",
    "1.0.0",
    "sha512-DXtwn5SE71+pZKluN/hGeLaZv6ZylyFQYSvMqU08kKCEA5Y9Q1cIIk4EvPTPZw8VqGi2C6F02c8OjhtId4BK2w==",
)
SIDE = 224  # of the style network
Kind = Literal["mask", "picture"]


@dataclass(frozen=True, kw_only=True)
class RealPixels:
    """A model: where `find` has it (or makes it, in a new folder), the `flags` of `generate`, `kind` of result, and
    what it must make of a picture [h, w, 3]: a mask of 0 and 255, or a picture. `crops` (left, top, width, height) of
    the photos are what it is shown."""

    find: Callable[[Path], Path]
    flags: tuple[str, ...]
    kind: Kind
    expected: Callable[[Path, Pixels], Pixels]
    crops: dict[str, tuple[int, int, int, int]]


def _answer(model: Path, picture: Pixels) -> NDArray[np.float64]:
    """What TensorFlow.js's cpu backend makes of [h, w, 3] as 0..1."""

    async def ask() -> NDArray[np.float64]:
        async with reference_page() as page:
            await page.load(model, "cpu")
            (output,) = (await page.run([(picture / 255).astype(np.float32)[None]])).values()
            return np.asarray(output[0], np.float64)

    return asyncio.run(ask())


def _selfie_mask(model: Path, picture: Pixels) -> Pixels:
    scores = _answer(model, fitted(picture, (256, 256), "stretch", "triangle"))[..., 0]
    height, width, _ = picture.shape
    return np.asarray(255 * (by_pillow(scores, (width, height)) >= 0.5), np.uint8)


def _larger(model: Path, picture: Pixels) -> Pixels:
    """Of the whole picture in one piece, whatever its size."""
    return levels(_answer(model, picture), 0, 1)


def _styled(model: Path, picture: Pixels) -> Pixels:
    return styled(model, fitted(picture, (SIDE, SIDE), "stretch", "triangle"))


def _selfie(_: Path) -> Path:
    return npm_archive(*HUMAN, CACHE) / "models" / "selfie.json"


def _style(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    write_model(folder / "style.onnx", SIDE)
    return folder / "style.onnx"


# Of one size larger than the tiles, and of one smaller.
_SIZES = {"astronaut": (180, 10, 100, 72), "coffee": (220, 60, 40, 56)}
_UPSCALE = ("--normalize", "unit", "--output-range", "0..1", "--input-size", "64", "--tile-margin", "12")

MODELS = {
    "Selfie": RealPixels(
        find=_selfie,
        flags=("--normalize", "unit"),
        kind="mask",
        expected=_selfie_mask,
        crops={"astronaut": (0, 0, 512, 512), "astronaut-wide": (40, 0, 400, 300)},
    ),
    "Upscaler": RealPixels(
        find=lambda _: npm_archive(*DEFAULT_UPSCALER, CACHE) / "models",
        flags=_UPSCALE,
        kind="picture",
        expected=_larger,
        crops=_SIZES,
    ),
    "SlimUpscaler": RealPixels(
        find=lambda _: npm_archive(*SLIM_UPSCALER, CACHE) / "models" / "x2",
        flags=_UPSCALE,
        kind="picture",
        expected=_larger,
        crops=_SIZES,
    ),
    "Style": RealPixels(
        find=_style,
        flags=("--normalize", "none", "--output-range", "0..255"),
        kind="picture",
        expected=_styled,
        crops={"astronaut": (0, 0, 512, 512), "coffee": (0, 0, 600, 400)},
    ),
}


def shown(photos: dict[str, Pixels], crops: dict[str, tuple[int, int, int, int]]) -> dict[str, Pixels]:
    """The parts of photos that a model is shown."""
    return {
        name: photos[name.partition("-")[0]][top : top + height, left : left + width]
        for name, (left, top, width, height) in crops.items()
    }
