"""The command line from the inside, with a stand-in for the built runtime, and projects to run it on."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from builder import resources
from builder.cli import main
from tests.models import tiny_labels, tiny_model
from tests.runtimes import fake_runtime

SERVED = Path("Assets/StreamingAssets/tfjs-bridge")


class Outcome(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401
        return json.loads(self.out)

    @property
    def problems(self) -> list[str]:
        return [line.split(":")[0].split()[-1] for line in self.err.splitlines() if line.startswith("error ")]


class Shell:
    """Runs commands; `model` is a folder with a tiny model, `project` a Unity project."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch, self.capsys, self.folder = monkeypatch, capsys, tmp_path
        self.model = tmp_path / "hand signs"
        self.project = make_project(tmp_path / "Mein Spiel ö")
        tiny_model(self.model)
        (self.model / "labels.txt").write_text("\n".join(tiny_labels()), "utf-8")
        self.use_runtime("// the bundle\n")

    def use_runtime(self, script: str) -> None:
        """Another build of the runtime."""
        runtime = fake_runtime(self.folder / f"runtime{len(script)}", script.encode())
        self.monkeypatch.setattr(resources, "runtime", lambda: runtime)

    def __call__(self, *arguments: object) -> Outcome:
        self.monkeypatch.setattr(sys, "argv", ["tfjs-for-unity", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        captured = self.capsys.readouterr()
        assert isinstance(stop.value.code, int)
        return Outcome(stop.value.code, captured.out, captured.err)

    def generate(self, name: str, *more: object) -> Outcome:
        """`generate` of the model under this name into the project."""
        labels = self.model / "labels.txt"
        return self(
            "generate",
            self.model,
            "--labels",
            labels,
            "--normalize",
            "unit",
            "--into",
            self.project,
            "--name",
            name,
            *more,
        )


def make_project(folder: Path) -> Path:
    (folder / "Assets").mkdir(parents=True)
    (folder / "ProjectSettings").mkdir()
    (folder / "ProjectSettings" / "ProjectVersion.txt").write_text("m_EditorVersion: 2021.3.16f1\n", "utf-8")
    return folder
