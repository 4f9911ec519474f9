"""`auto` in Chromium: both backends are tried on the model itself, a GPU that answers wrongly is left out, and the next
visit knows. Which one is faster depends on the machine: `jslib/tests/engine.test.ts` has a clock of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from builder.abi import Backend, State
from builder.errors import BACKEND_LEFT_OUT
from tests.e2e.browsing import Chromium
from tests.e2e.game import Build, Game, picture_640x480, playing

pytestmark = [pytest.mark.browser, pytest.mark.player]

TOLERANCE = 0.002
# Half precision has 11 significant bits; the tiny models have three layers, and scores of at most 1.
HALF = 0.004
AUTO = "globalThis.tfjsBridgeConfig = { softwareWebgl: true, backend: 'auto' };"
# A driver that gets every number that it hands back wrong by a fifth of the first one.
WRONG = """const read = WebGL2RenderingContext.prototype.getBufferSubData;
WebGL2RenderingContext.prototype.getBufferSubData = function (target, offset, into) {
  read.apply(this, arguments);
  for (let i = 0; i < into.length; i += 1) into[i] += 0.2 * Math.max(...into);
};"""
# Such as phones have: float textures can be sampled, but only half floats drawn into.
HALF_FLOAT_ONLY = """const extension = WebGL2RenderingContext.prototype.getExtension;
WebGL2RenderingContext.prototype.getExtension = function (name) {
  if (game.gl === this) return extension.call(this, name);
  return name === "EXT_color_buffer_float" ? null : extension.call(this, name);
};
const image = WebGL2RenderingContext.prototype.texStorage2D;
game.formats = new Set();
WebGL2RenderingContext.prototype.texStorage2D = function (target, levels, format) {
  if (game.gl !== this) game.formats.add(format);
  return image.apply(this, arguments);
};
const older = WebGL2RenderingContext.prototype.texImage2D;
WebGL2RenderingContext.prototype.texImage2D = function (target, level, format) {
  if (game.gl !== this) game.formats.add(format);
  return older.apply(this, arguments);
};"""
HALF_FLOAT = {0x822D, 0x881A}  # R16F, RGBA16F


def trials(game: Game) -> dict[str, dict[str, Any]]:
    """By backend."""
    told = game.tab.evaluate("tfjsBridge.models[0].trials")
    return {trial["backend"]: trial for trial in told}


def off(game: Game, small: Build) -> float:
    """The largest difference of a score from what it should be."""
    return float(np.abs(game.predict("pixels") - small.model.expected(picture_640x480())).max())


def test_auto_takes_the_faster_backend_and_the_next_visit_knows(browser: Chromium, small: Build) -> None:
    with playing(browser, small.folder, None, AUTO) as game:
        game.wait_until_ready()
        found = trials(game)
        assert set(found) == {"webgl", "wasm"} and all(one["error"] is None for one in found.values())
        fastest = min(found, key=lambda backend: float(found[backend]["ms"]))
        assert all(one["ms"] > 0 for one in found.values())
        assert game.tab.evaluate("tfjsBridge.models[0].backend") == fastest
        assert game.stats()["backend"] == Backend[fastest.upper()]
        assert off(game, small) <= TOLERANCE
        assert game.error() == (0, "")
        game.tab.goto(game.tab.evaluate("location.href"))
        game.tab.wait_for("game.module")
        game.wait_until_ready()
        assert trials(game) == {}
        assert game.tab.evaluate("tfjsBridge.models[0].backend") == fastest


def test_a_gpu_that_answers_wrongly_is_left_out_and_told(browser: Chromium, small: Build) -> None:
    with playing(browser, small.folder, None, AUTO + WRONG) as game:
        game.wait_until_ready()
        assert game.tab.evaluate("tfjsBridge.models[0].backend") == "wasm"
        assert off(game, small) <= TOLERANCE
        code, message = game.error()
        assert code == BACKEND_LEFT_OUT.code and game.call("state") == State.READY
        assert message.startswith("The backend webgl was left out: its scores are off by ")
        assert message.endswith(BACKEND_LEFT_OUT.next_step)
        assert trials(game)["webgl"]["error"]["message"] == message


def test_a_gpu_that_cannot_run_the_model_is_left_out(browser: Chromium, small: Build) -> None:
    broken = """WebGL2RenderingContext.prototype.getBufferSubData = () => { throw new Error("driver fault"); };"""
    with playing(browser, small.folder, None, AUTO + broken) as game:
        game.wait_until_ready()
        assert game.tab.evaluate("tfjsBridge.models[0].backend") == "wasm"
        assert off(game, small) <= TOLERANCE
        assert trials(game)["webgl"]["ms"] is None


def test_a_model_that_wants_webgl_gets_it_unmeasured(browser: Chromium, small: Build) -> None:
    with playing(browser, small.folder, "webgl", WRONG) as game:
        game.wait_until_ready()
        assert game.tab.evaluate("tfjsBridge.models[0].backend") == "webgl"
        assert trials(game) == {}


@pytest.mark.parametrize("backend", ["webgl", "auto"])
def test_a_gpu_of_half_precision_is_right_within_it(browser: Chromium, small: Build, backend: str) -> None:
    config = f"globalThis.tfjsBridgeConfig = {{ softwareWebgl: true, backend: '{backend}' }};"
    with playing(browser, small.folder, None, config + HALF_FLOAT_ONLY) as game:
        game.wait_until_ready()
        assert set(game.tab.evaluate("[...game.formats]")) >= HALF_FLOAT
        if backend == "auto":
            assert trials(game)["webgl"]["error"] is None
        difference = off(game, small)
        assert difference <= HALF
        if game.tab.evaluate("tfjsBridge.models[0].backend") == "webgl":
            assert difference > 1e-6  # it is half precision
