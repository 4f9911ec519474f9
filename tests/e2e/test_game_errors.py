"""Errors that reach the game, in the real page: models that TensorFlow.js cannot use, hosts that answer with pages,
browsers without GPU, memory or camera. Their texts name what is wrong, and end with what to do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder.abi import SubmitCode
from builder.errors import (
    CAMERA_FAILED,
    FETCH_FAILED,
    MODEL_FAILED,
    NO_BACKEND,
    NOT_JSON,
    OUT_OF_MEMORY,
    UNSUPPORTED_OP,
    ErrorKind,
)
from tests.e2e.browsing import Chromium, Site
from tests.e2e.forging import model_copy, only_shard, rewrite_model
from tests.e2e.game import CANVAS, KEEP_NOTHING, MODES, Build, Game, add_model, picture_640x480, playing, publish
from tests.player.build import link, pack

pytestmark = [pytest.mark.browser, pytest.mark.player]

# How many times as high and as wide the picture becomes inside the model, where it has 14 x 18 x 8 floats. The first is
# 1 KB more than the browser gives to one WebAssembly memory, the second more than 32 bits can count.
HUGE = [(378, 1409), (1000, 1000)]
NO_CONTEXT_TO_COMPUTE = """{ const get = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function () {
  return this.id === "unity-canvas" ? get.apply(this, arguments) : null; }; }"""
NO_CAMERA = """navigator.mediaDevices.getUserMedia =
() => Promise.reject(new DOMException("Starting it took too long", "AbortError"));"""


@pytest.fixture(scope="module")
def build(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A build with a graph model and a layers model, both to be damaged."""
    tree, work = tmp_path_factory.mktemp("errors-tree"), tmp_path_factory.mktemp("errors-model")
    add_model(tree, work, "Layers")
    model = add_model(tree, work, "Graph", format="graph")
    return Build(publish(site, tree, "errors", model.slug), model)


@pytest.fixture(scope="module")
def game(browser: Chromium, build: Build) -> Iterator[Game]:
    with playing(browser, build.folder, "wasm", KEEP_NOTHING) as opened:
        opened.wait_until_ready()
        yield opened


def check(game: Game, kind: ErrorKind, what: str) -> None:
    """The model fails with an error of this kind: its text begins with, or after an address has, `what`."""
    code, message = game.failure()
    assert code == kind.code, message
    assert what in message and message.endswith(kind.next_step), message


