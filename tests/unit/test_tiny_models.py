"""The models that other tests rely on: their answers must move with the picture, or those tests prove nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.models import normalized, pictures, tiny_model


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("normalize", ["unit", "signed", "imagenet", "none"])
def test_answers_depend_on_the_picture_and_its_preparation(tmp_path: Path, channels: int, normalize: str) -> None:
    expected = tiny_model(tmp_path, channels=channels, normalize=normalize)
    picture = pictures(30, (48, 32), channels, seed=5)
    x = normalized(picture, normalize)
    answers = expected(x)
    assert answers.shape == (30, 5)
    assert answers.sum(axis=1) == pytest.approx(np.ones(30), abs=1e-5)
    assert len(set(answers.argmax(axis=1))) >= 4  # no class wins everywhere
    assert np.median(answers.max(axis=1)) < 0.9  # not saturated
    other = "unit" if normalize != "unit" else "signed"
    changed = {"flip": x[:, ::-1], "mirror": x[:, :, ::-1], "range": normalized(picture, other)}
    changed |= {"channels": x[..., ::-1]} if channels == 3 else {}
    for name, wrong in changed.items():
        assert np.abs(expected(wrong) - answers).max() > 0.2, name


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        tiny_model(tmp_path / name, format="graph", quantize="uint8")
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()
