"""What can go wrong between Create and Dispose, as the game sees it: through State, ErrorCode and Message."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from builder.abi import Path as PathNumber
from builder.abi import State, SubmitCode
from builder.errors import BAD_OPTIONS, FETCH_FAILED, HASH_MISMATCH, WRONG_LENGTH
from tests.e2e.browsing import Chromium, Site
from tests.e2e.forging import model_copy, only_shard
from tests.e2e.game import KEEP_NOTHING, MODES, Build, Game, picture_640x480, playing

pytestmark = [pytest.mark.browser, pytest.mark.player]


@pytest.fixture(scope="module")
def broken(site: Site, small: Build) -> Path:
    """A copy of the build, for tests that damage it; each has a model folder of its own."""
    return Path(shutil.copytree(small.folder, site.folder / "broken"))


@pytest.fixture(scope="module")
def game(browser: Chromium, broken: Path) -> Iterator[Game]:
    with playing(browser, broken, "wasm", KEEP_NOTHING) as opened:
        opened.wait_until_ready()
        yield opened


def failure(game: Game, name: str, options: dict[str, str] | None = None) -> tuple[int, str]:
    """Code and text of the error with which this model fails to load."""
    game.create(name, options)
    return game.failure()


def test_a_missing_shard_is_named(game: Game, broken: Path, small: Build) -> None:
    shard = only_shard(model_copy(broken, small.model.slug, "no-shard"))
    shard.unlink()
    code, message = failure(game, "no-shard")
    assert code == FETCH_FAILED.code
    assert f"/StreamingAssets/tfjs-bridge/no-shard/{shard.name} could not be fetched: " in message
    assert "404" in message and message.endswith(FETCH_FAILED.next_step)


def test_a_short_shard_is_found_out(game: Game, broken: Path, small: Build) -> None:
    shard = only_shard(model_copy(broken, small.model.slug, "short"))
    full = shard.read_bytes()
    shard.write_bytes(full[:-4])
    code, message = failure(game, "short")
    assert code == WRONG_LENGTH.code
    assert f"/short/{shard.name} has {len(full) - 4} bytes, the contract says {len(full)}. " in message
    assert message.endswith(WRONG_LENGTH.next_step)


def test_a_changed_shard_is_found_out(game: Game, broken: Path, small: Build) -> None:
    shard = only_shard(model_copy(broken, small.model.slug, "changed"))
    full = shard.read_bytes()
    shard.write_bytes(full[:-1] + bytes([full[-1] ^ 1]))
    code, message = failure(game, "changed")
    assert code == HASH_MISMATCH.code
    assert f"/changed/{shard.name} is not the file that was generated: its SHA-256 begins with " in message
    assert message.endswith(HASH_MISMATCH.next_step)


def test_options_of_an_unknown_kind_are_refused(game: Game, small: Build) -> None:
    code, message = failure(game, small.model.slug, {"backened": "wasm"})
    assert code == BAD_OPTIONS.code
    assert message.startswith("The options handed to Create are not valid: there is no option backened. ")


def test_a_model_disposed_while_it_loads_leaves_nothing(game: Game, small: Build) -> None:
    for _ in range(3):
        game.create(small.model.slug)
        game.call("dispose")
    game.frames(3)
    assert game.call("state") == State.DISPOSED
    assert game.tab.evaluate("tfjsBridge.models.length") == 0


def test_a_model_disposed_in_flight_leaves_nothing_and_the_next_one_predicts(game: Game, small: Build) -> None:
    game.create(small.model.slug)
    game.wait_until_ready()
    game.call("set_mode", MODES.index("pixels"))
    game.call("submit_every", 1)
    game.tab.evaluate(
        """game.until(() => game.module._player_submit_code() >= 0)
        .then(() => game.module._player_dispose())"""
    )
    game.frames(3)
    assert game.tab.evaluate("tfjsBridge.models.length") == 0
    game.create(small.model.slug)
    game.wait_until_ready()
    scores = game.predict("pixels")
    assert np.abs(scores - small.model.expected(picture_640x480())).max() <= 0.002


def test_a_texture_that_does_not_exist_is_refused(game: Game, small: Build) -> None:
    game.create(small.model.slug)
    game.wait_until_ready()
    game.call("set_mode", MODES.index("texture"))
    game.call("submit_every", 1)
    game.tab.evaluate("GLtextures => { game.kept = game.module.GL.textures; game.module.GL.textures = [null]; }")
    game.frames(2)
    assert game.call("submit_code") == SubmitCode.BAD_TEXTURE
    game.tab.evaluate("() => { game.module.GL.textures = game.kept; }")
    game.frames(2)
    assert game.call("submit_code") in (SubmitCode.ACCEPTED, SubmitCode.QUEUED)


def test_unknown_flags_are_refused(game: Game, small: Build) -> None:
    game.create(small.model.slug)
    game.wait_until_ready()
    game.call("set_flags", 1 << 20)
    game.frames(2)
    assert game.call("submit_code") == SubmitCode.UNSUPPORTED
    game.call("set_flags", 0)


def test_the_camera_is_opened_predicted_on_and_closed(game: Game, small: Build) -> None:
    game.tab.evaluate(
        """() => { const media = navigator.mediaDevices, open = media.getUserMedia.bind(media); game.tracks = [];
        media.getUserMedia = async wanted => { const stream = await open(wanted);
        game.tracks.push(...stream.getTracks()); return stream; }; }"""
    )
    game.create(small.model.slug)
    game.wait_until_ready()
    game.call("set_mode", MODES.index("camera"))
    before = game.call("results")
    game.call("submit_every", 1)
    game.tab.wait_for(f"game.module._player_results() > {before + 3}")
    assert game.stats()["path"] == PathNumber.CAMERA
    scores = [score for _, score in game.tab.evaluate("game.result().pairs")]
    assert abs(sum(scores) - 1) < 1e-4
    assert game.tab.evaluate("game.tracks.map(track => track.readyState)") == ["live"]
    game.call("dispose")
    game.tab.wait_for("game.tracks.every(track => track.readyState === 'ended')")
