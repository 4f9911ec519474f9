"""The game's GL state is sacred: nothing of it changes across a call, and every frame is drawn as without inference."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.browsing import Chromium
from tests.e2e.game import Backend, Build, Game, playing
from tests.e2e.intrusion import Findings, examine

pytestmark = [pytest.mark.browser, pytest.mark.player]


@pytest.fixture(scope="module", params=["webgl", "wasm"])
def game(browser: Chromium, small: Build, request: pytest.FixtureRequest) -> Iterator[Game]:
    backend: Backend = request.param
    with playing(browser, small.folder, backend) as opened:
        opened.wait_until_ready()
        yield opened


def test_inference_leaves_no_trace_in_a_game_that_uses_all_kinds_of_state(game: Game, small: Build) -> None:
    findings = examine(game, small.model, frames=40)
    assert findings == Findings()


def test_the_watch_notices_a_change_within_a_call(game: Game) -> None:
    game.tab.evaluate(
        """() => { const gl = game.gl; game.differences = []; game.watch(true); const compare = game.hooks[2];
        game.hooks[2] = () => { gl.depthFunc(gl.EQUAL); gl.clearDepth(0.5); compare(); }; }"""
    )
    game.frames(2)
    assert set(game.tab.evaluate("game.differences")) >= {"in a call: DEPTH_FUNC", "in a call: DEPTH_CLEAR_VALUE"}
