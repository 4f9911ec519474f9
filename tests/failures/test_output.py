"""What the commands print, into pipes of all kinds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.commands import Outcome, make_project
from tests.models import tiny_model
from tests.processes import command_line, ended, generate_arguments

LABELS = ("猫", "Löwe", "c", "d", "e")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "猫 model"
    tiny_model(folder)
    (folder / "labels.txt").write_text("\n".join(LABELS), "utf-8")
    return folder


def piped(*arguments: object, encoding: str = "utf-8") -> Outcome:
    """Runs the command where pipes have this encoding."""
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "COLUMNS": "80"}
    return ended(command_line(*arguments), env=environment, encoding=encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii"])
def test_a_pipe_takes_any_text(model: Path, tmp_path: Path, encoding: str) -> None:
    project = make_project(tmp_path / "game")
    for command in (
        ["inspect", model],
        generate_arguments(model, "Cats", project),
        ["list", project],
        ["upgrade", project],
        ["list", tmp_path / "猫"],
    ):
        done = piped(*command, encoding=encoding)
        assert "Traceback" not in done.err
        assert done.code == (2 if command[-1] == tmp_path / "猫" else 0), done.err


def test_a_pipe_has_no_width(model: Path, tmp_path: Path) -> None:
    project = make_project(tmp_path / "game")
    assert piped(*generate_arguments(model, "CatsAndAllTheirMostDistantRelatives", project)).code == 0
    (line,) = (line for line in piped("list", project).out.splitlines() if "Cats" in line)
    assert line.split()[-1] == "ok" and "猫 model, labels.txt" in line


def test_a_project_that_does_not_exist_is_said_to_be_missing(model: Path, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    for command in (
        generate_arguments(model, "Cats", nowhere),
        ["list", nowhere],
        ["remove", "Cats", "--from", nowhere],
    ):
        refused = piped(*command)
        assert (refused.code, refused.problems) == (2, ["NOT_A_PROJECT"])
        assert "This is not a Unity project: the folder itself is missing.\n" in refused.err
    assert not nowhere.exists()
