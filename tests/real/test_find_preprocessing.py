"""`find-preprocessing` on real networks: never sure of a wrong way, and nearly always sure of the right one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from builder.cli.reading import document_of, loaded
from builder.cli.stemming import stem_of
from builder.harness.evaluation.fitting import Way, ways
from builder.harness.reference import reference_page
from builder.inputs.tfjs_model import read_model
from builder.spec import Preprocess
from tests.real.draws import DRAWS, Ask, Pool, asked, fitted, verdicts
from tests.real.labelled import Labelled, faces, scenes, things
from tests.real.models import MODELS, human, nsfwjs

pytestmark = [pytest.mark.slow, pytest.mark.browser]
COLORS = ("unit", "signed", "imagenet", "none", "caffe")
GRAY = ("unit", "signed", "none")
# Of COCO's 80 classes, those that are on the pictures.
COCO = {"person": 0, "motorcycle": 3, "cat": 15, "horse": 17, "cup": 41}


def preprocess(size: int, *, gray: bool = False) -> Preprocess:
    many = 1 if gray else 3
    return Preprocess(
        width=size, height=size, color="gray" if gray else "rgb", channel_order="rgb", layout="NHWC", fit="stretch",
        filter="bilinear", pad=(0, 0, 0), scale=1.0, mean=(0.0,) * many, std=(1.0,) * many,
    )  # fmt: skip


async def pool(
    model: Path, shown: Sequence[Labelled], how: Preprocess, labels: dict[str, int], output: str | None = None
) -> Pool:
    facts = read_model(model)
    candidates: list[Way] = ways(how.channels, GRAY if how.color == "gray" else COLORS)
    pictures = fitted([each.picture for each in shown], how)
    async with reference_page() as page:
        await page.load(facts.json_path)

        async def scored(tensor: NDArray[np.float32]) -> NDArray[np.float64]:
            outputs = await page.run([tensor], [output] if output else None)
            first: NDArray[np.float64] = np.asarray(next(iter(outputs.values())), np.float64)[0]
            return first

        async def found(tensor: NDArray[np.float32]) -> NDArray[np.float64]:
            """The best score of each class, from rows of box, score and class."""
            best = np.zeros(80)
            rows = await scored(tensor)
            np.maximum.at(best, rows[:, 5].astype(int), rows[:, 4])
            return best

        ask: Ask = found if output else scored
        scores = await asked(ask, pictures, how, candidates)
    stem = stem_of(loaded(facts, document_of(facts)))
    truth = np.array([labels[each.label] for each in shown])
    return Pool(stem=stem, seen=pictures, truth=truth, scores=scores, independent=output is not None)


def numbered(labels: Sequence[str]) -> dict[str, int]:
    return {label: place for place, label in enumerate(labels)}


def check(pool: Pool, name: str, order: str = "rgb", share: float = 0.9) -> None:
    found = verdicts(pool, name, order)
    print(dict(found))
    assert found["sure and wrong"] == 0
    assert found["sure and right"] >= share * DRAWS, dict(found)


def test_a_gray_network_for_emotions(tmp_path: Path) -> None:
    how = preprocess(64, gray=True)
    labels = numbered(MODELS["Emotion"].labels)
    check(asyncio.run(pool(human("emotion")(tmp_path), faces(), how, labels)), "signed")


@pytest.mark.parametrize(("name", "share"), [("mobilenet_v2", 0.9), ("mobilenet_v2_mid", 0.8)])
def test_nsfwjs_as_layers_and_as_a_graph_that_rescales(tmp_path: Path, name: str, share: float) -> None:
    labels = numbered(MODELS["NsfwGraph"].labels)
    check(asyncio.run(pool(nsfwjs(name)(tmp_path / name), scenes(), preprocess(224), labels)), "unit", share=share)


def test_a_detector(tmp_path: Path) -> None:
    model = human("centernet")(tmp_path)
    check(asyncio.run(pool(model, things(), preprocess(512), COCO, "tower_0/detections")), "none")
