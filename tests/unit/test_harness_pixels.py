"""What a case may expect of masks and pictures, and what counts as like it."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydantic import ValidationError

from builder.harness.cases import read_cases
from builder.harness.tasks import KINDS
from builder.harness.tasks.pixels import WirePixels, mean_iou

Levels = NDArray[np.uint8]


def pixels(levels: Levels) -> WirePixels:
    """As a page says it."""
    channels = 1 if levels.ndim == 2 else levels.shape[2]
    data = base64.b64encode(levels.tobytes()).decode()
    return WirePixels(width=levels.shape[1], height=levels.shape[0], channels=channels, data=data)


def reasons(task: str, found: WirePixels, **expect: Any) -> list[str]:  # noqa: ANN401
    kind = KINDS[task]
    return list(kind.judge(kind.expectation.model_validate(expect), (), found))


@pytest.fixture
def mask(tmp_path: Path) -> tuple[Levels, str]:
    """The right half of 20x10 pixels, and its PNG."""
    levels = np.zeros((10, 20), np.uint8)
    levels[:, 10:] = 255
    Image.fromarray(levels).save(tmp_path / "mask.png")
    return levels, str(tmp_path / "mask.png")


def test_masks_are_compared_by_intersection_over_union(mask: tuple[Levels, str]) -> None:
    levels, path = mask
    assert reasons("segmentation", pixels(levels), mask=path) == []
    wrong = levels.copy()
    wrong[:, 9] = 255  # 100 of 110 pixels
    assert reasons("segmentation", pixels(wrong), mask=path) == ["IoU 0.9091, expected at least 0.97"]
    assert reasons("segmentation", pixels(wrong), mask=path, iou=0.9) == []
    soft = np.where(levels > 0, 200, 100).astype(np.uint8)
    assert reasons("segmentation", pixels(soft), mask=path) == []
    assert reasons("segmentation", pixels(soft), mask=path, error=50) == [
        "off by 77.50 levels in the mean, expected at most 50"
    ]


def test_label_maps_are_compared_class_by_class(tmp_path: Path) -> None:
    expected = np.repeat(np.array([[0, 1, 2, 255]], np.uint8), 5, axis=1)
    found = expected.copy()
    found[0, 0] = 2  # 4 of 5, 5 of 5, 5 of 6, 5 of 5
    Image.fromarray(expected).save(tmp_path / "map.png")
    assert mean_iou(found, expected) == pytest.approx((4 / 5 + 1 + 5 / 6 + 1) / 4)
    said = reasons("segmentation", pixels(found), mask=str(tmp_path / "map.png"), classes=True)
    assert said == ["IoU 0.9083, expected at least 0.97"]


def test_pictures_are_compared_by_their_mean_difference(tmp_path: Path) -> None:
    expected = np.full((4, 4, 3), 100, np.uint8)
    Image.fromarray(expected).save(tmp_path / "made.png")
    found = np.full((4, 4, 4), 255, np.uint8)
    found[..., :3] = 101
    assert reasons("image", pixels(found), picture=str(tmp_path / "made.png")) == []
    found[..., :3] = 102
    said = reasons("image", pixels(found), picture=str(tmp_path / "made.png"))
    assert said == ["off by 2.00 levels in the mean, expected at most 1.5"]


def test_what_cannot_be_compared_is_said(mask: tuple[Levels, str], tmp_path: Path) -> None:
    levels, path = mask
    assert reasons("segmentation", pixels(levels[:5]), mask=path) == ["got 20x5 pixels, mask.png has 20x10"]
    assert reasons("segmentation", pixels(np.zeros((2, 2, 4), np.uint8)), mask=path) == [
        "got a picture instead of a mask"
    ]
    assert reasons("image", pixels(levels), picture=path) == ["got a mask instead of a picture"]
    nowhere = str(tmp_path / "nowhere.png")
    assert reasons("segmentation", pixels(levels), mask=nowhere) == ["the expected nowhere.png does not exist"]
    kept = WirePixels(width=2, height=2, channels=1, data="")
    assert reasons("segmentation", kept, mask=path) == ["the game's own results carry no pixels: expect them of probe"]


@pytest.mark.parametrize("change", [{"channels": 3}, {"width": 0}, {"height": 3}, {"data": "?"}, {"width": 100_000}])
def test_a_page_that_lies_is_not_believed(change: dict[str, Any]) -> None:
    right = {"width": 2, "height": 2, "channels": 1, "data": "AAAAAA=="}
    assert WirePixels.model_validate(right).levels is not None
    with pytest.raises(ValidationError):
        WirePixels.model_validate({**right, **change})


def test_expected_files_lie_beside_the_list(mask: tuple[Levels, str]) -> None:
    path = Path(mask[1])
    (path.parent / "cases.toml").write_text(
        '[[cases]]\nimage = "mask.png"\nexpect = { mask = "mask.png", iou = 0.5 }\n'
    )
    (case,) = read_cases(path.parent / "cases.toml")
    assert case.expect == {"mask": str(path), "iou": 0.5}
