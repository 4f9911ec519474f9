"""A tab in the background: timers that run once a second. The model still loads, and what was asked for is answered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.e2e.browsing import Chromium, Site
from tests.e2e.game import Backend, Build, add_model, picture_640x480, playing, publish

pytestmark = [pytest.mark.browser, pytest.mark.player]

TOLERANCE = 0.01
# Chromium without a window cannot hide a page: what it does to hidden ones, done to this one while `game.hidden`.
# Every step of a warm-up asks for a pause, as on a slow device.
HIDDEN = """game.hidden = false; game.timers = 0;
const [timer, now] = [globalThis.setTimeout, performance.now.bind(performance)];
Object.defineProperty(Document.prototype, "hidden", { get: () => game.hidden });
globalThis.setTimeout = (callback, ms, ...given) => {
  if (game.hidden) game.timers += 1;
  return timer(callback, game.hidden ? Math.max(1000, ms || 0) : ms, ...given);
};
let hurry = 0;
performance.now = () => now() + (hurry += 9);"""
# TensorFlow.js asks by timers whether an answer is there; the pauses of a warm-up, some dozens, use none.
TIMERS = 8


@pytest.fixture(scope="module")
def graph(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A published build with one graph."""
    tree: Path = tmp_path_factory.mktemp("hidden-tree")
    model = add_model(tree, tmp_path_factory.mktemp("hidden-model"), "Hidden", format="graph", lean=True)
    return Build(publish(site, tree, "hidden", model.slug), model)


@pytest.mark.parametrize("backend", ["webgl", "wasm"])
def test_a_hidden_page_loads_its_model_and_answers(browser: Chromium, graph: Build, backend: Backend) -> None:
    picture = picture_640x480()
    with playing(browser, graph.folder, backend, HIDDEN) as game:
        game.wait_until_ready()
        game.tab.evaluate("() => { game.hidden = true; }")
        game.create_second(graph.model.slug)
        assert game.tab.evaluate("game.timers") <= TIMERS
        assert np.abs(game.predict_second(picture) - graph.model.expected(picture)).max() <= TOLERANCE
