"""`quantize --photos`: the agreement that it reports is the one that numpy computes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from builder.convert.folder import read_folder
from tests.commands import Shell
from tests.models import TinyNet, normalized, pictures, tiny_model

pytestmark = pytest.mark.browser
SIZE = (48, 32)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, monkeypatch, capsys)


def write_photos(folder: Path, count: int) -> Any:  # noqa: ANN401
    folder.mkdir()
    shown = pictures(count, SIZE, 3, seed=9)
    for i, picture in enumerate(shown):
        Image.fromarray(picture).save(folder / f"{i:03}.png")
    return normalized(shown, "signed")


def read_net(folder: Path) -> TinyNet:
    document = json.loads((folder / "model.json").read_text("utf-8"))
    weights = read_folder(document, [folder / name for name in document["weightsManifest"][0]["paths"]]).weights
    return TinyNet(weights["conv/kernel"], weights["conv/bias"], weights["scores/kernel"], weights["scores/bias"])


def test_agreement_is_what_numpy_finds(shell: Shell, tmp_path: Path) -> None:
    answers = tiny_model(tmp_path / "in", softmax=False)
    x = write_photos(tmp_path / "photos", 40)
    out = tmp_path / "small"
    flags = ("--quantize", "*=uint8", "--photos", tmp_path / "photos", "--normalize", "signed", "--json")
    exact = answers(x)
    for seconds in (0, 60):
        done = shell("quantize", tmp_path / "in", "-o", out, *flags, "--seconds", seconds)
        assert done.code == 0, done.err
        found = done.json["photos"]
        scores = read_net(out).logits(x)
        same = int((scores.argmax(axis=1) == exact.argmax(axis=1)).sum())
        difference = np.abs(scores - exact).mean() / np.ptp(exact)
        last = found["fitted"]
        assert (last["photos"], last["same"]) == (40, same)
        assert last["difference"] == pytest.approx(difference, rel=0.02)
        assert last["difference"] > 0
        assert (found["scales"]["tried"] > 0) == (seconds > 0 and found["scales"]["candidates"] > 0)
    assert f"the best class is the same in {same} of 40" in done.err


def test_photos_that_cannot_be_read_are_named(shell: Shell, tmp_path: Path) -> None:
    write_photos(tmp_path / "photos", 2)
    (tmp_path / "photos" / "bad.png").write_bytes(b"no picture")
    flags = ("--quantize", "uint8", "--normalize", "signed", "-o", tmp_path / "small")
    done = shell("quantize", shell.model, *flags, "--photos", tmp_path / "photos")
    assert (done.code, done.problems) == (2, ["BAD_PHOTOS"])
    assert "bad.png" in done.err
    for name in ("none", "photos/000.png"):
        done = shell("quantize", shell.model, *flags, "--photos", tmp_path / name)
        assert (done.code, done.problems) == (2, ["BAD_PHOTOS"])
    done = shell("quantize", shell.model, "--quantize", "uint8", "-o", tmp_path / "s", "--photos", tmp_path / "photos")
    assert done.problems == ["NORMALIZATION_UNKNOWN"]
    assert not (tmp_path / "small").exists()