def nodes(model: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = model["modelTopology"]["node"]
    return found


def layers(model: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = model["modelTopology"]["model_config"]["config"]["layers"]
    return found


@pytest.mark.parametrize("file", ["contract.json", "model.json"])
def test_a_page_in_place_of_json_is_named(game: Game, build: Build, file: str) -> None:
    name = f"page-for-{file[:-5]}"
    folder = model_copy(build.folder, "graph", name)
    shutil.copy(build.folder / "index.html", folder / file)  # as a host of a single-page app answers
    game.create(name)
    check(game, NOT_JSON, f'/{name}/{file} is not JSON: it begins with "<!DOCTYPE html>')


def test_a_page_in_place_of_a_shard_counts_as_a_missing_file(game: Game, build: Build) -> None:
    shard = only_shard(model_copy(build.folder, "graph", "page-for-shard"))
    shutil.copy(build.folder / "index.html", shard)
    game.create("page-for-shard")
    what = f"/page-for-shard/{shard.name} could not be fetched: the host answered with an HTML page instead. "
    check(game, FETCH_FAILED, what)


def test_an_operation_that_tensorflow_lacks_is_named(game: Game, build: Build) -> None:
    def change(model: dict[str, Any]) -> None:
        (relu,) = (node for node in nodes(model) if node["op"] == "Relu")
        relu["op"] = "Betainc"

    rewrite_model(model_copy(build.folder, "graph", "odd-op"), change)
    game.create("odd-op")
    check(game, UNSUPPORTED_OP, "The model uses the operation Betainc, which TensorFlow.js 4.22 does not have. ")


def test_a_layer_that_tensorflow_lacks_is_named(game: Game, build: Build) -> None:
    folder = model_copy(build.folder, "layers", "odd-layer")
    rewrite_model(folder, lambda model: layers(model)[1].update(class_name="OddPooling"))
    game.create("odd-layer")
    check(game, UNSUPPORTED_OP, "The model uses the layer OddPooling, which TensorFlow.js 4.22 does not have. ")


def test_a_model_that_contradicts_itself_is_refused(game: Game, build: Build) -> None:
    folder = model_copy(build.folder, "layers", "contradiction")
    rewrite_model(folder, lambda model: layers(model)[3]["config"].update(units=4))
    game.create("contradiction")
    check(game, MODEL_FAILED, "The model could not be loaded: Shape mismatch: [96,4] vs. [96,5]. ")


@pytest.mark.parametrize("times", HUGE, ids=["refused", "beyond reach"])
def test_memory_that_the_browser_refuses(browser: Chromium, build: Build, times: tuple[int, int]) -> None:
    def enlarge(model: dict[str, Any]) -> None:
        large = {"name": "large", "size": times, "data_format": "channels_last", "interpolation": "nearest"}
        window = [4 * times[0], 4 * times[1]]
        layers(model).insert(1, {"class_name": "UpSampling2D", "config": large})
        layers(model)[2]["config"].update(pool_size=window, strides=window)

    name = f"huge-{times[0]}"
    rewrite_model(model_copy(build.folder, "layers", name), enlarge)
    with playing(browser, build.folder, "wasm") as game:
        game.wait_until_ready()
        game.create(name)
        check(game, OUT_OF_MEMORY, "The browser ran out of memory: WebAssembly's allocation failed: ")
        game.create("graph")
        game.wait_until_ready()
        scores = game.predict("pixels")
        assert np.abs(scores - build.model.expected(picture_640x480())).max() <= 0.002


@pytest.fixture(scope="module")
def insistent(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build whose game asks for webgl and nothing else."""
    tree = tmp_path_factory.mktemp("insistent-tree")
    model = add_model(tree, tmp_path_factory.mktemp("insistent-model"), "Small")
    out, picture, options = site.folder / "insistent", picture_640x480(), {"backend": "webgl"}
    return pack(link(tree), tree, out, model=model.slug, picture=picture, options=options, size=CANVAS)


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        ("", "this browser draws WebGL without a GPU ("),
        (NO_CONTEXT_TO_COMPUTE, "this browser gives no hardware WebGL 2 context. "),
    ],
    ids=["software", "none"],
)
def test_a_browser_without_webgl_is_told(browser: Chromium, insistent: Path, before: str, reason: str) -> None:
    with playing(browser, insistent, None, before) as game:
        check(game, NO_BACKEND, f"The backend webgl is not to be had: {reason}")


def test_a_second_backend_on_one_page_is_refused(browser: Chromium, build: Build) -> None:
    with playing(browser, build.folder, None) as game:
        game.wait_until_ready()
        assert game.tab.evaluate("tfjsBridge.models[0].backend") == "wasm"  # there is no GPU
        game.create("graph", {"backend": "webgl"})
        check(game, NO_BACKEND, "The backend webgl is not to be had: another model of this page already runs on wasm. ")


def test_a_camera_that_fails_for_an_unknown_reason_is_told(browser: Chromium, build: Build) -> None:
    with playing(browser, build.folder, "wasm", NO_CAMERA) as game:
        game.wait_until_ready()
        game.call("set_mode", MODES.index("camera"))
        game.call("submit_every", 1)
        game.tab.wait_for(f"game.module._player_error_code() === {CAMERA_FAILED.code}")
        assert game.call("submit_code") == SubmitCode.FAILED
        message = game.error()[1]
        assert message.startswith("The camera could not be opened: AbortError: Starting it took too long. ")
        assert message.endswith(CAMERA_FAILED.next_step)
