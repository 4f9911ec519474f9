"""Judges predictions and the run as a whole. Pure: no page, no file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from builder.harness.cases import Case
from builder.harness.golden import Golden
from builder.harness.results import Backend, Check, Gpu, Prediction, Tensors
from builder.harness.tasks import KINDS
from builder.harness.text import clean

_SOFTWARE = ("swiftshader", "llvmpipe", "softpipe", "basic render")
_TOP_SLACK = 1e-6


def best(scores: Sequence[float]) -> int:
    """Index of the highest score; of equal ones the first."""
    return max(range(len(scores)), key=lambda i: scores[i])


def judge(case: Case, labels: Sequence[str], prediction: Prediction) -> tuple[str, ...]:
    """The reasons against the case, none when it passes. `case` must fit `labels` (see `cases.check_against`)."""
    if case.expect is not None:
        return _judge_task(case.expect, labels, prediction)
    scores = prediction.scores
    if len(scores) != len(labels):
        return (f"got {len(scores)} scores for {len(labels)} labels",)
    wrong = [i for i, score in enumerate(scores) if not math.isfinite(score)]
    if wrong:
        return (f"the score of {labels[wrong[0]]} is not a finite number",)
    reasons = [_judge_top(labels, prediction), _judge_label(case, labels, scores), _judge_scores(case, labels, scores)]
    return tuple(reason for reason in reasons if reason)


def _judge_task(expect: Mapping[str, Any], labels: Sequence[str], prediction: Prediction) -> tuple[str, ...]:
    """The page is not trusted: it may give a prediction of another task than its contract's."""
    kind = KINDS.get(prediction.task)
    if kind is None:
        return (f"got a prediction of the task {prediction.task}",)
    return tuple(kind.judge(kind.expectation.model_validate(expect), labels, prediction.found))


def _judge_top(labels: Sequence[str], prediction: Prediction) -> str | None:
    """The runtime's own top list is what the game sees: it must agree with the scores."""
    scores, top = prediction.scores, prediction.top_index
    if top is None or not 0 <= top < len(scores):
        return "the prediction names no best class"
    if scores[top] < max(scores) - _TOP_SLACK:
        return f"the prediction names {labels[top]} as best, but {labels[best(scores)]} scores higher"
    return None


def _judge_label(case: Case, labels: Sequence[str], scores: Sequence[float]) -> str | None:
    if case.label is None:
        return None
    own, top = labels.index(case.label), best(scores)
    right = scores[own] >= scores[top]
    if right and (case.minimum is None or scores[own] >= case.minimum):
        return None
    if case.minimum is None:
        got, highest = distinct(scores[own], scores[top])
        return f"expected {case.label}, got {labels[top]} {highest} ({case.label} {got})"
    got, least = distinct(scores[own], case.minimum)
    rest = "" if right else f"; top: {labels[top]} {distinct(scores[top], scores[own])[0]}"
    return f"expected {case.label} >= {least}, got {case.label} {got}{rest}"


def _judge_scores(case: Case, labels: Sequence[str], scores: Sequence[float]) -> str | None:
    if case.scores is None:
        return None
    differences = [abs(a - b) for a, b in zip(scores, case.scores, strict=True)]
    worst = best(differences)
    if differences[worst] <= case.tolerance:
        return None
    return f"scores differ by {differences[worst]:.3g} at label {labels[worst]} (tolerance {case.tolerance:g})"


def distinct(a: float, b: float) -> tuple[str, str]:
    """Both numbers with as few digits, at least two, as show that they differ."""
    digits = next((d for d in (2, 3, 4, 6) if f"{a:.{d}f}" != f"{b:.{d}f}"), 2)
    return f"{a:.{digits}f}", f"{b:.{digits}f}"


