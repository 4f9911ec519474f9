"""The JSON reports of all shards of a `verify`, read back and put together, equal to that of a single run but for times
and what the pages said."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from builder.errors import BAD_REPORT, Problem, UserError, fail, problem
from builder.harness.cases import Case, Source
from builder.harness.differences import MAX_BYTES, NAME
from builder.harness.results import (
    Backend,
    CaseResult,
    Check,
    ConsoleLine,
    GamePath,
    ModelInfo,
    PageLog,
    Prediction,
    RunResult,
    SoakSample,
    Start,
    Tensors,
    Words,
)
from builder.harness.run import merge
from builder.harness.sharding import WHOLE, ReadShard, gaps, interleaved
from builder.harness.text import clean
from builder.harness.visits import Findings

_Text = Annotated[str, AfterValidator(clean)]
_Texts = tuple[_Text, ...]


class _Read(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Line(_Read):
    level: _Text
    text: _Text


class _Page(_Read):
    console: tuple[_Line, ...]
    dropped_console_lines: int
    uncaught_errors: _Texts
    dialogs: _Texts
    failed_requests: _Texts
    blocked: _Texts

    def log(self) -> PageLog:
        return PageLog(
            console=tuple(ConsoleLine(line.level, line.text) for line in self.console),
            dropped_lines=self.dropped_console_lines,
            page_errors=self.uncaught_errors,
            dialogs=self.dialogs,
            failed_requests=self.failed_requests,
            blocked=self.blocked,
        )


class _Expected(_Read):
    label: _Text | None
    min: float | None
    scores: tuple[float, ...] | None
    tolerance: float | None


class _Prediction(_Read):
    path: GamePath
    top: int | None
    scores: tuple[float, ...]
    execute_ms: float

    def prediction(self) -> Prediction:
        return Prediction(self.scores, self.top, self.path, 0, self.execute_ms)


class _Words(_Read):
    expected: _Text
    got: _Text
    score: _Text


class _Case(_Read):
    id: _Text
    source: Source
    query: _Text
    expected: _Expected
    passed: bool
    reasons: _Texts
    prediction: _Prediction | None
    words: _Words

    def result(self) -> CaseResult:
        wanted = self.expected
        case = Case(
            id=self.id,
            image=Path(),  # none is at hand, and a report names no file to open
            where="",
            label=wanted.label,
            minimum=wanted.min,
            scores=wanted.scores,
            tolerance=wanted.tolerance or 0.0,
            source=self.source,
            query=self.query,
        )
        reasons = self.reasons or (() if self.passed else ("it failed",))
        prediction = None if self.prediction is None else self.prediction.prediction()
        return CaseResult(case, prediction, reasons, Words(**self.words.model_dump()))


class _Check(_Read):
    name: _Text
    passed: bool
    detail: _Text
    reasons: _Texts


class _Model(_Read):
    name: _Text
    slug: _Text
    contract_sha256: _Text
    labels: _Texts


class _Backend(_Read):
    asked: Backend
    used: _Text


class _Start(_Read):
    api: _Text
    instances: int
    progress: float
    seconds: float


class _Tensors(_Read):
    before: int
    after: int


class _Sample(_Read):
    seconds: float
    tensors: int | None
    js_heap_bytes: int | None
    gpu_bytes: int
    frame_ms: float | None
    frames_per_second: float
    prediction_ms: float | None
    predictions_per_second: float


class _Failed(_Read):
    what: _Text


class _Head(_Read):
    """What reports of builds that did not load have, too."""

    report: Literal[1]
    problems: tuple[_Failed, ...]


class _Report(_Head):
    build: _Text
    browser: _Text
    renderer: _Text
    backend: _Backend
    start: _Start
    model: _Model | None
    tensors: _Tensors | None
    checks: tuple[_Check, ...]
    shard: ReadShard | None
    asked: _Text
    cases: tuple[_Case, ...]
    restarts: _Texts
    soak: tuple[_Sample, ...]
    page: _Page = Field(repr=False)

    def run(self) -> RunResult:
        """Without the check against an older report: that is for the whole to pass."""
        return RunResult(
            build=self.build,
            browser=self.browser,
            renderer=self.renderer,
            backend_asked=self.backend.asked,
            backend_used=self.backend.used,
            model=None if self.model is None else ModelInfo(handle=0, **self.model.model_dump()),
            cases=tuple(case.result() for case in self.cases),
            checks=tuple(Check(**check.model_dump()) for check in self.checks if check.name != NAME),
            tensors=None if self.tensors is None else Tensors(**self.tensors.model_dump()),
            log=self.page.log(),
            start=Start(**self.start.model_dump()),
            restarts=self.restarts,
            soak=tuple(SoakSample(**sample.model_dump()) for sample in self.soak),
            shard=self.shard,
            asked=self.asked,
        )


def is_of_verify(path: Path) -> bool:
    """Whether the report is one of `verify`, and not of `evaluate`; raises UserError: BAD_REPORT."""
    data = _parsed(path)
    return isinstance(data, dict) and "report" in data


def merge_runs(paths: Sequence[Path]) -> Findings:
    """All shards as one run, without a screenshot.

    Raises:
        UserError: BAD_REPORT, where a shard is missing, occurs twice, is of another run, or its build did not load.
    """
    reports = [(path, _read(path)) for path in paths]
    problems = _problems(reports)
    if problems:
        raise UserError(problems)
    runs = [report.run() for _, report in sorted(reports, key=lambda each: each[1].shard or WHOLE)]
    cases = interleaved([[result.case for result in run.cases] for run in runs])
    restarts = tuple(chain.from_iterable(run.restarts for run in runs))
    found = merge(cases, [Findings(result=run, screenshot=None) for run in runs], restarts)
    return replace(found, result=replace(found.result, shard=None))


def _problems(reports: Sequence[tuple[Path, _Report]]) -> list[Problem]:
    first = reports[0][1]
    alike: dict[str, Callable[[_Report], object]] = {
        "build": lambda r: r.build,
        "model": lambda r: r.model,
        "list of cases": lambda r: r.asked,
        "backend": lambda r: r.backend.asked,
        "number of shards": lambda r: (r.shard or WHOLE)[1],
    }
    found = [
        problem(BAD_REPORT, path, reason=f"it is of another {name} than {reports[0][0].name}")
        for path, report in reports
        for name, of in alike.items()
        if of(report) != of(first)
    ]
    return found + gaps([(report.shard or WHOLE)[0] for _, report in reports], (first.shard or WHOLE)[1])


def _read(path: Path) -> _Report:
    data = _parsed(path)
    try:
        failed = _Head.model_validate(data).problems
        if failed:
            raise fail(BAD_REPORT, path, reason=f"its run came to no end ({failed[0].what.rstrip('.')})")
        return _Report.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = clean(".".join(map(str, first["loc"])), 100)
        raise fail(BAD_REPORT, path, reason=clean(f"{place + ': ' if place else ''}{first['msg']}", 200)) from None


def _parsed(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    try:
        if path.stat().st_size > MAX_BYTES:
            raise fail(BAD_REPORT, path, reason=f"it has more than the {MAX_BYTES} bytes that are read")
        return json.loads(path.read_bytes())
    except OSError as error:
        raise fail(BAD_REPORT, path, reason=f"it cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise fail(BAD_REPORT, path, reason="it is no JSON") from None
