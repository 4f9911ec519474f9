"""Runs `tfjs-for-unity verify` in this process, and makes cases for it."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from builder.cli import main

FAKE_BUILD = Path(__file__).parent / "e2e" / "fake_build"
FAKE_LABELS = ("red", "green", "blue")
# In the order of the labels.
FAKE_COLORS = {"red": (200, 40, 30), "green": (30, 180, 60), "blue": (20, 60, 220)}


@dataclass(frozen=True)
class Outcome:
    """What the command said and returned."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


def verify(build: Path, cases: Path, *arguments: str) -> Outcome:
    """`run_verify` with cases."""
    return run_verify(build, "--cases", str(cases), *arguments)


def run_verify(build: Path | str, *arguments: str) -> Outcome:
    """The command as the user types it; stdout and stderr are no terminals."""
    return run_command("verify", str(build), *arguments)


def run_command(*arguments: str) -> Outcome:
    """Any command, in the same way."""
    out, err = io.StringIO(), io.StringIO()
    command = ["tfjs-for-unity", *arguments]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), mock.patch("sys.argv", command):
        try:
            main()
        except SystemExit as end:
            return Outcome(int(end.code or 0), out.getvalue(), err.getvalue())


def color_picture(color: tuple[int, int, int], seed: int = 0) -> NDArray[np.uint8]:
    """[24, 32, 3]: grain around `color`, brighter towards the lower right."""
    random = np.random.default_rng(seed)
    grain = random.integers(-20, 20, (24, 32, 3)) + np.arange(24)[:, None, None]
    picture: NDArray[np.uint8] = np.clip(np.array(color) + grain, 0, 255).astype(np.uint8)
    return picture


def fake_scores(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """What the fake build's formula gives: shares of the channels in the light, lower rows counting more."""
    sums = (picture.astype(np.float64) * np.arange(1, len(picture) + 1)[:, None, None]).sum(axis=(0, 1))
    scores: NDArray[np.float64] = sums / sums.sum()
    return scores


def save(picture: NDArray[np.uint8], path: Path) -> Path:
    """Writes a picture [h, w, 3] as PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path)
    return path


def class_folder(folder: Path, colors: Mapping[str, tuple[int, int, int]]) -> Path:
    """A folder of images per class for the fake build."""
    for label, color in colors.items():
        save(color_picture(color), folder / label / "a.png")
    return folder
