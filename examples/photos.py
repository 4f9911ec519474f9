"""The photo that the examples show: NASA's portrait of Eileen Collins (public domain), from the scikit-image wheel."""

from __future__ import annotations

import zipfile
from pathlib import Path

from PIL import Image

from examples.emotion.photos import PHOTOS
from examples.fetching import wheel


def astronaut(work: Path) -> Image.Image:
    """512x512 pixels; `work` keeps the wheel."""
    with zipfile.ZipFile(wheel(PHOTOS, work)) as package, package.open("skimage/data/astronaut.png") as file:
        return Image.open(file).convert("RGB")
