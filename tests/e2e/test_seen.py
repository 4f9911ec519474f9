"""What the model sees of a picture, as the game can look at it, equals what Pillow makes of it."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from tests.e2e.browsing import Chromium
from tests.e2e.game import Build, Game, picture_640x480, playing
from tests.e2e.image_reference import Pixels, fitted
from tests.player.build import Mode

pytestmark = [pytest.mark.browser, pytest.mark.player]

MODES: tuple[Mode, ...] = ("pixels", "texture")


def looked_at(game: Game, width: int, height: int) -> Pixels | None:
    """[height, width, 3], row 0 on top; None while there is none."""
    raw = game.tab.evaluate("size => game.input(...size)", [width, height])
    if raw is None:
        return None
    rgba = np.frombuffer(base64.b64decode(raw), np.uint8).reshape(height, width, 4)
    assert (rgba[..., 3] == 255).all()
    return rgba[::-1, :, :3]


def test_the_newest_picture_is_shown_as_the_model_saw_it(browser: Chromium, small: Build) -> None:
    model = small.model
    with playing(browser, small.folder, "wasm") as game:
        game.wait_until_ready()
        game.predict("pixels")
        assert looked_at(game, *model.size) is None  # nobody had asked
        for seed, mode in enumerate(MODES):
            picture = picture_640x480(seed)
            game.show(picture)
            game.predict(mode)
            seen = looked_at(game, *model.size)
            assert seen is not None
            expected = fitted(picture, model.size, model.fit, model.filter)
            assert np.abs(seen.astype(int) - expected).max() <= (mode == "texture"), mode
