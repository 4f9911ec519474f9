"""The reports of all shards of an evaluation as one, equal to that of a single run but for times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from builder.errors import BAD_REPORT, Problem, UserError, problem
from builder.harness.evaluation.document import Report, read_report
from builder.harness.evaluation.run import Evaluation, conclude
from builder.harness.sharding import WHOLE, gaps, interleaved


def merge(paths: Sequence[Path]) -> Evaluation:
    """Raises UserError: BAD_REPORT, where a shard is missing, occurs twice, or is of another evaluation."""
    reports = [(path, read_report(path)) for path in paths]
    problems = _problems(reports)
    if problems:
        raise UserError(problems)
    ordered = sorted(reports, key=lambda each: each[1].shard or WHOLE)
    parts = [report.evaluation_of(path) for path, report in ordered]
    about = replace(
        parts[0].about,
        shard=None,
        seconds=max(part.about.seconds for part in parts),
        rate=sum(part.about.rate for part in parts),
        resumed=sum(part.about.resumed for part in parts),
        restarts=tuple(chain.from_iterable(part.about.restarts for part in parts)),
        memory=(),  # of pages that have nothing to do with each other
    )
    rows = interleaved([part.summary.rows for part in parts])
    return conclude(about, rows, parts[0].held_out, parts[0].weights)


def _problems(reports: Sequence[tuple[Path, Report]]) -> list[Problem]:
    first = reports[0][1]
    alike: dict[str, Callable[[Report], object]] = {
        "model": lambda r: (r.model.identity, r.model.labels, r.model.backend),
        "model compared with": lambda r: r.against and r.against.identity,
        "data": lambda r: r.data.digest,
        "options": lambda r: (r.hold_out, r.min_accuracy, r.class_weights),
        "number of shards": lambda r: (r.shard or WHOLE)[1],
    }
    found = [
        problem(BAD_REPORT, path, reason=f"it is of another {name} than {reports[0][0].name}")
        for path, report in reports
        for name, of in alike.items()
        if of(report) != of(first)
    ]
    return found + gaps([(report.shard or WHOLE)[0] for _, report in reports], (first.shard or WHOLE)[1])
