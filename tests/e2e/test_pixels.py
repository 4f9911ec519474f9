"""Masks, label maps and pictures through the `.jslib` and the player, as bytes and in its textures, against numpy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from builder.abi import SourceFlags
from tests.e2e.browsing import Chromium, Site
from tests.e2e.game import Backend, Game, picture_640x480, playing, publish
from tests.e2e.image_reference import Fit, Pixels, fitted
from tests.e2e.pixel_game import add_pixel_model, made
from tests.e2e.pixel_reference import Segmented, levels
from tests.pixel_models import PixelNet, pixel_net
from tests.player.build import Mode

pytestmark = [pytest.mark.browser, pytest.mark.player]

SIZE = (40, 32)
CLASSES = ("sky", "tree", "road", "person", "cup")
# Where a score lies at the threshold, or two classes are equal but for a digit, single precision falls to either side.
FAR = 0.004
PERSON, MAP, TONE = pixel_net(1, last="Sigmoid"), pixel_net(5), pixel_net(3, last="Tanh", spread=0.3)
LARGE = pixel_net(3, factor=2, spread=0.2)


@dataclass(frozen=True)
class Models:
    tree: Path
    slugs: Mapping[str, str]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    tree, work = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("models")
    for name, net in {"person": PERSON, "map": MAP, "tone": TONE}.items():
        net.write(work / name, SIZE)
    LARGE.write(work / "large", None)
    tiles: dict[str, Any] = {"tile_margin": 2, "input_size": SIZE, "output_range": (0, 1)}
    slugs = {
        "mask": add_pixel_model(tree, work / "person", "Mask", fit="letterbox"),
        "alpha": add_pixel_model(tree, work / "person", "Alpha", fit="crop", result="alpha", result_size=(70, 50)),
        "map": add_pixel_model(tree, work / "map", "Map", CLASSES, activation="none"),
        "tone": add_pixel_model(tree, work / "tone", "Tone"),
        "large": add_pixel_model(tree, work / "large", "Large", **tiles),
    }
    return Models(tree, slugs)


@pytest.fixture(scope="module", params=["webgl", "wasm"])
def game(browser: Chromium, site: Site, models: Models, request: pytest.FixtureRequest) -> Iterator[Game]:
    backend: Backend = request.param
    build = site.folder / "pixels"
    if not build.exists():
        publish(site, models.tree, "pixels", models.slugs["mask"])
    with playing(browser, build, backend) as game:
        yield game


def start(game: Game, models: Models, name: str) -> None:
    game.create(models.slugs[name])
    game.wait_until_ready()


def answers(net: PixelNet, picture: Pixels, fit: Fit) -> NDArray[np.float64]:
    """What the network gives for a picture of any size."""
    padded = fitted(picture, SIZE, fit, "triangle")
    return net(padded / 255)


def black_bars(picture: Pixels) -> Pixels:
    """What `fitted` pads with the test's colour is black where `generate` made the model."""
    padded = fitted(picture, SIZE, "letterbox", "triangle")
    seen = fitted(np.full_like(picture, 1), SIZE, "letterbox", "nearest")[..., :1] == 1
    return np.where(seen, padded, 0).astype(np.uint8)


def far(found: Pixels, expected: Pixels, room: int = 0) -> float:
    """The share of values that differ by more than `room` levels."""
    assert found.shape == expected.shape
    return float((np.abs(found.astype(int) - expected) > room).mean())


@pytest.mark.parametrize("mode", ["texture", "pixels"])
def test_a_mask_lies_over_the_picture(game: Game, models: Models, mode: Mode) -> None:
    start(game, models, "mask")
    game.call("hostile_state", 1)
    how = Segmented(input=SIZE, result="mask", fit="letterbox", threshold=0.5)
    for picture in (picture_640x480()[100:220, 50:250], picture_640x480()[:90, :60]):
        game.show(picture)
        expected = how.drawn(PERSON(black_bars(picture) / 255), picture.shape[1::-1])
        assert 0.1 < (expected > 0).mean() < 0.9
        assert far(made(game, mode), expected) < FAR
    game.call("hostile_state", 0)


def test_a_soft_mask_has_the_chosen_size(game: Game, models: Models) -> None:
    start(game, models, "alpha")
    picture = picture_640x480()[:300, :200]
    game.show(picture)
    how = Segmented(input=SIZE, result="alpha", fit="crop")
    expected = how.drawn(answers(PERSON, picture, "crop"), (200, 300), (70, 50))
    assert far(made(game), expected, room=3) < FAR


def test_a_label_map_names_the_best_class_also_of_mirrored_pictures(game: Game, models: Models) -> None:
    start(game, models, "map")
    picture = picture_640x480()[:150, :200]
    game.show(picture)
    how = Segmented(input=SIZE, result="labels")
    expected = how.drawn(answers(MAP, picture, "stretch"), (200, 150))
    assert len(np.unique(expected)) == len(CLASSES)
    assert far(made(game), expected) < FAR
    mirrored = how.drawn(answers(MAP, picture[:, ::-1], "stretch"), (200, 150))
    assert far(made(game, flags=SourceFlags.MIRROR), mirrored[:, ::-1]) < FAR


def test_a_picture_is_scaled_and_opaque(game: Game, models: Models) -> None:
    start(game, models, "tone")
    picture = picture_640x480()
    game.show(picture)
    found = made(game)
    assert (found[..., 3] == 255).all()
    expected = levels(answers(TONE, picture, "stretch"), -1, 1)
    assert np.abs(found[..., :3].astype(int) - expected).mean() < 0.5
    mirrored = levels(answers(TONE, picture[:, ::-1], "stretch"), -1, 1)[:, ::-1]
    assert np.abs(made(game, flags=SourceFlags.MIRROR)[..., :3].astype(int) - mirrored).mean() < 0.5


@pytest.mark.parametrize("size", [(97, 61), (23, 32), (40, 33)])
def test_pictures_of_any_size_go_in_tiles_without_seams(game: Game, models: Models, size: tuple[int, int]) -> None:
    start(game, models, "large")
    picture = picture_640x480()[200 : 200 + size[1], 300 : 300 + size[0]]
    game.show(picture)
    expected = levels(LARGE(picture / 255), 0, 1)
    for mode in ("texture", "pixels"):
        found = made(game, mode)
        assert found.shape == (2 * size[1], 2 * size[0], 4)
        assert np.abs(found[..., :3].astype(int) - expected).max() <= 1


def test_frames_leave_no_tensors_and_no_gl_objects(game: Game, models: Models) -> None:
    for name in ("map", "large"):
        start(game, models, name)
        game.show(picture_640x480()[:70, :90])
        made(game)
        before = game.stats()["tensors"], game.objects()
        for _ in range(5):
            made(game)
        assert (game.stats()["tensors"], game.objects()) == before
