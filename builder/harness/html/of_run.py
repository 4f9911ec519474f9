"""The page of a `verify`."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

from builder.errors import Problem
from builder.harness.html.charts import curve, histogram
from builder.harness.html.pictures import as_seen, pixels, read_or_none, screenshot, thumbnail
from builder.harness.html.view import ChartView, CheckView, PageView, PictureView, bars
from builder.harness.images import RgbImage
from builder.harness.report import expected, facts, log_sections, remarks, verdict
from builder.harness.results import CaseResult, Check, PageLog, RunResult, SoakSample
from builder.harness.tasks import KINDS
from builder.harness.tasks.pixels import WirePixels
from builder.harness.trends import METRICS
from builder.harness.visits import Findings, RunFailed
from builder.spec import Preprocess

MAX_PICTURES = 120
_MAX_LINES = 100
_RATES = (("Frames", "frames_per_second"), ("Predictions", "predictions_per_second"))


def page(found: Findings, how: Preprocess | None) -> PageView:
    """`how` says what the model sees of a picture, None where that is not known."""
    run = found.result
    times = [each.prediction.execute_ms for each in run.cases if each.prediction is not None]
    chart = histogram("Time of an inference", times, "ms")
    passed = sum(each.passed for each in run.cases)
    tiles = [("cases", f"{passed} of {len(run.cases)}", "pass")] if run.cases else []
    tiles += [("checks", f"{sum(check.passed for check in run.checks)} of {len(run.checks)}", "pass")]
    tiles += [("inference", f"{statistics.median(times):.0f} ms", "in the median")] if times else []
    if run.tensors:
        tiles.append(("tensors", f"{run.tensors.after}", f"{run.tensors.before} after warm-up"))
    shown = sorted(run.cases, key=lambda each: each.passed)[:MAX_PICTURES]
    more = f" {len(run.cases) - len(shown)} more are in the JSON report." if len(run.cases) > len(shown) else ""
    return PageView(
        title=f"{run.model.name} in {run.build}" if run.model else run.build,
        passed=run.passed,
        verdict=verdict(run),
        tiles=tuple(tiles),
        checks=_checks(run.checks),
        charts=((chart,) if chart else ()) + _curves(run.soak),
        pictures_note=f"Those that fail first.{more}",
        pictures=tuple(_picture(run, each, how) for each in shown),
        shots=(screenshot(found.screenshot),) if found.screenshot else (),
        console=_console(run.log),
        notes=(*remarks(run), *_complaints(run.log)),
        environment=tuple(facts(run)),
    )


def failure_page(build: str, failure: RunFailed) -> PageView:
    """Of a build that did not load."""
    return PageView(
        title=build,
        passed=False,
        verdict="FAIL: the build did not get as far as predicting",
        checks=(*(_problem(each) for each in failure.problems), *_checks(failure.checks)),
        shots=(screenshot(failure.screenshot),) if failure.screenshot else (),
        console=_console(failure.log),
        notes=_complaints(failure.log),
    )


def _curves(samples: Sequence[SoakSample]) -> tuple[ChartView, ...]:
    """One for each thing that a soak samples."""
    drawn = [(each.title, each.key, each.unit, each.scale) for each in METRICS]
    drawn += [(title, key, "a second", 1.0) for title, key in _RATES]
    end = f"{samples[-1].seconds:.0f} s" if samples else ""
    curves = (
        curve(f"Soak: {title.lower()}", _points(samples, key, scale), unit, "start", end)
        for title, key, unit, scale in drawn
    )
    return tuple(each for each in curves if each)


def _points(samples: Sequence[SoakSample], key: str, scale: float) -> list[tuple[float, float]]:
    pairs = ((each.seconds, getattr(each, key)) for each in samples)
    return [(at, value / scale) for at, value in pairs if value is not None]


def _problem(found: Problem) -> CheckView:
    return CheckView(name=found.kind.id, passed=False, detail=found.what, reasons=(found.why, found.next_step))


def _checks(checks: Sequence[Check]) -> tuple[CheckView, ...]:
    return tuple(
        CheckView(name=each.name, passed=each.passed, detail=each.detail, reasons=each.reasons) for each in checks
    )


def _console(log: PageLog) -> tuple[tuple[str, str], ...]:
    return tuple((line.level, line.text) for line in log.console[-_MAX_LINES:])


def _complaints(log: PageLog) -> tuple[str, ...]:
    return tuple(
        f"{title}: {text}" for title, texts in log_sections(log) if title != "console errors" for text in texts
    )


def _picture(run: RunResult, result: CaseResult, how: Preprocess | None) -> PictureView:
    rgb = read_or_none(result.case.image)
    scores = () if result.prediction is None else result.prediction.scores
    labels = () if run.model is None else run.model.labels
    fits = 0 < len(scores) == len(labels) and all(abs(score) < float("inf") for score in scores)
    return PictureView(
        name=result.case.id,
        image="" if rgb is None else thumbnail(_marked(run, result, rgb)),
        seen="" if rgb is None or result.case.source == "camera" else as_seen(rgb, how),
        expected=expected(result),
        bars=bars(labels, scores, result.case.label) if fits else (),
        reasons=result.reasons,
        passed=result.passed,
        more=_made(result),
    )


def _made(result: CaseResult) -> tuple[tuple[str, str], ...]:
    """The pixels that a model made, beside those that were expected."""
    found = result.prediction.found if result.prediction else None
    if not isinstance(found, WirePixels) or (levels := found.levels) is None:
        return ()
    expect = result.case.expect or {}
    path = expect.get("mask") or expect.get("picture")
    wanted = read_or_none(Path(path)) if isinstance(path, str) else None
    is_map = bool(expect.get("classes"))
    shown = [("what it made", levels), *([("expected", wanted)] if wanted is not None else [])]
    return tuple((caption, pixels(each, is_map=is_map)) for caption, each in shown)


def _marked(run: RunResult, result: CaseResult, rgb: RgbImage) -> RgbImage:
    """The picture with what its task draws into it."""
    prediction = result.prediction
    kind = KINDS.get(prediction.task) if prediction else None
    if prediction is None or run.model is None or kind is None or kind.draw is None:
        return rgb
    wanted = None if result.case.expect is None else kind.expectation.model_validate(result.case.expect)
    return kind.draw(rgb, wanted, run.model.labels, prediction.found)
