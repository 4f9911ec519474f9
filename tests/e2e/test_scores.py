"""The player's scores against vectors computed by Pillow and numpy: every way to fit and filter, every way the picture
may lie in memory, textures of both kinds on webgl and pixels on wasm."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from builder.abi import Backend as BackendNumber
from builder.abi import Path as PathNumber
from builder.abi import SourceFlags
from tests.e2e.browsing import Chromium, Site
from tests.e2e.game import Backend, Game, Tiny, add_model, picture_640x480, playing, publish
from tests.e2e.image_reference import FILTERS, FITS, Pixels
from tests.player.build import Mode

pytestmark = [pytest.mark.browser, pytest.mark.player]

TOLERANCE: dict[Backend, float] = {"webgl": 0.01, "wasm": 0.002}
WAYS = [SourceFlags.NONE, SourceFlags.TOP_ROW_FIRST, SourceFlags.MIRROR, SourceFlags.TOP_ROW_FIRST | SourceFlags.MIRROR]
NAMES = [f"{fit}_{how}" for fit in FITS for how in FILTERS] + ["gray"]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Tiny]]:
    """One plug-in tree with a model for every fit and filter, and one that sees gray."""
    tree, work = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("models")
    made = {f"{a}_{b}": add_model(tree, work, f"{a}_{b}".title(), fit=a, filter=b) for a in FITS for b in FILTERS}
    made["gray"] = add_model(tree, work, "Gray", gray=True)
    return tree, made


@pytest.fixture(scope="module")
def build(site: Site, models: tuple[Path, dict[str, Tiny]]) -> Path:
    tree, made = models
    return publish(site, tree, "scores", made["gray"].slug)


@pytest.fixture(scope="module")
def webgl(browser: Chromium, build: Path) -> Iterator[Game]:
    with playing(browser, build, "webgl") as game:
        yield game


@pytest.fixture(scope="module")
def wasm(browser: Chromium, build: Path) -> Iterator[Game]:
    with playing(browser, build, "wasm") as game:
        yield game


def as_seen(picture: Pixels, flags: SourceFlags) -> Pixels:
    """What the model is meant to see when `picture` lies in memory bottom row first and is submitted with `flags`."""
    rows = -1 if flags & SourceFlags.TOP_ROW_FIRST else 1
    columns = -1 if flags & SourceFlags.MIRROR else 1
    return picture[::rows, ::columns]


def check(game: Game, model: Tiny, modes: list[Mode], tolerance: float) -> None:
    """Every mode and way against the reference; says the greatest difference."""
    game.create(model.slug)
    game.wait_until_ready()
    differences = {}
    for flags in WAYS:
        expected = model.expected(as_seen(picture_640x480(), flags))
        for mode in modes:
            differences[mode, flags] = float(np.abs(game.predict(mode, flags) - expected).max())
    wrong = {key: value for key, value in differences.items() if not value <= tolerance}
    assert not wrong
    print(f"greatest difference of {len(differences)}: {max(differences.values()):.6f}")


@pytest.mark.parametrize("name", NAMES)
def test_textures_on_webgl(webgl: Game, models: tuple[Path, dict[str, Tiny]], name: str) -> None:
    check(webgl, models[1][name], ["texture", "srgb"], TOLERANCE["webgl"])
    assert webgl.stats()["backend"] == BackendNumber.WEBGL
    assert webgl.stats()["path"] == PathNumber.TEXTURE


@pytest.mark.parametrize("name", NAMES)
def test_pixels_on_wasm(wasm: Game, models: tuple[Path, dict[str, Tiny]], name: str) -> None:
    check(wasm, models[1][name], ["pixels"], TOLERANCE["wasm"])
    assert wasm.stats()["backend"] == BackendNumber.WASM
    assert wasm.stats()["path"] == PathNumber.PIXELS


def test_the_four_ways_give_four_answers(models: tuple[Path, dict[str, Tiny]]) -> None:
    model = models[1]["stretch_triangle"]
    answers = [model.expected(as_seen(picture_640x480(), flags)) for flags in WAYS]
    for i, one in enumerate(answers):
        assert all(np.abs(one - other).max() > 5 * TOLERANCE["webgl"] for other in answers[:i])
