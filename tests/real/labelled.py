"""Labelled pictures for real models, cut and turned from the few photos that packages carry; labels by eye."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image

from examples.emotion.photos import PHOTOS
from examples.fetching import npm_archive, wheel
from tests.real.models import CACHE, Shown

HUMAN = (
    "@vladmandic/human",
    "3.3.6",
    "sha512-Nr5mPfq1gQ+uKeXY5uM3Fj8UxvF5CEh2s6txM5wRThqaW0mF9huooOuZSrT8hhGho0hGaXLFdAwfD/2+teCv6A==",
)
FACE_API = (
    "@vladmandic/face-api",
    "1.7.15",
    "sha512-WDMmK3CfNLo8jylWqMoQgf4nIst3M0fzx1dnac96wv/dvMTN4DxC/Pq1DGtduDk1lktCamQ3MIDXFnvrdHTXDw==",
)
# Faces on one picture of many: left, top, width, height.
# fmt: off
_HAPPY = (
    (1070, 407, 67, 67), (336, 518, 87, 87), (1509, 522, 76, 76), (233, 520, 78, 78), (1597, 513, 93, 93),
    (1088, 631, 80, 80), (647, 627, 88, 88), (1288, 631, 85, 85), (1602, 620, 95, 95), (769, 627, 87, 87),
    (764, 738, 89, 89), (114, 738, 95, 95), (1393, 738, 93, 93), (440, 739, 96, 96), (761, 851, 88, 88),
    (966, 847, 94, 94), (1820, 848, 95, 95), (121, 849, 94, 94), (442, 855, 89, 89), (655, 851, 88, 88),
    (1388, 853, 85, 85), (1601, 852, 85, 85), (1816, 738, 88, 88), (1285, 733, 97, 97),
)
_NEUTRAL = (
    (280, 20, 110, 110), (0, 732, 94, 99), (1283, 846, 97, 97), (347, 848, 90, 90), (8, 630, 86, 86),
    (1719, 633, 76, 76), (513, 45, 59, 59), (1606, 287, 97, 97), (120, 292, 86, 86), (1826, 296, 79, 79),
    (232, 295, 79, 79), (442, 291, 86, 86), (863, 289, 95, 95), (1722, 409, 76, 76), (445, 407, 83, 83),
    (858, 738, 89, 89), (539, 402, 88, 88), (1724, 297, 78, 78), (4, 26, 178, 178),
)
# fmt: on
_PHOTOS: Mapping[str, str] = {
    "astronaut.png": "person",
    "camera.png": "person",
    "chelsea.png": "cat",
    "coffee.png": "cup",
    "motorcycle_left.png": "motorcycle",
    "motorcycle_right.png": "motorcycle",
    "horse.png": "horse",
}
_SCENES = ("brick.png", "grass.png", "gravel.png", "rocket.jpg", "clock_motion.png")
_DRAWINGS = ("horse.png", "logo.png", "phantom.png", "color.png")
_GROUPS = tuple(f"sample{number}.jpg" for number in range(1, 7))


@dataclass(frozen=True)
class Labelled:
    picture: Shown
    label: str


def faces() -> list[Labelled]:
    """Of emotions: 86 faces, every other one a mirrored one."""
    with Image.open(npm_archive(*HUMAN, CACHE) / "assets" / "screenshot-facematch.jpg") as image:
        whole = np.asarray(image.convert("RGB"))
    named = [(box, "happy") for box in _HAPPY] + [(box, "neutral") for box in _NEUTRAL]
    cut = [(whole[top : top + height, left : left + width], label) for (left, top, width, height), label in named]
    return [Labelled(np.ascontiguousarray(view), label) for face, label in cut for view in (face, face[:, ::-1])]


def scenes() -> list[Labelled]:
    """Photos ("Neutral") and drawings, each in five views."""
    photos = [name for name in _PHOTOS if name not in _DRAWINGS] + list(_SCENES)
    named = [(name, "Neutral") for name in photos] + [(name, "Drawing") for name in _DRAWINGS]
    return [Labelled(view, label) for name, label in named for view in views(_scikit(name))]


def things() -> list[Labelled]:
    """Photos by what is largest on them, each in two views."""
    folder = npm_archive(*FACE_API, CACHE) / "demo"
    found = [(_scikit(name), label) for name, label in _PHOTOS.items()]
    for name in _GROUPS:
        with Image.open(folder / name) as image:
            found.append((np.asarray(image.convert("RGB").reduce(2)), "person"))
    return [Labelled(view, label) for picture, label in found for view in list(views(picture))[:2]]


def views(picture: Shown) -> Iterator[Shown]:
    """As it is, mirrored, without its edges, darker, brighter."""
    high, wide = (side // 12 for side in picture.shape[:2])
    yield picture
    yield np.ascontiguousarray(picture[:, ::-1])
    yield np.ascontiguousarray(picture[high:-high, wide:-wide])
    yield (picture * 0.75).astype(np.uint8)
    yield (255 - (255 - picture.astype(np.float64)) * 0.75).astype(np.uint8)


def _scikit(name: str) -> Shown:
    with (
        zipfile.ZipFile(wheel(PHOTOS, CACHE)) as package,
        package.open(f"skimage/data/{name}") as file,
        Image.open(file) as image,
    ):
        return np.asarray(image.convert("RGB"))
