"""The wasm backend is a script of its own, fetched only where it is used; what keeps it from running is said."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from builder.errors import FETCH_FAILED, HASH_MISMATCH
from tests.e2e.browsing import Chromium, Site
from tests.e2e.game import Backend, Build, Game, playing

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
