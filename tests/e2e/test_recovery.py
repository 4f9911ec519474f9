"""The browser takes the GPU away: TensorFlow.js gets a new context and every model loads itself anew; the game's own
loss is told. In the real page, by WEBGL_lose_context on the very canvases."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from builder.abi import State, SubmitCode
from builder.errors import BACKEND_LOST, CONTEXT_LOST, PREDICT_FAILED
from tests.e2e.browsing import Chromium
from tests.e2e.game import MODES, Build, Game, picture_640x480, playing

pytestmark = [pytest.mark.browser, pytest.mark.player]

TOLERANCE = 0.01
CAUSE = "An inference failed: the WebGL context of TensorFlow.js was lost. "
# Loses TensorFlow.js's context once, when `condition` holds.
LOSE_WHEN = """condition => { const holds = new Function("return " + condition);
const look = () => holds() ? game.lose() : setTimeout(look); look(); }"""


@pytest.fixture
def game(browser: Chromium, small: Build) -> Iterator[Game]:
    with playing(browser, small.folder, "webgl") as opened:
        yield opened


def lose(game: Game) -> None:
    """Loses the context and waits until the game has seen it."""
    game.tab.evaluate("game.lose()")
    game.tab.wait_for(f"game.module._player_state() !== {State.READY:d}")


def check_scores(game: Game, small: Build) -> None:
    assert np.abs(game.predict("texture") - small.model.expected(picture_640x480())).max() <= TOLERANCE


def usage(game: Game) -> tuple[float, float, float, dict[str, int]]:
    """Tensors at rest by both counts, their bytes, and GL objects of the game's context."""
    game.call("submit_every", 0)
    game.predict("texture")
    game.frames(2)
    stats = game.stats()
    return resting(game), stats["tensors"], stats["tensorBytes"], game.objects()


def resting(game: Game) -> float:
    count = game.tab.evaluate("tfjsBridge.models[0].restingTensors")
    assert isinstance(count, int)
    return count


def test_a_model_comes_back_by_itself_and_uses_what_it_used(game: Game, small: Build) -> None:
    game.wait_until_ready()
    before = usage(game)
    assert before[0] == before[1] > 0
    lose(game)
    assert game.call("state") == State.LOADING and game.call("progress") < 1
    game.wait_until_ready()
    check_scores(game, small)
    assert usage(game) == before
    assert game.error() == (0, "")
    assert game.tab.evaluate("game.computing.map(gl => gl.isContextLost())") == [True, False]


def test_resting_tensors_are_exact_while_the_game_predicts(game: Game) -> None:
    game.wait_until_ready()
    before = resting(game)
    game.call("submit_every", 1)
    seen = game.tab.evaluate(
        """async () => { const seen = new Set(), end = game.module._player_results() + 20;
        await game.until(() => seen.add(tfjsBridge.models[0].restingTensors) && game.module._player_results() > end);
        return [...seen]; }"""
    )
    assert seen == [before]


def test_explicit_predictions_fail_with_the_cause(game: Game, small: Build) -> None:
    game.wait_until_ready()
    # Hundreds of the page's own predictions first, so that the game's one surely waits when the context goes.
    answers = game.tab.evaluate(
        """async queued => { const module = game.module, model = tfjsBridge.models[0];
        const probes = Array.from({ length: 300 }, () => model.predict({ width: 1, height: 1, rgba: "AAAAAA==" }));
        const ended = Promise.allSettled(probes);
        module._player_request(77);
        await game.until(() => module._player_submit_code() === queued);
        game.lose();
        return (await ended).map(({ status, reason }) => status === "rejected" ? reason.message : ""); }""",
        int(SubmitCode.QUEUED),
    )
    refused = [text for text in answers if text]
    assert refused and all(text.startswith(CAUSE) for text in refused)
    game.tab.wait_for("game.module._player_failures() === 1")
    code, message = game.error()
    assert code == PREDICT_FAILED.code and message.startswith(CAUSE) and message.endswith(PREDICT_FAILED.next_step)
    game.wait_until_ready()
    assert game.tab.evaluate("game.result().frame") == 77 and game.stats()["failed"] == 1
    check_scores(game, small)


def test_a_game_that_polls_goes_on(game: Game, small: Build) -> None:
    game.wait_until_ready()
    before = usage(game)
    game.call("submit_every", 1)
    game.frames(3)
    lose(game)
    game.wait_until_ready()
    done = game.call("results")
    game.tab.wait_for(f"game.module._player_results() > {done + 3}")
    assert game.call("failures") == game.stats()["failed"] == 0
    assert usage(game) == before
    check_scores(game, small)


