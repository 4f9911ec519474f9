"""The square around a hand, as the examples cut it."""

from __future__ import annotations

import numpy as np
from PIL import Image

from examples.hands import LABELS, Photo, crop, photo, square


def test_square_keeps_the_centre_and_takes_the_longer_side() -> None:
    assert square((10, 20, 30, 60), 1.1) == (-2.0, 18.0, 42.0, 62.0)
    assert square((0, 0, 50, 20), 1.0) == (0.0, -15.0, 50.0, 35.0)


def test_what_lies_outside_the_photo_is_black_and_the_rest_in_place() -> None:
    white = Photo(Image.new("RGB", (100, 80), "white"), (0, 20, 20, 60), "fist")
    cut = np.asarray(crop(white, 40, enlarge=1.0))  # from x = -10 to 30: a quarter lies outside
    assert not cut[:, :9].any() and (cut[:, 11:] == 255).all()


def test_a_box_touches_its_hand_whatever_the_gesture() -> None:
    random = np.random.default_rng(3)
    for label in LABELS:
        shown = photo(label, random)
        left, top, right, bottom = shown.box
        assert 0 <= left < right <= shown.image.width and 0 <= top < bottom <= shown.image.height
