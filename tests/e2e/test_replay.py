"""On webgl most inferences are a recorded one made again. What they find stays right, whatever else the page does."""

from __future__ import annotations

import numpy as np
import pytest

from tests.e2e.browsing import Chromium
from tests.e2e.game import Build, Game, picture_640x480, playing

pytestmark = [pytest.mark.browser, pytest.mark.player]

TOLERANCE = 0.01
# A recording is tried thrice at most, and proved once.
UNPLAYED = 5


def replayed(game: Game, place: int = 0) -> int:
    count = game.tab.evaluate("place => tfjsBridge.models[place].replayed", place)
    assert isinstance(count, int)
    return count


def check(game: Game, small: Build, seeds: range) -> None:
    """Pictures of these seeds, each of which has an answer of its own."""
    for seed in seeds:
        picture = picture_640x480(seed)
        game.show(picture)
        assert np.abs(game.predict("texture") - small.model.expected(picture)).max() <= TOLERANCE


def test_pictures_are_seen_in_replayed_inferences_as_in_others(browser: Chromium, small: Build) -> None:
    one, other = (small.model.expected(picture_640x480(seed)) for seed in (1, 2))
    assert np.abs(one - other).max() > 3 * TOLERANCE, "pictures that all look the same prove nothing"
    with playing(browser, small.folder, "webgl") as game:
        game.wait_until_ready()
        check(game, small, range(20))
        assert replayed(game) >= 20 - UNPLAYED
        assert game.tab.evaluate("tfjsBridge.models[0].restingTensors") == game.stats()["tensors"]


def test_a_model_that_comes_and_goes_leaves_the_recording_of_another_as_it_was(browser: Chromium, small: Build) -> None:
    with playing(browser, small.folder, "webgl") as game:
        game.wait_until_ready()
        check(game, small, range(8))
        before = replayed(game)
        game.create_second(small.model.slug)
        for seed in range(8, 20):
            picture = picture_640x480(seed)
            assert np.abs(game.predict_second(picture) - small.model.expected(picture)).max() <= TOLERANCE
            check(game, small, range(seed, seed + 1))
        assert replayed(game) == before + 12
        assert replayed(game, 1) >= 12 - UNPLAYED


def test_a_model_on_wasm_replays_nothing(browser: Chromium, small: Build) -> None:
    with playing(browser, small.folder, "wasm") as game:
        game.wait_until_ready()
        check(game, small, range(8))
        assert replayed(game) == 0
