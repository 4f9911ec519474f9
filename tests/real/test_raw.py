"""A real model with three outputs, from package to verdict: `make test-real`. Expectations: pictures by Pillow, then
TensorFlow.js's cpu backend on a page without the game's runtime."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from builder.harness.reference import reference_page
from tests.e2e.image_reference import fitted
from tests.player.build import link, pack
from tests.real.models import Shown, human, photos, unit
from tests.verifying import save, verify

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.player]

SIZE = (198, 198)
TOLERANCE = {"webgl": 0.01, "wasm": 0.002}
OUTPUTS = {"age_output": 7, "gender_output": 2, "race_output": 5}
Outputs = Mapping[str, NDArray[Any]]


async def _computed(model: Path, pictures: Mapping[str, Shown]) -> dict[str, Outputs]:
    async with reference_page(timeout=300) as page:
        await page.load(model, "cpu")
        seen = {name: unit(fitted(picture, SIZE, "stretch", "triangle")) for name, picture in pictures.items()}
        return {name: await page.run([levels[None].astype(np.float32)]) for name, levels in seen.items()}


@pytest.fixture(scope="module")
def pictures() -> dict[str, Shown]:
    return photos()


@pytest.fixture(scope="module")
def expected(pictures: dict[str, Shown], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outputs]:
    return asyncio.run(_computed(human("gear")(tmp_path_factory.mktemp("gear")), pictures))


@pytest.fixture(scope="module")
def built(pictures: dict[str, Shown], tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("built")
    words = [str(human("gear")(work)), "--task", "raw", "--normalize", "unit", "--name", "Gear"]
    subprocess.run([sys.executable, "-m", "builder", "generate", *words, "--out", str(work / "tree")], check=True)
    return pack(
        link(work / "tree"), work / "tree", work / "build", model="gear", picture=pictures["face"], size=(320, 200)
    )


@pytest.mark.parametrize("backend", ["webgl", "wasm"])
def test_a_model_of_three_outputs_gives_the_numbers_of_each(
    built: Path, pictures: dict[str, Shown], expected: dict[str, Outputs], tmp_path: Path, backend: str
) -> None:
    cases = []
    for photo, picture in pictures.items():
        save(picture, tmp_path / f"{photo}.png")
        assert {name: array.size for name, array in expected[photo].items()} == OUTPUTS
        wanted: dict[str, object] = {name: array.ravel().tolist() for name, array in expected[photo].items()}
        shapes = {name: list(array.shape) for name, array in expected[photo].items()}
        expect = {"outputs": wanted, "shapes": shapes, "tolerance": TOLERANCE[backend]}
        cases.append({"image": f"{photo}.png", "expect": expect})
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    arguments = ("--backend", backend, "--timeout", "300", "--report", str(tmp_path / "report.html"))
    outcome = verify(built, tmp_path / "cases.json", *arguments)
    assert outcome.code == 0, outcome.out + outcome.err