@pytest.mark.parametrize(
    "moment",
    [
        "game.computing.length > 0",
        "tfjsBridge.models[0].progressNow >= 0.95 && tfjsBridge.models[0].phase === 'loading'",
    ],
    ids=["while it loads", "during the warm-up"],
)
def test_a_loss_before_the_model_was_ready(game: Game, small: Build, moment: str) -> None:
    game.wait_until_ready()
    before = usage(game)
    game.call("dispose")
    game.tab.evaluate("game.lose()")
    game.tab.wait_for("tfjsBridge.renderer === ''")
    game.tab.evaluate("() => { game.computing.length = 0; }")
    game.create(small.model.slug)
    game.tab.evaluate(LOSE_WHEN, f"globalThis.tfjsBridge?.models.length && ({moment})")
    game.tab.wait_for("game.computing.length === 2 && !game.computing[1].isContextLost()")
    game.wait_until_ready()
    assert game.tab.evaluate("game.computing.map(gl => gl.isContextLost())") == [True, False]
    check_scores(game, small)
    assert usage(game) == before


def test_dispose_while_it_comes_back_leaves_nothing(game: Game, small: Build) -> None:
    game.wait_until_ready()
    before = usage(game)
    for moment in ("true", "game.computing.some(gl => !gl.isContextLost())"):
        lose(game)
        game.tab.wait_for(moment)
        game.call("dispose")
        game.frames(3)
        assert game.call("state") == State.DISPOSED
        assert game.tab.evaluate("tfjsBridge.models.length") == 0
        game.create(small.model.slug)
        game.wait_until_ready()
        assert usage(game) == before


def test_the_fourth_loss_within_a_minute_is_the_last(game: Game, small: Build) -> None:
    game.wait_until_ready()
    before = usage(game)
    for _ in range(3):
        lose(game)
        game.wait_until_ready()
    lose(game)
    code, message = game.failure()
    assert code == BACKEND_LOST.code
    assert message.startswith("TensorFlow.js lost its WebGL context 4 times within a minute. ")
    assert message.endswith(BACKEND_LOST.next_step)
    game.create(small.model.slug)
    game.wait_until_ready()
    assert usage(game) == before


def test_two_models_come_back(game: Game, small: Build) -> None:
    game.wait_until_ready()
    game.create_second(small.model.slug)
    before = usage(game)
    lose(game)
    game.wait_until_ready()
    game.tab.wait_for("game.second.phase === 'ready'")
    check_scores(game, small)
    picture = picture_640x480()
    assert np.abs(game.predict_second(picture) - small.model.expected(picture)).max() <= TOLERANCE
    assert usage(game) == before
    assert game.tab.evaluate("game.computing.length") == 2


def test_the_games_own_loss_is_told_when_nothing_is_submitted_and_when_a_texture_is(game: Game, small: Build) -> None:
    game.wait_until_ready()
    assert game.error() == (0, "")
    game.tab.evaluate("game.gl.getExtension('WEBGL_lose_context').loseContext()")
    game.tab.wait_for(f"game.module._player_error_code() === {CONTEXT_LOST.code}")
    code, message = game.error()
    assert message == f"{CONTEXT_LOST.what} {CONTEXT_LOST.why} {CONTEXT_LOST.next_step}"
    game.call("set_mode", MODES.index("texture"))
    game.call("submit_every", 1)
    game.frames(2)
    assert game.call("submit_code") == SubmitCode.FAILED and game.error() == (code, message)
    game.call("submit_every", 0)
    scores = game.predict("pixels")  # which needs no context of the game's
    assert np.abs(scores - small.model.expected(picture_640x480())).max() <= TOLERANCE


def test_the_games_own_loss_stays_told_when_both_contexts_go_amid_a_prediction(game: Game) -> None:
    # As when the GPU's process dies: that an inference failed with it must not hide that only a reload helps.
    game.wait_until_ready()
    game.tab.evaluate(
        """async queued => { const module = game.module, model = tfjsBridge.models[0];
        const probes = Array.from({ length: 300 }, () => model.predict({ width: 1, height: 1, rgba: "AAAAAA==" }));
        const ended = Promise.allSettled(probes);
        module._player_request(77);
        await game.until(() => module._player_submit_code() === queued);
        game.gl.getExtension('WEBGL_lose_context').loseContext();
        await game.until(() => module._player_error_code() !== 0);
        game.lose();
        await ended; }""",
        int(SubmitCode.QUEUED),
    )
    game.tab.wait_for("game.module._player_failures() === 1")
    game.wait_until_ready()
    assert game.error()[0] == CONTEXT_LOST.code


def test_without_a_webgl_2_context_textures_are_refused_and_pixels_taken(game: Game, small: Build) -> None:
    game.wait_until_ready()
    game.call("set_mode", MODES.index("texture"))
    game.call("submit_every", 1)
    game.tab.evaluate(
        """() => { const { GL } = game.module; let kept;
        game.hooks[1] = () => { kept = GL.currentContext; GL.currentContext = null; };
        game.hooks[2] = () => { GL.currentContext = kept; }; }"""
    )
    game.frames(2)
    assert game.call("submit_code") == SubmitCode.NO_GL_CONTEXT
    game.call("submit_every", 0)
    assert np.abs(game.predict("pixels") - small.model.expected(picture_640x480())).max() <= TOLERANCE
