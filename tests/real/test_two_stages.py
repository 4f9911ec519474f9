"""A face found in the full photo, and the expression of that face: blazeface, then emotion. `make test-real`.

The second stage gets what `TwoStage.Square` cuts out around the box that the first one really found. Expectations: the
box of detections.json, cut out by Pillow, then TensorFlow.js's cpu backend on a page without the game's runtime.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from builder.harness.builds import Target
from builder.harness.cases import read_cases
from builder.harness.run import run
from builder.harness.visits import RunOptions
from tests.player.build import link, pack
from tests.real.detectors import DETECTORS, EXPECTED, Detector, model
from tests.real.models import MODELS, Real, Shown, photos
from tests.real.test_real_models import network_input, reference
from tests.verifying import save, verify

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.player]

ENLARGE, SIDE, TOLERANCE = 1.1, 256, 0.02
PHOTO = "astronaut"


def built(stage: Detector | Real, name: str, source: Path, work: Path, picture: Shown) -> Path:
    """A player with one of the models."""
    work.mkdir()
    (work / "labels.txt").write_text("\n".join(stage.labels), "utf-8")
    words = [str(source), "--name", name, "--labels", str(work / "labels.txt"), "--out", str(work / "tree")]
    subprocess.run([sys.executable, "-m", "builder", "generate", *words, *stage.flags], check=True)
    return pack(
        link(work / "tree"), work / "tree", work / "build", model=name.lower(), picture=picture, size=(320, 200)
    )


def square(box: Sequence[float], size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom in pixels: as large as the longer side, enlarged, within the photo."""
    left, top, width, height = (number * size[place % 2] for place, number in enumerate(box))
    side = min(ENLARGE * max(width, height), *size)
    x = min(max(left + width / 2 - side / 2, 0), size[0] - side)
    y = min(max(top + height / 2 - side / 2, 0), size[1] - side)
    return x, y, x + side, y + side


def cut(picture: Shown, box: Sequence[float]) -> Shown:
    """The square at the side of the texture into which games blit it."""
    image = Image.fromarray(picture)
    edges = square(box, image.size)
    return np.asarray(image.transform((SIDE, SIDE), Image.Transform.EXTENT, edges, Image.Resampling.BILINEAR))


def first_box(build: Path, cases: Path, backend: str) -> list[float]:
    """The best box that the first stage finds, by the game's own runtime."""
    options = RunOptions(backend=backend, timeout=300)  # type: ignore[arg-type]
    found = asyncio.run(run(Target(name="faces", root=build), read_cases(cases), options, lambda _: None))
    (case,) = found.result.cases
    assert case.passed and case.prediction is not None, case.reasons
    best: list[float] = case.prediction.found.boxes[0].box
    return best


@pytest.mark.parametrize("backend", ["webgl", "wasm"])
def test_the_astronaut_is_happy_from_the_full_photo(tmp_path: Path, backend: str) -> None:
    picture, emotion, faces = photos()[PHOTO], MODELS["Emotion"], DETECTORS["Blazeface"]
    wanted = json.loads(EXPECTED.read_text("utf-8"))["Blazeface"][PHOTO]
    save(picture, tmp_path / "photo.png")
    expect = {"boxes": wanted, "threshold": 0.3}
    (tmp_path / "faces.json").write_text(json.dumps([{"image": "photo.png", "expect": expect}]))
    face = first_box(built(faces, "Faces", model(faces), tmp_path / "a", picture), tmp_path / "faces.json", backend)

    source = emotion.make(tmp_path / "model")
    independent = Image.fromarray(cut(picture, wanted[0]["box"])).resize(emotion.size, Image.Resampling.BILINEAR)
    scores = reference(source, network_input(emotion, np.asarray(independent)), None)
    assert emotion.labels[int(scores.argmax())] == "happy"
    save(cut(picture, face), tmp_path / "face.png")
    case = {"image": "face.png", "label": "happy", "min": 0.9, "scores": scores.tolist(), "tolerance": TOLERANCE}
    (tmp_path / "emotion.json").write_text(json.dumps([case]))
    second = built(emotion, "Emotion", source, tmp_path / "b", picture)
    outcome = verify(second, tmp_path / "emotion.json", "--backend", backend, "--timeout", "300")
    assert outcome.code == 0, outcome.out + outcome.err
