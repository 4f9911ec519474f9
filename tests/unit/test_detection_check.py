"""How boxes that a build found are compared with those that a case expects."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from builder.harness.tasks.detection import DETECTION, Found, Wanted, draw, judge, overlap, wish

LABELS = ("cat", "dog")
CAT = {"label": "cat", "box": [0.1, 0.2, 0.5, 0.4], "score": 0.8}


def found(*boxes: tuple[int, float, list[float]]) -> Found:
    return Found.model_validate({"boxes": [{"index": i, "score": s, "box": box} for i, s, box in boxes]})


def reasons(wanted: dict[str, object], what: Found) -> list[str]:
    return list(judge(Wanted.model_validate(wanted), LABELS, what))


def test_boxes_that_overlap_enough_and_score_alike_pass() -> None:
    assert reasons({"boxes": [CAT]}, found((0, 0.81, [0.1, 0.2, 0.5, 0.38]))) == []
    assert reasons({"boxes": []}, found()) == []
    assert reasons({"boxes": [{"label": "cat", "box": CAT["box"]}]}, found((0, 0.3, [0.1, 0.2, 0.5, 0.4]))) == []


def test_a_box_elsewhere_is_a_missing_one_and_an_unexpected_one() -> None:
    assert reasons({"boxes": [CAT]}, found((0, 0.8, [0.1, 0.2, 0.5, 0.3]))) == [
        "expected cat 0.80 at (0.10, 0.20) to (0.60, 0.60), found none there, the nearest shares 0.75",
        "found cat 0.80 at (0.10, 0.20) to (0.60, 0.50), which was not expected",
    ]
    assert reasons({"boxes": [CAT], "iou": 0.7}, found((0, 0.8, [0.1, 0.2, 0.5, 0.3]))) == []


def test_another_label_or_score_fails() -> None:
    assert len(reasons({"boxes": [CAT]}, found((1, 0.8, [0.1, 0.2, 0.5, 0.4])))) == 2
    assert reasons({"boxes": [CAT]}, found((0, 0.75, [0.1, 0.2, 0.5, 0.4]))) == [
        "the score of cat 0.80 differs by 0.05 (tolerance 0.02)"
    ]


def test_boxes_close_to_the_threshold_may_be_there_or_not() -> None:
    close = CAT | {"score": 0.51}
    assert reasons({"boxes": [close], "threshold": 0.5}, found()) == []
    assert reasons({"boxes": [], "threshold": 0.5}, found((0, 0.51, [0, 0, 1, 1]))) == []
    assert len(reasons({"boxes": [close]}, found())) == 1
    assert len(reasons({"boxes": [], "threshold": 0.5}, found((0, 0.6, [0, 0, 1, 1])))) == 1


def test_each_box_is_paired_once() -> None:
    twice = found((0, 0.8, [0.1, 0.2, 0.5, 0.4]), (0, 0.8, [0.1, 0.2, 0.5, 0.4]))
    assert len(reasons({"boxes": [CAT]}, twice)) == 1
    assert len(reasons({"boxes": [CAT, CAT]}, found((0, 0.8, [0.1, 0.2, 0.5, 0.4])))) == 1


@pytest.mark.parametrize("bad", [(2, 0.5, [0.0, 0.0, 1.0, 1.0]), (-1, 0.5, [0.0, 0.0, 1.0, 1.0])])
def test_classes_that_there_are_not_are_refused(bad: tuple[int, float, list[float]]) -> None:
    (reason,) = reasons({"boxes": []}, found(bad))
    assert reason.startswith(f"a box is none: class {bad[0]}")


def test_numbers_that_are_none_are_refused() -> None:
    (reason,) = reasons({"boxes": []}, found((0, float("nan"), [0, 0, 1, 1])))
    assert reason.startswith("a box is none")


def test_overlap_is_intersection_over_union() -> None:
    assert overlap((0, 0, 0.5, 1), (0.25, 0, 0.5, 1)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 0.5, 1), (0.5, 0, 0.5, 1)) == 0
    assert overlap((0, 0, 0, 0), (0, 0, 0, 0)) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"boxes": [{"label": "cat", "box": [0, 0, 1]}]},
        {"boxes": [{"label": "cat", "box": [0, 0, 1, 2]}]},
        {"boxes": [{"label": "cat", "box": [0, 0, 1, 1]}], "threshold": 0.5},
        {"boxes": [], "overlap": 0.5},
        {},
    ],
)
def test_expectations_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Wanted.model_validate(wrong)


def test_boxes_are_told_in_a_few_words() -> None:
    many = found(*((i % 2, 0.9 - i / 10, [0.0, 0.0, 1.0, 1.0]) for i in range(5)))
    assert DETECTION.describe(LABELS, many) == ("cat, dog, cat and 2 more", "0.9000")
    assert DETECTION.describe(LABELS, found()) == ("nothing", "-")
    assert wish(Wanted.model_validate({"boxes": [CAT]})) == "cat 0.80"
    assert wish(Wanted.model_validate({"boxes": []})) == "nothing"


def test_boxes_are_drawn_where_they_are() -> None:
    picture = np.zeros((100, 200, 3), np.uint8)
    drawn = draw(picture, None, LABELS, found((0, 0.8, [0.5, 0.5, 0.25, 0.5])))
    rows, columns = np.nonzero(drawn.any(axis=2))
    assert (columns.min(), rows.min(), rows.max()) == (100, 50, 99)
    assert drawn[99, 149].tolist() == [255, 64, 64] and not picture.any()
    wanted = Wanted.model_validate({"boxes": [CAT]})
    assert draw(picture, wanted, LABELS, None)[20, 60].tolist() == [255, 255, 255]
