"""Verdicts on predictions and on the run."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.harness.cases import Case
from builder.harness.evaluate import check_backend, check_render, check_renderer, check_tensors, distinct, judge
from builder.harness.results import Prediction, Tensors

LABELS = ("happy", "sad", "calm")


def case(**wants: object) -> Case:
    return Case(id="x", image=Path("x.png"), where="x", **wants)  # type: ignore[arg-type]


def prediction(*scores: float, top: int | None = None) -> Prediction:
    best = max(range(len(scores)), key=scores.__getitem__) if top is None else top
    return Prediction(scores, best, "probe", 1, 1.0)


@pytest.mark.parametrize(
    ("wanted", "scores", "reasons"),
    [
        (case(label="happy"), (0.5, 0.3, 0.2), ()),
        (case(label="happy"), (0.4, 0.4, 0.2), ()),
        (case(label="happy", minimum=0.5), (0.5, 0.3, 0.2), ()),
        (
            case(label="happy", minimum=0.9),
            (0.41, 0.52, 0.07),
            ("expected happy >= 0.90, got happy 0.41; top: sad 0.52",),
        ),
        (case(label="happy", minimum=0.9), (0.8996, 0.1, 0.0), ("expected happy >= 0.9000, got happy 0.8996",)),
        (case(label="calm"), (0.41, 0.52, 0.07), ("expected calm, got sad 0.52 (calm 0.07)",)),
        (
            case(scores=(0.4, 0.5, 0.1), tolerance=0.02),
            (0.41, 0.52, 0.07),
            ("scores differ by 0.03 at label calm (tolerance 0.02)",),
        ),
        (case(scores=(0.4, 0.5, 0.1), tolerance=0.05), (0.41, 0.52, 0.07), ()),
        (
            case(label="happy", scores=(0.9, 0.1, 0.0)),
            (0.41, 0.52, 0.07),
            ("expected happy, got sad 0.52 (happy 0.41)", "scores differ by 0.49 at label happy (tolerance 0.01)"),
        ),
        (case(label="happy"), (0.5, float("nan"), 0.2), ("the score of sad is not a finite number",)),
        (case(label="happy"), (0.5, 0.5), ("got 2 scores for 3 labels",)),
    ],
)
def test_reasons_against_a_case(wanted: Case, scores: tuple[float, ...], reasons: tuple[str, ...]) -> None:
    assert judge(wanted, LABELS, prediction(*scores)) == reasons


def test_a_top_list_that_contradicts_the_scores_fails() -> None:
    wrong = prediction(0.7, 0.2, 0.1, top=1)
    assert judge(case(label="happy"), LABELS, wrong) == ("the prediction names sad as best, but happy scores higher",)
    outside = prediction(0.7, 0.2, 0.1, top=9)
    assert judge(case(label="happy"), LABELS, outside) == ("the prediction names no best class",)


def test_numbers_are_shown_with_the_digits_that_tell_them_apart() -> None:
    assert distinct(0.41, 0.9) == ("0.41", "0.90")
    assert distinct(0.899, 0.9) == ("0.899", "0.900")
    assert distinct(0.5, 0.5) == ("0.50", "0.50")


def test_the_backend_in_use_must_be_the_one_asked_for() -> None:
    assert check_backend("wasm", [("a", "wasm")]).passed
    assert check_backend("auto", [("a", "webgl"), ("b", "wasm")]).detail == "wasm, webgl"
    wrong = check_backend("webgl", [("a", "webgl"), ("b", "cpu"), ("c", "")])
    assert not wrong.passed and wrong.detail == "asked for webgl, but b runs on cpu, c runs on none"
    assert not check_backend("auto", [("a", "cpu")]).passed
    tried = ["wasm 8.1 ms", "The backend webgl was left out: it is wrong."]
    told = check_backend("auto", [("a", "wasm")], tried)
    assert told.passed and told.detail == f"wasm (tried: {tried[0]}; {tried[1]})"


def test_the_renderer_must_be_of_the_kind_asked_for() -> None:
    software, hardware = "ANGLE (Google, SwiftShader driver)", "ANGLE (NVIDIA, GeForce)"
    assert check_renderer("software", software).passed and check_renderer("hardware", hardware).passed
    assert check_renderer("hardware", software).detail == f"asked for hardware, got {software}"
    assert not check_renderer("software", hardware).passed
    assert check_renderer("software", "").detail == "asked for software, got no WebGL"


def test_tensors_that_outlive_the_run_are_a_leak() -> None:
    assert check_tensors(Tensors(before=5, after=5)).passed
    leak = check_tensors(Tensors(before=5, after=8))
    assert not leak.passed and leak.detail == "3 leaked: 5 after warm-up, 8 after the last prediction"
    assert not check_tensors(None).passed


def test_a_flat_canvas_is_blank() -> None:
    assert check_render(2, allow_blank=False).passed
    blank = check_render(1, allow_blank=False)
    assert not blank.passed and blank.detail == "the canvas is one flat colour"
    assert check_render(1, allow_blank=True).passed
    assert check_render(None, allow_blank=False).detail == "the page has no canvas"
