"""The command `generate` in this process, with a stand-in for the built runtime."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from builder import resources
from builder.cli import main
from tests.models import tiny_labels, tiny_model
from tests.runtimes import fake_runtime


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line, with a stand-in for the built runtime."""
    runtime = fake_runtime(tmp_path / "runtime")
    monkeypatch.setattr(resources, "runtime", lambda: runtime)

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["tfjs-for-unity", "generate", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        captured = capsys.readouterr()
        assert isinstance(stop.value.code, int)
        return Outcome(stop.value.code, captured.out, captured.err)

    return run


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "Mein Spiel ö")


def make_project(folder: Path, version: str = "m_EditorVersion: 2021.3.16f1\n") -> Path:
    (folder / "Assets").mkdir(parents=True)
    (folder / "ProjectSettings").mkdir()
    (folder / "ProjectSettings" / "ProjectVersion.txt").write_text(version, "utf-8")
    return folder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "hand signs ✋"
    tiny_model(folder)
    (folder / "labels.txt").write_text("\n".join(tiny_labels()), "utf-8")
    return folder


def error_lines(outcome: Outcome) -> list[str]:
    return [line for line in outcome.err.splitlines() if line.startswith(("error ", "  where:"))]
