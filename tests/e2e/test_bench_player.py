"""The game of `bench` stands in for a real one honestly: the runtime does the same on its context as in the player."""

from __future__ import annotations

import json
import shutil
from collections import Counter

import pytest

from builder import resources
from builder.cli.bench_subject import MOUNT, subject
from tests.e2e.browsing import Chromium, Site
from tests.e2e.game import Build, Game, playing

pytestmark = [pytest.mark.player, pytest.mark.browser]
FOLDER = "bench-page"
# Tells the calls on the game's context, the first on the page, while the runtime takes a texture.
SPY = """
var spied = globalThis.spied = { gl: null, on: false, calls: [] };
(function () {
  var getContext = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind) {
    var context = getContext.apply(this, arguments);
    if (context && kind === "webgl2" && !spied.gl) spy(context);
    return context;
  };
  function spy(gl) {
    spied.gl = gl;
    Object.getOwnPropertyNames(WebGL2RenderingContext.prototype).forEach(function (name) {
      if (typeof Object.getOwnPropertyDescriptor(WebGL2RenderingContext.prototype, name).value !== "function") return;
      var own = gl[name];
      gl[name] = function () { if (spied.on) spied.calls.push(name); return own.apply(gl, arguments); };
    });
  }
})();
spied.watch = function () {
  var model = tfjsBridge.models[0], submit = model.submitTexture;
  model.submitTexture = function () {
    spied.calls = [];
    spied.on = true;
    try { return submit.apply(model, arguments); } finally { spied.on = false; }
  };
};
"""


def calls_in_the_player(game: Game) -> Counter[str]:
    game.wait_until_ready()
    game.predict("texture")  # which makes what is made but once
    game.tab.evaluate("spied.watch()")
    game.predict("texture")
    return Counter(game.tab.evaluate("spied.calls"))


def calls_in_the_bench(browser: Chromium, site: Site, build: Build) -> Counter[str]:
    home = site.folder / FOLDER
    shutil.copytree(resources.reference(), home)
    with subject(site.folder / "small", build.model.slug) as found, browser.tab() as tab:
        shutil.copytree(found.folder, home / MOUNT)
        setup = {key: f"/{FOLDER}{text}" if key.endswith("Url") else text for key, text in found.setup().items()}
        more = {"contender": "bridge", "backend": "wasm", "softwareWebgl": True, "size": {"width": 640, "height": 480}}
        tab.before_scripts(SPY)
        tab.goto(f"{browser.origin}/{FOLDER}/bench.html")
        tab.wait_for("globalThis.tfjsBench")
        tab.evaluate(f"tfjsBench.open({json.dumps(setup | more)}, 'texture')")
        tab.evaluate("spied.watch()")
        tab.evaluate("tfjsBench.block({ path: 'texture', predictions: 1, first: 0 }).then(() => null)")
        return Counter(tab.evaluate("spied.calls"))


def test_a_texture_costs_the_same_calls_on_the_games_context(browser: Chromium, site: Site, small: Build) -> None:
    with playing(browser, small.folder, "wasm", before=SPY) as game:
        player = calls_in_the_player(game)
    bench = calls_in_the_bench(browser, site, small)
    assert sum(bench.values()) > 10
    assert bench == player
