"""While a model loads, the game goes on: shaders are compiled ahead of the first inference, which takes many frames."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.e2e.browsing import Chromium, Site
from tests.e2e.game import Build, Game, add_model, picture_640x480, playing, publish

pytestmark = [pytest.mark.browser, pytest.mark.player]

# A GPU that takes 20 ms for a drawing; what TensorFlow.js's context is asked for, with the game's frame of that moment.
SLOW = """game.log = [];
const watched = (name, delay) => {
  const own = WebGL2RenderingContext.prototype[name];
  WebGL2RenderingContext.prototype[name] = function () {
    if (this === game.gl) return own.apply(this, arguments);
    if (game.module) game.log.push([name, game.module._player_frame()]);
    for (const end = performance.now() + delay; performance.now() < end;);
    return own.apply(this, arguments);
  };
};
watched("compileShader", 0);
watched("drawElements", 20);"""
# The program that copies scores to the CPU is not the model's: TensorFlow.js has it when the first answer is read.
LATE = 1


@pytest.fixture(scope="module")
def deep(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A published build with one graph."""
    tree: Path = tmp_path_factory.mktemp("deep-tree")
    model = add_model(tree, tmp_path_factory.mktemp("deep-model"), "Deep", format="graph", lean=True)
    return Build(publish(site, tree, "deep", model.slug), model)


@pytest.fixture
def game(browser: Chromium, deep: Build) -> Iterator[Game]:
    with playing(browser, deep.folder, "webgl", SLOW) as opened:
        opened.wait_until_ready()
        opened.tab.evaluate("() => { game.log.length = 0; }")
        opened.call("dispose")
        opened.tab.evaluate("game.lose()")  # so that nothing is compiled yet
        opened.tab.wait_for("tfjsBridge.renderer === ''")
        opened.create(deep.model.slug)
        opened.wait_until_ready()
        yield opened


def test_shaders_are_compiled_before_the_first_drawing_which_waits_for_none(game: Game, deep: Build) -> None:
    log: list[list[Any]] = game.tab.evaluate("game.log")
    names = [name for name, _ in log]
    before, after = names[: names.index("drawElements")], names[names.index("drawElements") :]
    assert before.count("compileShader") > 4
    assert after.count("compileShader") <= LATE
    assert np.abs(game.predict("texture") - deep.model.expected(picture_640x480())).max() <= 0.01


def test_the_game_draws_between_the_steps_of_the_first_inference(game: Game) -> None:
    log: list[list[Any]] = game.tab.evaluate("game.log")
    frames = [frame for name, frame in log if name == "drawElements"]
    assert len(set(frames)) > 4
