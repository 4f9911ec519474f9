"""The two ways of feeding images to a loaded build: probes through the page object, and the fake webcam.

Both give the results and the number of live tensors before and after. With a page that stops answering it ends: the
case at hand and all that follow have no result then, and `silence` says why.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from builder.harness import evaluate
from builder.harness.cases import Case
from builder.harness.golden import Golden
from builder.harness.images import RgbImage, page_image, read_rgb
from builder.harness.loading import Progress
from builder.harness.page import POLL_SECONDS, GamePage, PageSilent
from builder.harness.results import CaseResult, Check, ModelInfo, Prediction, Tensors
from builder.harness.text import clean

CAMERA_PREDICTIONS = 3  # so many in a row must name the same class: a webcam's first frames may be black


@dataclass(frozen=True, slots=True)
class Fed:
    """What feeding gave: results of the first cases, or all. `silence`: why it was cut short, "" if it was not."""

    results: tuple[CaseResult, ...]
    tensors: Tensors | None
    silence: str = ""


async def probe(
    page: GamePage, model: ModelInfo, cases: Sequence[Case], progress: Progress, otherwise: RgbImage | None = None
) -> Fed:
    """Hands each case's image to `tfjsBridge`: exact, but the game's own path is not exercised. Without cases the
    picture `otherwise` is predicted on, so that tensors can be counted."""
    results: list[CaseResult] = []
    first = read_rgb(cases[0].image) if cases else otherwise
    if first is None:
        return Fed((), None)
    try:
        # The first prediction may leave caches behind that stay; it is a warm-up and counts for nothing.
        await page.predict(model.handle, page_image(first))
        before = await page.tensors(model.handle)
        if not cases:
            await page.predict(model.handle, page_image(first))
        for number, case in enumerate(cases, 1):
            progress(f"case {number} of {len(cases)}: {case.id}")
            answer = await page.predict(model.handle, page_image(read_rgb(case.image)))
            results.append(_result(case, model, answer))
        return Fed(tuple(results), await _tensors(page, model, before))
    except PageSilent as error:
        return Fed(tuple(results), None, str(error))


async def golden(
    page: GamePage, vectors: Mapping[str, Golden], progress: Progress, *, alone: bool = False
) -> tuple[Check | None, str]:
    """The check "golden" over all models on the page that have a vector, and the page's silence. Without such a model
    it is None, unless there is nothing else to check."""
    answers: dict[str, tuple[float, ...] | str] = {}
    try:
        for slug, handle in await page.ready():
            if slug in vectors:
                progress(f"golden vector: {slug}")
                answer = await page.predict(handle, page_image(vectors[slug].picture))
                answers[slug] = clean(f"the prediction failed: {answer}") if isinstance(answer, str) else answer.scores
        return evaluate.check_golden(vectors, answers, alone=alone), ""
    except PageSilent as error:
        return Check("golden", False, f"not answered: {error}"), str(error)


async def camera(page: GamePage, model: ModelInfo, case: Case, seconds: float, progress: Progress) -> Fed:
    """Waits, `seconds` at most, until the game itself has predicted on the fake webcam's picture."""
    progress(f"camera: {case.id}")
    deadline = time.monotonic() + seconds
    before: int | None = None
    try:
        while True:
            seen = [entry for entry in await page.history(model.handle) if entry.path == "camera"]
            if seen and before is None:
                before = await page.tensors(model.handle)
            if _steady(seen) or time.monotonic() > deadline:
                break
            await asyncio.sleep(POLL_SECONDS)
        return Fed((_camera_result(case, model, seen, seconds),), await _tensors(page, model, before))
    except PageSilent as error:
        return Fed((), None, str(error))


def _steady(seen: Sequence[Prediction]) -> bool:
    newest = seen[-CAMERA_PREDICTIONS:]
    return len(newest) == CAMERA_PREDICTIONS and len({entry.top_index for entry in newest}) == 1


def _camera_result(case: Case, model: ModelInfo, seen: Sequence[Prediction], seconds: float) -> CaseResult:
    if not seen:
        return CaseResult(case, None, (f"the game predicted nothing from the camera within {seconds:g} s",))
    result = _result(case, model, seen[-1])
    if _steady(seen):
        return result
    unsteady = f"the best class did not stay the same for {CAMERA_PREDICTIONS} predictions within {seconds:g} s"
    return CaseResult(case, seen[-1], (*result.reasons, unsteady))


async def _tensors(page: GamePage, model: ModelInfo, before: int | None) -> Tensors | None:
    after = None if before is None else await page.tensors(model.handle)
    return None if before is None or after is None else Tensors(before=before, after=after)


def _result(case: Case, model: ModelInfo, answer: Prediction | str) -> CaseResult:
    if isinstance(answer, str):
        return CaseResult(case, None, (clean(f"the prediction failed: {answer}"),))
    reasons = evaluate.judge(case, model.labels, answer)
    return CaseResult(case, answer, tuple(clean(reason) for reason in reasons))
