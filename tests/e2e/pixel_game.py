"""A player whose model makes masks or pictures."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np

from builder import resources
from builder.inputs.tfjs_model import read_model
from builder.joining import EVERYTHING, join
from builder.render.tree import render
from builder.resolve import Options, own_labels, resolve
from builder.writer import Install, Request, apply, make_plan
from tests.e2e.game import MODES, Game
from tests.e2e.image_reference import Pixels
from tests.player.build import Mode


def add_pixel_model(tree: Path, folder: Path, name: str, labels: tuple[str, ...] = (), **options: Any) -> str:  # noqa: ANN401
    """Generates a plug-in for the model in `folder` into `tree`; its slug."""
    facts, given = read_model(folder), Options(**{"name": name, "normalize": "unit", **options})
    spec = resolve(facts, labels or own_labels(facts, given) or (), given)
    files = render(spec, facts.folder, join(resources.pieces(resources.runtime()), EVERYTHING))
    tree.mkdir(exist_ok=True)
    apply(make_plan(Request(installs=(Install(spec.name, tuple(files)),)), tree))
    return str(spec.slug)


def made(game: Game, mode: Mode = "texture", flags: int = 0) -> Pixels:
    """One explicit prediction on the shown picture: [h, w] or [h, w, 4], row 0 on top.

    The game's array and its texture must hold the same.
    """
    result = game.tab.evaluate("given => game.predict(...given)", [MODES.index(mode), flags])
    found = game.tab.evaluate("game.pixels()")
    assert (found["code"], found["frame"]) == (0, result["frame"])
    numbers = [value for pair in result["pairs"] for value in pair]
    assert numbers[:3] == [found["width"], found["height"], found["channels"]]
    copied = _levels(found["copied"], found["width"], found["channels"])
    drawn = _levels(found["drawn"], found["width"], 4)
    assert np.array_equal(copied, drawn if found["channels"] == 4 else drawn[..., 0])
    return copied


def _levels(text: str, width: int, channels: int) -> Pixels:
    flat = np.frombuffer(base64.b64decode(text), np.uint8)
    shaped = flat.reshape(-1, width, channels) if channels > 1 else flat.reshape(-1, width)
    return shaped[::-1]
