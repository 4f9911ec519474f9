"""Real models whose results are pixels: generated, linked into a player, through its `.jslib` on webgl and wasm.

Expectations: pictures by Pillow, then TensorFlow.js's cpu backend on a page without the game's runtime, or onnxruntime.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from builder.harness.serve import serve
from tests.e2e.browsing import chromium
from tests.e2e.game import MODES, Backend, playing
from tests.e2e.image_reference import Pixels
from tests.e2e.pixel_game import made as made_by
from tests.player.build import link, pack
from tests.real.models import photos
from tests.real.pixels import MODELS, RealPixels, shown
from tests.verifying import verify

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.player]

IOU, ERROR = 0.97, 1.5
BACKENDS: tuple[Backend, ...] = ("webgl", "wasm")


@dataclass(frozen=True)
class Made:
    """A published player, what its model is shown, and what it must make of that."""

    name: str
    build: Path
    origin: str
    shown: Mapping[str, Pixels]
    expected: Mapping[str, Pixels]

    @property
    def real(self) -> RealPixels:
        return MODELS[self.name]


@pytest.fixture(scope="module", params=MODELS)
def player(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    name: str = request.param
    real, work = MODELS[name], tmp_path_factory.mktemp(name)
    model = real.find(work / "model")
    command = [sys.executable, "-m", "builder", "generate", str(model), "--name", name, "--out", str(work / "tree")]
    subprocess.run([*command, *real.flags], check=True)
    (contract,) = (work / "tree").glob("Assets/StreamingAssets/tfjs-bridge/*/contract.json")
    pictures = shown(photos(), real.crops)
    picture = next(iter(pictures.values()))
    (work / "site").mkdir()
    with serve(work / "site") as origin:
        build = pack(
            link(work / "tree"), work / "tree", work / "site" / name, model=contract.parent.name, picture=picture
        )
        expected = {key: real.expected(model, each) for key, each in pictures.items()}
        yield Made(name, build, origin, pictures, expected)


def likeness(real: RealPixels, found: Pixels, expected: Pixels) -> float:
    """IoU of masks, mean absolute difference of pictures."""
    if real.kind == "mask":
        return float(((found > 0) & (expected > 0)).sum() / ((found > 0) | (expected > 0)).sum())
    return float(np.abs(found[..., :3].astype(int) - expected).mean())


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_game_gets_what_was_computed_independently(player: Made, backend: Backend) -> None:
    """By texture and by pixels of the game; into its array and into its texture."""
    with chromium(player.origin) as browser, playing(browser, player.build, backend) as game:
        game.wait_until_ready()
        for key, picture in player.shown.items():
            game.show(picture)
            for mode in MODES[0], MODES[2]:
                found = made_by(game, mode)
                assert found.shape[:2] == player.expected[key].shape[:2]
                value = likeness(player.real, found, player.expected[key])
                print(f"{player.name} {key} {picture.shape[1]}x{picture.shape[0]} {mode} on {backend}: {value:.4f}")
                assert value >= IOU if player.real.kind == "mask" else value <= ERROR


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_build_verifies(player: Made, tmp_path: Path, backend: Backend) -> None:
    cases = []
    for key, picture in player.shown.items():
        Image.fromarray(picture).save(tmp_path / f"{key}.png")
        Image.fromarray(player.expected[key]).save(tmp_path / f"{key}-expected.png")
        cases.append({"image": f"{key}.png", "expect": {player.real.kind: f"{key}-expected.png"}})
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    outcome = verify(player.build, tmp_path / "cases.json", "--backend", backend, "--timeout", "300")
    assert outcome.code == 0, outcome.out + outcome.err
