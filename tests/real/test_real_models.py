"""Real models from packages: generated, linked into a player, verified on webgl and wasm. `make test-real`.

Expectations: pictures by Pillow, normalization by numpy, then TensorFlow.js's cpu backend on a page without the game's
runtime; EfficientNet-Lite0 by numpy alone.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from builder.harness.reference import reference_page
from builder.inputs.archive import unpacked
from tests.e2e.image_reference import fitted
from tests.player.build import link, pack
from tests.real import efficientnet
from tests.real.models import MODELS, Real, Shown, efficientnet_weights, photos
from tests.verifying import save, verify

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.player]

TOLERANCE = {"webgl": 0.01, "wasm": 0.002}
Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Made:
    """A player with the model, and what it must answer, by photo."""

    build: Path
    expected: Mapping[str, Scores]
    labels: list[str]


@pytest.fixture(scope="session")
def pictures() -> dict[str, Shown]:
    return photos()


@pytest.fixture(scope="session", params=MODELS)
def made(request: pytest.FixtureRequest, pictures: dict[str, Shown], tmp_path_factory: pytest.TempPathFactory) -> Made:
    name: str = request.param
    real, work = MODELS[name], tmp_path_factory.mktemp(name)
    model = real.make(work / "model")
    tree = generate(real, name, model, work)
    (contract,) = tree.glob("Assets/StreamingAssets/tfjs-bridge/*/contract.json")
    build = pack(
        link(tree), tree, work / "build", model=contract.parent.name, picture=pictures["face"], size=(320, 200)
    )
    labels: list[str] = json.loads(contract.read_text("utf-8"))["model"]["labels"]
    return Made(build, {key: expected(name, real, model, picture) for key, picture in pictures.items()}, labels)


def generate(real: Real, name: str, model: Path, work: Path) -> Path:
    """The plug-in tree, by the command itself."""
    words = [str(model), "--name", name, "--out", str(work / "tree"), *real.flags]
    if real.labels:
        (work / "labels.txt").write_text("\n".join(real.labels), "utf-8")
        words += ["--labels", str(work / "labels.txt")]
    subprocess.run([sys.executable, "-m", "builder", "generate", *words], check=True)
    return work / "tree"


def expected(name: str, real: Real, model: Path, picture: Shown) -> Scores:
    levels = fitted(picture, real.size, real.fit, "triangle")
    if name.startswith("Lite0"):
        return softmax(efficientnet.logits(efficientnet_weights(), levels))
    scores = reference(model, network_input(real, levels), real.output)
    return softmax(scores) if real.softmax else scores.astype(np.float64)


def network_input(real: Real, levels: Shown) -> NDArray[Any]:
    """[1, …] as the network takes it."""
    if real.gray:
        levels = np.asarray(Image.fromarray(levels).convert("L"))[..., None]
    values = real.seen(levels)
    return (values.transpose(2, 0, 1) if real.planes else values)[None]


def reference(model: Path, values: NDArray[Any], output: str | None) -> NDArray[Any]:
    """What TensorFlow.js's cpu backend answers, [classes]."""

    async def answer() -> Mapping[str, NDArray[Any]]:
        async with reference_page() as page:
            await page.load(place.path, "cpu")
            return await page.run([values if values.dtype == np.int32 else values.astype(np.float32)])

    with unpacked(model) as place:
        outputs = asyncio.run(answer())
    (scores,) = [value for key, value in outputs.items() if output is None or key.startswith(output)]
    return np.asarray(scores[0])


def softmax(scores: NDArray[Any]) -> Scores:
    powers: Scores = np.exp(scores.astype(np.float64) - scores.max())
    powers /= powers.sum()
    return powers


@pytest.mark.parametrize("backend", TOLERANCE)
def test_a_real_model_generates_and_verifies(
    made: Made, pictures: dict[str, Shown], request: pytest.FixtureRequest, tmp_path: Path, backend: str
) -> None:
    name: str = request.node.callspec.params["made"]
    for photo, picture in pictures.items():
        save(picture, tmp_path / f"{photo}.png")
    cases = [
        {"image": f"{photo}.png", "scores": scores.tolist(), "tolerance": TOLERANCE[backend]}
        | ({"label": MODELS[name].best[photo]} if photo in MODELS[name].best else {})
        for photo, scores in made.expected.items()
    ]
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    arguments = ("--backend", backend, "--timeout", "300", "--json", str(tmp_path / "report.json"))
    outcome = verify(made.build, tmp_path / "cases.json", *arguments)
    assert outcome.code == 0, outcome.out + outcome.err
    print(f"{name} on {backend}: {largest_difference(tmp_path / 'report.json', made.expected):.2e}")


def largest_difference(report: Path, expected: Mapping[str, Scores]) -> float:
    found = json.loads(report.read_text("utf-8"))["cases"]
    assert len(found) == len(expected)
    pairs: Iterator[tuple[Any, Scores]] = zip(found, expected.values(), strict=True)
    return max(float(np.abs(np.array(case["prediction"]["scores"]) - scores).max()) for case, scores in pairs)