def check_backend(asked: Backend, used: Sequence[tuple[str, str]], trials: Sequence[str] = ()) -> Check:
    """Every model, given as (slug, backend), runs on the backend that was asked for; `auto` accepts webgl and wasm, and
    `trials` say how it came to its choice."""
    accepted = ("webgl", "wasm") if asked == "auto" else (asked,)
    wrong = [f"{slug} runs on {backend or 'none'}" for slug, backend in used if backend not in accepted]
    if wrong:
        return Check("backend", False, f"asked for {asked}, but " + ", ".join(wrong))
    names = ", ".join(sorted({backend for _, backend in used}))
    return Check("backend", True, f"{names} (tried: {'; '.join(trials)})" if trials else names)


def check_renderer(asked: Gpu, renderer: str) -> Check:
    """`hardware` must not end in software; `software` must not use a GPU: its figures would differ."""
    software = any(word in renderer.lower() for word in _SOFTWARE)
    passed = bool(renderer) and software == (asked == "software")
    return Check("renderer", passed, renderer if passed else f"asked for {asked}, got {renderer or 'no WebGL'}")


def check_tensors(tensors: Tensors | None, silence: str = "") -> Check:
    """No tensor outlives its inference. `silence`: why they could not be counted, if that is known."""
    if tensors is None:
        return Check("tensors", False, f"not counted: {silence or 'no prediction came, or the model does not tell'}")
    detail = f"{tensors.before} after warm-up, {tensors.after} after the last prediction"
    if tensors.after <= tensors.before:
        return Check("tensors", True, detail)
    return Check("tensors", False, f"{tensors.after - tensors.before} leaked: {detail}")


def check_golden(
    vectors: Mapping[str, Golden], answers: Mapping[str, tuple[float, ...] | str], *, alone: bool = False
) -> Check | None:
    """Each of `answers` (a model's scores, or why there are none) agrees with its golden vector; None without any,
    unless they are `alone` to be checked."""
    if not answers:
        there = clean(", ".join(sorted(vectors)))
        return (
            Check("golden", False, f"no model that the page loads has one; there are those of {there}")
            if alone
            else None
        )
    verdicts = [_golden_verdict(vectors[slug], answer) for slug, answer in answers.items()]
    texts = tuple(clean(f"{slug}: {text}") for slug, (_, text) in zip(answers, verdicts, strict=True))
    wrong = tuple(text for text, (agrees, _) in zip(texts, verdicts, strict=True) if not agrees)
    if wrong:
        return Check("golden", False, f"{len(wrong)} of {len(answers)} golden vectors do not agree", wrong)
    return Check("golden", True, "; ".join(texts))


def _golden_verdict(golden: Golden, answer: tuple[float, ...] | str) -> tuple[bool, str]:
    if isinstance(answer, str):
        return False, answer
    wanted, labels = golden.file.scores, golden.labels
    if not len(answer) == len(wanted) == len(labels):
        return False, f"got {len(answer)} scores for {len(labels)} labels, the golden vector has {len(wanted)}"
    apart = [abs(a - b) if math.isfinite(a) else math.inf for a, b in zip(answer, wanted, strict=True)]
    worst = best(apart)
    limit = f"(tolerance {golden.tolerance:.3g})"
    if apart[worst] > golden.tolerance:
        return False, f"scores differ by {apart[worst]:.3g} at label {labels[worst]} {limit}"
    return True, f"scores differ by {apart[worst]:.2g} at most {limit}"


def check_render(colors: int | None, *, allow_blank: bool, silence: str = "", signs: tuple[str, ...] = ()) -> Check:
    """The canvas shows more than one colour. `colors` is None without a canvas, or after the page's `silence`; `signs`
    may be the reason why it does not."""
    if colors is not None and colors > 1:
        return Check("rendered", True, f"{colors} colours" if colors < 256 else "256 colours or more")
    if colors is None and silence:
        return Check("rendered", False, f"not seen: {silence}")
    what = "the page has no canvas" if colors is None else "the canvas is one flat colour"
    return Check("rendered", allow_blank, what, () if allow_blank else signs)
