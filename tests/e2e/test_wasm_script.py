"""The wasm backend is a script of its own, fetched only where it is used; what keeps it from running is said."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from builder.errors import FETCH_FAILED, HASH_MISMATCH
from tests.e2e.browsing import Chromium, Site
from tests.e2e.game import Backend, Build, Game, add_model, picture_640x480, playing, publish

pytestmark = [pytest.mark.browser, pytest.mark.player]


def fetched(game: Game) -> set[str]:
    """Kinds of runtime files that the page asked for."""
    names = game.tab.evaluate("performance.getEntriesByType('resource').map(entry => new URL(entry.name).pathname)")
    return {name.rpartition("/")[2].partition(".")[0] for name in names if "/runtime/" in name}


@pytest.mark.parametrize(
    ("backend", "files"),
    [("webgl", {"tfjs-bridge"}), ("wasm", {"tfjs-bridge", "tfjs-bridge-wasm", "tfjs-backend-wasm-simd"})],
)
def test_only_what_computes_is_fetched(browser: Chromium, small: Build, backend: Backend, files: set[str]) -> None:
    with playing(browser, small.folder, backend) as game:
        game.tab.wait_for("globalThis.tfjsBridge?.models[0]?.phase === 'ready'")
        assert fetched(game) == files


@pytest.fixture(scope="module")
def lean(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A published build with one graph, and of the runtime only what that graph needs."""
    tree: Path = tmp_path_factory.mktemp("lean-tree")
    model = add_model(tree, tmp_path_factory.mktemp("lean-model"), "Lean", format="graph", lean=True)
    return Build(publish(site, tree, "lean", model.slug), model)


@pytest.mark.parametrize("backend", ["webgl", "wasm"])
def test_what_a_graph_needs_is_enough_on_each_backend(browser: Chromium, lean: Build, backend: Backend) -> None:
    picture = picture_640x480()
    with playing(browser, lean.folder, backend) as game:
        game.tab.wait_for("globalThis.tfjsBridge?.models[0]?.phase === 'ready'")
        game.show(picture)
        scores = game.predict("texture")
        assert not game.tab.evaluate("tfjsBridge.models[0].error")
    np.testing.assert_allclose(scores, lean.model.expected(picture), atol=0.01)


def spoilt(site: Site, small: Build, name: str) -> tuple[Path, Path]:
    """A copy of the build, and its wasm script."""
    folder = Path(shutil.copytree(small.folder, site.folder / name))
    (script,) = folder.glob("StreamingAssets/tfjs-bridge/runtime/tfjs-bridge-wasm.*.js")
    return folder, script


def test_a_renamed_script_is_named(browser: Chromium, site: Site, small: Build) -> None:
    folder, script = spoilt(site, small, "wasm-renamed")
    script.rename(script.with_name("tfjs-bridge-wasm.js"))
    with playing(browser, folder, "wasm") as game:
        code, message = game.failure()
    assert code == FETCH_FAILED.code
    assert f"runtime/{script.name} could not be fetched: the host answered with status 404" in message


def test_another_script_is_not_run(browser: Chromium, site: Site, small: Build) -> None:
    folder, script = spoilt(site, small, "wasm-other")
    content = script.read_bytes()
    script.write_bytes(content[:-3] + b" };"[-3:])
    assert script.read_bytes() != content
    with playing(browser, folder, "wasm") as game:
        code, message = game.failure()
    assert code == HASH_MISMATCH.code
    assert f"runtime/{script.name} is not the file that was generated" in message
