"""Nothing grows over 300 frames, or, slowly, over 1,000 of each way in: no tensor, no GL object, no memory.

Every frame is drawn as without inference, in a game that uses GL state of all kinds, and nothing is left after Dispose.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from builder.abi import State
from tests.e2e.browsing import Chromium
from tests.e2e.game import MODES, Backend, Build, Game, playing
from tests.e2e.intrusion import differing, drawn_alone
from tests.player.build import Mode

pytestmark = [pytest.mark.browser, pytest.mark.player]

FRAMES, GROWTH_MB = 300, 64
WAYS = MODES[:3]
JS_GROWTH = 2 * 1024 * 1024


@pytest.fixture(scope="module", params=["webgl", "wasm"])
def game(browser: Chromium, small: Build, request: pytest.FixtureRequest) -> Iterator[Game]:
    backend: Backend = request.param
    with playing(browser, small.folder, backend) as opened:
        yield opened


@dataclass(frozen=True)
class Usage:
    """What a leak would add to."""

    tensors: float
    tensor_bytes: float
    objects: dict[str, int]
    heap: int


def usage(game: Game) -> Usage:
    """Measured while nothing is in flight: one explicit prediction has just been answered."""
    game.call("submit_every", 0)
    game.predict("texture")
    game.frames(2)
    stats = game.stats()
    return Usage(stats["tensors"], stats["tensorBytes"], game.objects(), game.call("heap_used"))


def submit_in_all_ways(game: Game, frames: int) -> None:
    game.call("submit_every", 1)
    for i in range(3):
        game.call("set_mode", MODES.index(MODES[i]))
        game.frames(frames // 3)


def heap_bytes(game: Game) -> int:
    size = game.tab.evaluate("game.module.HEAPU8.length")
    assert isinstance(size, int)
    return size


def test_300_frames_use_no_more_than_30(game: Game) -> None:
    game.wait_until_ready()
    alone = drawn_alone(game)
    submit_in_all_ways(game, 30)
    first, begun, size = usage(game), game.call("results"), heap_bytes(game)
    submit_in_all_ways(game, FRAMES // 2)
    game.call("grow", GROWTH_MB)
    grown = heap_bytes(game)
    submit_in_all_ways(game, FRAMES // 2)
    assert usage(game) == first
    assert grown >= size + GROWTH_MB * 1024 * 1024 - 16 * 1024 * 1024 > size
    assert heap_bytes(game) == grown
    assert differing(game, alone) == []
    stats = game.stats()
    assert game.call("results") - begun > 20 and game.call("failures") == stats["failed"] == 0
    assert stats["tensors"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_1000_frames_of_each_way_in_use_no_more_than_60(game: Game, way: Mode) -> None:
    game.wait_until_ready()
    alone = drawn_alone(game)
    game.call("set_mode", MODES.index(way))
    game.call("submit_every", 1)
    game.frames(60)
    first, heap = usage(game), game.tab.js_heap()
    game.call("set_mode", MODES.index(way))
    game.call("submit_every", 1)
    for _ in range(10):
        game.frames(100)
    assert usage(game) == first
    assert game.tab.js_heap() - heap < JS_GROWTH
    assert differing(game, alone) == []
    stats = game.stats()
    assert stats["failed"] == stats["readbacksGivenUp"] == 0


def test_dispose_gives_everything_back(game: Game, small: Build) -> None:
    game.wait_until_ready()
    game.call("dispose")
    game.frames(3)
    assert game.call("state") == State.DISPOSED
    assert game.tab.evaluate("tfjsBridge.models.length") == 0
    without, seen = game.objects(), []
    for _ in range(3):
        game.create(small.model.slug)
        game.wait_until_ready()
        seen.append(usage(game))
        game.call("dispose")
        game.frames(3)
        assert game.objects() == without
    assert seen[0] == seen[1] == seen[2]
    assert sum(without.values()) < sum(seen[0].objects.values())
