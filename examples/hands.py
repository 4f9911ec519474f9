"""Drawn hands on drawn rooms, their boxes, and the crops that a gesture classifier sees."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

LABELS = ("thumbs_up", "fist", "stop", "ok", "two", "random")  # in the order of the network's outputs
_FINGERS = {"thumbs_up": (-90,), "stop": (-150, -115, -90, -65, -30), "two": (-105, -75), "ok": (-75, -55, -95)}
_WIDTH, _HEIGHT = 320, 240
Box = tuple[float, float, float, float]  # left, top, right, bottom in pixels


@dataclass(frozen=True, slots=True)
class Photo:
    """A room with one hand in it, as a hand detector would report it: the box touches the hand, and is not square."""

    image: Image.Image
    box: Box
    label: str


def photo(label: str, random: np.random.Generator) -> Photo:
    """One hand of that gesture, somewhere in the picture, in some size, turn, colour and light."""
    image = _room(random)
    hand = Image.new("L", image.size)
    _draw(hand, label, random)
    box = hand.getbbox()
    assert box is not None
    skin = tuple(int(value) for value in random.integers((150, 100, 80), (250, 190, 160)))
    image.paste(skin, (0, 0), hand)
    noisy = np.asarray(image) + random.normal(0, 6, (image.height, image.width, 3))
    return Photo(Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)), box, label)


def _room(random: np.random.Generator) -> Image.Image:
    """Soft patches of dark colours."""
    patches = random.integers(0, 110, (6, 8, 3)).astype(np.uint8)
    return Image.fromarray(patches).resize((_WIDTH, _HEIGHT), Image.Resampling.BICUBIC)


def _draw(hand: Image.Image, label: str, random: np.random.Generator) -> None:
    draw, palm = ImageDraw.Draw(hand), random.uniform(16, 26)
    x, y = random.uniform(75, _WIDTH - 75), random.uniform(95, _HEIGHT - 55)
    if label == "random":
        _bars(draw, x, y, palm, random)
        return
    draw.ellipse((x - palm, y - palm, x + palm, y + palm), fill=255)
    turn, width = random.uniform(-12, 12), int(palm * (0.8 if label == "thumbs_up" else 0.42))
    for degrees in _FINGERS.get(label, ()):
        angle, length = math.radians(degrees + turn), palm * random.uniform(2.2, 2.7)
        draw.line((x, y, x + length * math.cos(angle), y + length * math.sin(angle)), fill=255, width=width)
    if label == "ok":
        left, top = x - 1.9 * palm, y - 1.4 * palm
        draw.ellipse((left, top, left + 1.5 * palm, top + 1.5 * palm), outline=255, width=int(palm * 0.4))


def _bars(draw: ImageDraw.ImageDraw, x: float, y: float, size: float, random: np.random.Generator) -> None:
    """No gesture at all: a few bars across each other."""
    for _ in range(3):
        dx, dy = random.uniform(-2, 2, 2) * size
        draw.line((x - dx, y - dy, x + dx, y + dy), fill=255, width=int(size * 0.5))


# --- what the classifier is shown -----------------------------------------------------------------------------------


def square(box: Box, enlarge: float = 1.1) -> Box:
    """The square around the box's centre, `enlarge` times as long as the box's longer side."""
    left, top, right, bottom = box
    half = max(right - left, bottom - top) * enlarge / 2
    x, y = (left + right) / 2, (top + bottom) / 2
    return x - half, y - half, x + half, y + half


def crop(shown: Photo, side: int, *, enlarge: float = 1.1) -> Image.Image:
    """The square around the hand at side x side; what lies outside the photo is black."""
    left, top, right, bottom = (round(value) for value in square(shown.box, enlarge))
    return shown.image.crop((left, top, right, bottom)).resize((side, side), Image.Resampling.BILINEAR)
