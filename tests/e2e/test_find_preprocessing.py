"""`find-preprocessing` on a tiny network: pictures are labelled by what numpy says it answers to them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.models import normalized, pictures, tiny_labels, tiny_model
from tests.verifying import run_command, save

pytestmark = pytest.mark.browser


def test_the_way_of_the_training_is_all_right_and_nothing_else_is_sure(tmp_path: Path) -> None:
    answers = tiny_model(tmp_path / "model", size=(37, 29), channels=3, normalize="imagenet", format="graph", seed=7)
    shown = pictures(200, (37, 29), 3, seed=5)
    scores = np.array([answers(normalized(picture, "imagenet")[None])[0] for picture in shown])
    surest = np.argsort(-scores.max(axis=1))[:24]
    for i in surest:
        save(shown[i], tmp_path / "data" / tiny_labels()[int(scores[i].argmax())] / f"{i}.png")
    (tmp_path / "labels.txt").write_text("\n".join(tiny_labels()), "utf-8")
    arguments = ("--data", str(tmp_path / "data"), "--labels", str(tmp_path / "labels.txt"))
    outcome = run_command("find-preprocessing", str(tmp_path / "model"), *arguments)
    assert outcome.code == 0, outcome.err
    assert "tried imagenet, rgb: 100% right" in outcome.out
    for line, right in zip(outcome.lines[:4], ("imagenet", "rgb", "stretch", "none"), strict=True):
        assert f": {right} (" in line or "(not sure: " in line
    assert outcome.lines[-1].startswith("flags: --")
