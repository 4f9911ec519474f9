"""Every line of the GL state guard is needed: a runtime built without it is caught by the examination that the real one
passes. `make test-mutations` tries all lines, the ordinary run two."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.browsing import Chromium, Site
from tests.e2e.game import Build, add_model, playing, publish
from tests.e2e.intrusion import examine

pytestmark = [pytest.mark.browser, pytest.mark.player]

ROOT = Path(__file__).parents[2]
GUARD = Path("src/image/guard.ts")
LINE = re.compile(r'^\s*guard\("(\w+)"')
SOURCES = ("src", "scripts", "licenses", "package.json")


def guarded() -> list[str]:
    """Names of the guard's lines."""
    lines = (ROOT / "jslib" / GUARD).read_text("utf-8").splitlines()
    return [found[1] for line in lines if (found := LINE.match(line))]


def runtime_without(name: str, folder: Path) -> Path:
    """Builds the runtime in `folder` from sources that lack the guard's line `name`; gives its `dist`."""
    jslib = folder / "jslib"
    for source in SOURCES:
        path = ROOT / "jslib" / source
        if path.is_dir():
            shutil.copytree(path, jslib / source)
        else:
            shutil.copy(path, jslib / source)
    (jslib / "node_modules").symlink_to(ROOT / "jslib" / "node_modules")
    (folder / "builder").mkdir()
    shutil.copy(ROOT / "builder" / "__init__.py", folder / "builder")
    shutil.copy(ROOT / "LICENSE", folder)
    lines = (jslib / GUARD).read_text("utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not ((found := LINE.match(line)) and found[1] == name)]
    assert len(kept) == len(lines) - 1
    (jslib / GUARD).write_text("".join(kept), "utf-8")
    subprocess.run(["node", "scripts/bundle.mjs"], cwd=jslib, check=True, capture_output=True)
    return jslib / "dist"


def check_that_it_is_missed(name: str, browser: Chromium, site: Site, work: Path) -> None:
    dist = runtime_without(name, work)
    model = add_model(work / "tree", work / "model", "Mutant", runtime=dist)
    build = Build(publish(site, work / "tree", f"without-{name}", model.slug), model)
    with playing(browser, build.folder, "wasm") as game:
        game.wait_until_ready()
        findings = examine(game, model, frames=4)
    print(findings)
    assert not findings.clean


def test_the_guard_has_lines_to_remove() -> None:
    assert len(guarded()) > 10 and len(set(guarded())) == len(guarded())


@pytest.mark.parametrize("name", [guarded()[0], guarded()[-1]])
def test_a_guard_without_its_first_or_last_line_is_caught(
    name: str, browser: Chromium, site: Site, tmp_path: Path
) -> None:
    check_that_it_is_missed(name, browser, site, tmp_path)


@pytest.mark.slow
@pytest.mark.mutation
@pytest.mark.parametrize("name", guarded()[1:-1])
def test_a_guard_without_this_line_is_caught(name: str, browser: Chromium, site: Site, tmp_path: Path) -> None:
    check_that_it_is_missed(name, browser, site, tmp_path)
