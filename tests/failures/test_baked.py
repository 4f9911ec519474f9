"""A model that states what was built into it: `generate` asks for nothing twice and does nothing twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from builder.convert.bake import append_softmax, bake_normalize
from builder.convert.folder import read_folder, write_folder
from tests.failures.conftest import Run, error_lines
from tests.models import tiny_labels, tiny_model

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
FORMULA = "(value / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)"


@pytest.fixture
def baked(tmp_path: Path) -> Path:
    """A folder with ImageNet's normalization and a softmax built in."""
    tiny_model(tmp_path / "in", format="graph", softmax=False)
    document = json.loads((tmp_path / "in" / "model.json").read_text("utf-8"))
    shards = [tmp_path / "in" / name for name in document["weightsManifest"][0]["paths"]]
    model = append_softmax(bake_normalize(read_folder(document, shards), 1 / 255, MEAN, STD))
    write_folder(model, tmp_path / "hands")
    (tmp_path / "labels.txt").write_text("\n".join(tiny_labels()), "utf-8")
    return tmp_path / "hands"


def contract(project: Path) -> Any:  # noqa: ANN401
    return json.loads(next(project.rglob("contract.json")).read_text("utf-8"))["model"]


def test_neither_normalization_nor_softmax_is_asked_for_or_done_twice(run: Run, baked: Path, project: Path) -> None:
    outcome = run(baked, "--labels", baked.parent / "labels.txt", "--into", project)
    assert outcome.code == 0, outcome.err
    assert "normalization  value, so 0..255 becomes 0..255 [model.json]\n" in outcome.err
    assert f"{FORMULA} was built into the model when it was converted\n" in outcome.err
    assert "--softmax makes logits" not in outcome.err
    pre = contract(project)["preprocess"]
    assert (pre["scale"], pre["mean"], pre["std"]) == (1, [0, 0, 0], [1, 1, 1])
    assert contract(project)["task"]["activation"] == "none"


def test_none_may_be_said(run: Run, baked: Path, project: Path) -> None:
    labels = baked.parent / "labels.txt"
    assert run(baked, "--labels", labels, "--into", project, "--normalize", "none").code == 0
    assert run(baked, "--labels", labels, "--into", project, "--mean", 0, "--scale", 1).code == 0


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (["--normalize", "imagenet"], f"{FORMULA} was built into the model when it was converted"),
        (["--scale", "1/255"], f"{FORMULA} was built into the model when it was converted"),
        (["--softmax"], "the model ends in softmax already, built in when it was converted"),
    ],
)
def test_what_contradicts_is_refused_with_the_reason(
    run: Run, baked: Path, project: Path, flags: list[str], reason: str
) -> None:
    outcome = run(baked, "--labels", baked.parent / "labels.txt", "--into", project, *flags)
    assert outcome.code == 2
    assert error_lines(outcome)[1:] == [f"  where: {flags[0]}"]
    assert "error 305 BAD_OPTION" in outcome.err
    assert reason in outcome.err


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        ({"version": 2}, ("tfjsForUnity.version", "by a version of tfjs-for-unity that this one does not know (2)")),
        ({}, ("tfjsForUnity.version", "field required")),
        ([], ("tfjsForUnity", "input should be an object")),
        ({"version": 1, "normalization": {"scale": 0, "mean": [0], "std": [1]}}, ("normalization", "above 0")),
        ({"version": 1, "normalization": {"scale": 1, "mean": [], "std": [1]}}, ("normalization.mean", "at least 1")),
    ],
)
def test_a_mark_that_cannot_be_read_is_refused(
    run: Run, baked: Path, project: Path, mark: object, said: tuple[str, ...]
) -> None:
    document = json.loads((baked / "model.json").read_text("utf-8"))
    document["userDefinedMetadata"] = {"tfjsForUnity": mark}
    (baked / "model.json").write_text(json.dumps(document), "utf-8")
    outcome = run(baked, "--labels", baked.parent / "labels.txt", "--into", project)
    assert outcome.code == 2
    assert "error 203 NOT_A_MODEL" in outcome.err
    assert all(text in outcome.err for text in said)
