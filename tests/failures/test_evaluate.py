"""Models of other tasks: `evaluate` and `find-preprocessing` say so, before a browser is opened."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from builder.errors import NOT_EVALUABLE, UserError
from builder.harness.evaluation.predictors import require_classifier
from tests.commands import Shell


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, monkeypatch, capsys)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "photos" / "one"
    folder.mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(folder / "1.png")
    return folder.parent


@pytest.mark.parametrize("command", ["evaluate", "find-preprocessing"])
def test_only_classifiers_are_evaluated(shell: Shell, data: Path, command: str) -> None:
    (shell.model / "labels.txt").unlink()
    (shell.model / "tfjs-for-unity.toml").write_text('task = "raw"\n[preprocess]\nnormalize = "none"\n', "utf-8")
    done = shell(command, shell.model, "--data", data)
    assert (done.code, done.out) == (NOT_EVALUABLE.exit_code, "")
    what = "hand signs cannot be evaluated: only classifiers are, and its task is raw."
    assert f"error {NOT_EVALUABLE.code} NOT_EVALUABLE: {what}" in done.err


def test_so_is_a_model_of_a_build() -> None:
    require_classifier("The model hands", "classification")
    with pytest.raises(UserError) as raised:
        require_classifier("The model faces", "detection")
    assert "The model faces cannot be evaluated" in raised.value.problems[0].what
