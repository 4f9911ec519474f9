"""The joined runtime under a strict content security policy, without COOP and COEP, wherever the game's files lie, and
with every other host out of reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from tests.e2e.browsing import Chromium, chromium
from tests.e2e.game import CANVAS, Backend, Build, add_model, picture_640x480, playing
from tests.e2e.hosting import Host, hosting
from tests.player.build import link, pack

pytestmark = [pytest.mark.browser, pytest.mark.player]

TOLERANCE = 0.01
BASE = "/portal/games/mine/"
POLICY = "default-src 'self'{also}; script-src 'self' 'wasm-unsafe-eval'{also}"
VIOLATIONS = """globalThis.violations = [];
addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) =>
  violations.push(`${effectiveDirective} ${blockedURI}`));"""
# A policy allows neither scripts nor styles within the page. Absolute addresses, as a page with many routes has them.
PAGE = f"""<!DOCTYPE html>
<html><head><meta charset="utf-8"><link rel="icon" href="{BASE}icon.png"></head><body>
<canvas id="unity-canvas" width="{CANVAS[0]}" height="{CANVAS[1]}"></canvas>
<script src="{BASE}Build/player.loader.js"></script><script src="{BASE}start.js"></script>
</body></html>"""
START = """createUnityInstance(document.querySelector("#unity-canvas"), {
  dataUrl: "%(base)sBuild/player.data", frameworkUrl: "%(base)sBuild/player.framework.js",
  codeUrl: "%(base)sBuild/player.wasm", streamingAssetsUrl: "%(assets)s"
});"""


@dataclass(frozen=True)
class Where:
    """The page's address below its origin, and StreamingAssets as the page gives it; `away`: on another origin."""

    address: str
    assets: str = f"{BASE}StreamingAssets"
    away: bool = False


WAYS = {
    "sub-folder": Where(f"{BASE}?every=0", "StreamingAssets"),
    "trailing path": Where(f"{BASE}index.html/play/level-3/?every=0"),
    "query": Where(f"{BASE}?every=0&next=https%3A%2F%2Felsewhere.example/a/b&x=/../#/play/2", "StreamingAssets"),
    "another origin": Where(f"{BASE}?every=0", "/assets/v1/StreamingAssets", away=True),
}


@dataclass(frozen=True)
class Hosts:
    """The page's host, the host of files on another origin, and a browser that reaches these two alone."""

    build: Build
    page: Host
    browser: Chromium
    elsewhere: str


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    tree, folder = tmp_path_factory.mktemp("hosted-tree"), tmp_path_factory.mktemp("hosted") / "build"
    model = add_model(tree, tmp_path_factory.mktemp("hosted-model"), "Hosted", format="graph", lean=True)
    pack(link(tree), tree, folder, model=model.slug, picture=picture_640x480(), size=CANVAS)
    (folder / "index.html").write_text(PAGE, "utf-8")
    (folder / "icon.png").touch()
    (moved := folder.parent / "elsewhere").mkdir()
    (folder / "StreamingAssets").rename(moved / "StreamingAssets")
    page = Host(folder, BASE, frozenset(where.address.partition("?")[0] for where in WAYS.values()))
    away = Host(moved, "/assets/v1/", headers={"Access-Control-Allow-Origin": "*"})
    with hosting(page) as origin, hosting(away) as other, chromium(origin, other) as browser:
        yield Hosts(Build(folder, model), page, browser, other)


def move_in(hosts: Hosts, where: Where) -> None:
    """Lays the page and its files out for this way of hosting."""
    folder, also = hosts.build.folder, f" {hosts.elsewhere}" if where.away else ""
    hosts.page.headers = {"Content-Security-Policy": POLICY.format(also=also)}
    assets = where.assets if not where.away else hosts.elsewhere + where.assets
    (folder / "start.js").write_text(START % {"base": BASE, "assets": assets}, "utf-8")
    here, there = folder / "StreamingAssets", folder.parent / "elsewhere" / "StreamingAssets"
    if where.away and here.exists():
        here.rename(there)
    if not where.away and there.exists():
        there.rename(here)


@pytest.mark.parametrize("backend", ["webgl", "wasm"])
@pytest.mark.parametrize("way", WAYS)
def test_a_strict_host_is_enough(hosts: Hosts, way: str, backend: Backend) -> None:
    where = WAYS[way]
    move_in(hosts, where)
    picture = picture_640x480()
    with playing(hosts.browser, hosts.build.folder, backend, VIOLATIONS, where.address) as game:
        game.wait_until_ready()
        scores = game.predict("texture")
        assert game.tab.evaluate("[tfjsBridge.models[0].backend, crossOriginIsolated, violations]") == [
            backend,
            False,
            [],
        ]
        assert game.error() == (0, "")
        origins = {url.partition("/portal/")[0].partition("/assets/")[0] for url in game.tab.asked}
        assert origins == ({hosts.browser.origin, hosts.elsewhere} if where.away else {hosts.browser.origin})
        assert [line for line in game.tab.said if line.startswith("error")] == []
    assert np.abs(scores - hosts.build.model.expected(picture)).max() <= TOLERANCE
