"""A packed player in a browser tab, and the tiny models that it runs."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urljoin

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from builder import resources
from builder.abi import STATS, State
from builder.cli.reinstall import spec_needs
from builder.inputs.tfjs_model import read_model
from builder.joining import EVERYTHING, join
from builder.render.tree import render
from builder.resolve import Options, resolve
from builder.spec import Filter, Fit
from builder.writer import Install, Request, apply, make_plan
from tests.e2e.browsing import Chromium, Site, Tab
from tests.e2e.image_reference import PAD, Pixels, fitted
from tests.models import Expected, Format, tiny_labels, tiny_model
from tests.player.build import Mode, Packing, link, pack

Scores = NDArray[np.float32]
Backend = Literal["webgl", "wasm"]
MODES: tuple[Mode, ...] = ("texture", "srgb", "pixels", "camera")
# For builds that are damaged while their tab is open: what was whole a moment ago would come from the device.
KEEP_NOTHING = "tfjsBridgeConfig.keep = false;"
CANVAS = (480, 300)  # small, for a machine without a GPU
GAME_JS = Path(__file__).with_name("game.js").read_text("utf-8")
# torchvision's numbers, written out: what the contract says about normalization is under test.
MEAN = np.array([0.485, 0.456, 0.406])
STD = np.array([0.229, 0.224, 0.225])


@dataclass(frozen=True)
class Tiny:
    """A tiny model in a plug-in tree: its input size (width, height), how pictures are fitted, and its answers."""

    name: str
    slug: str
    size: tuple[int, int]
    fit: Fit
    filter: Filter
    gray: bool
    answers: Expected

    def expected(self, picture: Pixels) -> Scores:
        """Scores [classes] for a picture [h, w, 3] as it should be seen, by Pillow and numpy alone."""
        levels = fitted(picture, self.size, self.fit, self.filter)
        if self.gray:
            values = np.asarray(Image.fromarray(levels).convert("L"))[..., None] / 255
        else:
            values = (levels / 255 - MEAN) / STD
        scores: Scores = self.answers(values[None].astype(np.float32))[0]
        return scores


@dataclass(frozen=True)
class Build:
    """A published build and its model."""

    folder: Path
    model: Tiny


def add_model(
    tree: Path,
    work: Path,
    name: str,
    *,
    fit: Fit = "stretch",
    filter: Filter = "triangle",
    size: tuple[int, int] = (37, 29),
    gray: bool = False,
    runtime: Path | None = None,
    lean: bool = False,
    format: Format = "layers",
    seed: int = 7,
) -> Tiny:
    """Generates a plug-in for a new tiny model into `tree` for the runtime in `runtime`; `lean`: with what
    this model needs, as the command does, and not with everything."""
    normalize, folder = ("unit" if gray else "imagenet"), work / name
    channels = 1 if gray else 3
    answers = tiny_model(folder, size=size, channels=channels, normalize=normalize, format=format, seed=seed)
    facts = read_model(folder)
    spec = resolve(facts, tiny_labels(), Options(name=name, normalize=normalize, fit=fit, filter=filter))
    spec = dataclasses.replace(spec, preprocess=dataclasses.replace(spec.preprocess, pad=PAD))
    needs = spec_needs(spec, facts.json_path.read_bytes()) if lean else EVERYTHING
    files = render(spec, facts.folder, join(resources.pieces(runtime or resources.runtime()), needs))
    tree.mkdir(exist_ok=True)
    apply(make_plan(Request(installs=(Install(spec.name, tuple(files)),)), tree))
    return Tiny(name, spec.slug, size, fit, filter, gray, answers)


def picture_640x480(seed: int = 3) -> Pixels:
    """[480, 640, 3]: colour fields, edges and grain, different in every corner and channel."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:480, 0:640]
    coarse = random.uniform(0, 255, (6, 8, 3))[y // 80, x // 80]
    slope = np.stack([x / 640, y / 480, (x + y) / 1120], axis=2) * 90 - 45
    picture: Pixels = np.clip(coarse + slope + random.normal(0, 15, coarse.shape), 0, 255).astype(np.uint8)
    return picture


def page_image(picture: Pixels) -> dict[str, object]:
    """[h, w, 3] as the page takes it: RGBA in base64, rows in the same order."""
    alpha = np.full(picture.shape[:2], 255, np.uint8)
    rgba = base64.b64encode(np.dstack([picture, alpha]).tobytes()).decode()
    return {"width": picture.shape[1], "height": picture.shape[0], "rgba": rgba}


class Game:
    """The player on a page, driven through its exports."""

    def __init__(self, tab: Tab, build: Path) -> None:
        self.tab, self.build = tab, build

    def call(self, export: str, *arguments: float) -> Any:  # noqa: ANN401
        """An export of the player's, without its prefix."""
        return self.tab.evaluate(f"given => game.module._player_{export}(...given)", list(arguments))

    def create(self, model: str, options: Mapping[str, object] | None = None) -> None:
        """Begins to load the model with this slug in place of the present one."""
        self.tab.evaluate("given => game.create(...given)", [*self._contract(model), json.dumps(options or {})])

    def create_second(self, model: str) -> None:
        """Loads one more model beside the present one, as `game.second`, and waits until it is ready."""
        self.tab.evaluate("given => game.createSecond(...given)", list(self._contract(model)))
        self.tab.wait_for("game.second.phase === 'ready'")

    def _contract(self, model: str) -> tuple[str, str]:
        """The contract's address and its hash, as the game's code carries them."""
        url = f"StreamingAssets/tfjs-bridge/{model}/contract.json"
        return url, hashlib.sha256((self.build / url).read_bytes()).hexdigest()

    def wait_until_ready(self) -> None:
        self.tab.wait_for(f"game.module && game.module._player_state() !== {State.LOADING:d}")
        assert self.call("state") == State.READY, self.tab.evaluate("game.message()")

    def failure(self) -> tuple[int, str]:
        """Waits until the model has failed; code and text of its error."""
        self.tab.wait_for(f"game.module && game.module._player_state() !== {State.LOADING:d}")
        assert self.call("state") == State.FAILED
        return self.error()

    def error(self) -> tuple[int, str]:
        """Code and text of the newest error."""
        return self.call("error_code"), self.tab.evaluate("game.message()")

    def show(self, picture: Pixels) -> None:
        """Makes `picture` [h, w, 3], row 0 on top, the one that is shown and predicted on."""
        self.tab.evaluate("given => game.setPicture(given)", page_image(picture[::-1]))

    def predict_second(self, picture: Pixels) -> Scores:
        """What `game.second` says about `picture` [h, w, 3]: scores in the order of the labels."""
        ask = "image => game.second.predict(image).then(answer => answer.scores)"
        return np.array(self.tab.evaluate(ask, page_image(picture)), np.float32)

    def predict(self, mode: Mode, flags: int = 0) -> Scores:
        """One explicit prediction on the shown picture: scores in the order of the labels."""
        result = self.tab.evaluate("given => game.predict(...given)", [MODES.index(mode), flags])
        assert (result["version"], result["task"]) == (1, 1)
        pairs = result["pairs"]
        assert sorted(index for index, _ in pairs) == list(range(len(pairs))), pairs
        assert [score for _, score in pairs] == sorted((score for _, score in pairs), reverse=True)
        return np.array([score for _, score in sorted(pairs)], np.float32)

    def stats(self) -> dict[str, float]:
        values = self.tab.evaluate("game.stats()")
        return {name: values[i] for i, (name, _) in enumerate(STATS)}

    def frames(self, count: int) -> None:
        """Waits until `count` more frames were drawn."""
        self.tab.evaluate("count => game.frames(count)", count)

    def objects(self) -> dict[str, int]:
        """Live GL objects on the player's context, by kind."""
        counts: dict[str, int] = self.tab.evaluate("game.objects")
        return counts


@contextmanager
def playing(
    browser: Chromium, build: Path, backend: Backend | None, before: str = "", address: str = ""
) -> Iterator[Game]:
    """A tab on the published `build`, before its model is ready; nothing is submitted unasked.

    Without a `backend` the page says nothing about it, as players' pages do. `before` is JavaScript that runs before
    the page's own; `address` the page's, where it is not the build's name, with or without an origin. Page errors fail
    the test in the end.
    """
    with browser.tab() as tab:
        config = {"softwareWebgl": True, "backend": backend}
        if backend is not None:
            tab.before_scripts(f"globalThis.tfjsBridgeConfig = {json.dumps(config)};")
        tab.before_scripts(f"{GAME_JS}\n{before}")
        tab.goto(urljoin(browser.origin, address or f"/{build.name}/?every=0"))
        tab.wait_for("game.module")
        yield Game(tab, build)
        assert not tab.errors


def publish(site: Site, tree: Path, name: str, model: str, packing: Packing = "plain") -> Path:
    """Packs a build for `tree` below the site and gives its folder; its address is `origin/name/`."""
    folder = site.folder / name
    return pack(link(tree), tree, folder, model=model, picture=picture_640x480(), size=CANVAS, packing=packing)
