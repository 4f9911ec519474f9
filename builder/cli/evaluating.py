"""What the flags of `evaluate` come to, and the files that it writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import click
from pydantic import TypeAdapter, ValidationError

from builder.cli.console import print_problems, stdout
from builder.cli.github import failures, summary, tell
from builder.cli.harness_flags import options, report_options
from builder.cli.reports import write_file
from builder.errors import EXIT_CASE_FAILED, Problem, UserError
from builder.harness.differences import worse
from builder.harness.evaluation.document import document, dumped, read_report
from builder.harness.evaluation.junit import junit
from builder.harness.evaluation.run import Evaluation, Weights
from builder.harness.evaluation.samples import GROUP, Sample
from builder.harness.evaluation.summary import HeldOut, is_right
from builder.harness.evaluation.text import facts, print_evaluation, verdict
from builder.harness.html.of_evaluation import page
from builder.harness.html.render import html
from builder.spec import Preprocess

_WEIGHTS = TypeAdapter(dict[str, float])
_MAX_WEIGHTS_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """Where reports go, None where one is not asked for, and the older report `compare` to hold the new one against."""

    report: Path | None
    json: Path | None
    junit: Path | None
    compare: Path | None
    github: bool

    def write(self, done: Evaluation, exit_code: int, shown: Shown) -> list[Problem]:
        """Writes them all; returns what could not be written."""
        made: list[tuple[Path | None, Callable[[], bytes]]] = [
            (self.report, lambda: html(page(done, shown.samples, shown.how)).encode()),
            (self.json, lambda: dumped(document(done, exit_code)).encode()),
            (self.junit, lambda: junit(done)),
        ]
        tried = [write_file(path, make()) for path, make in made if path is not None]
        problems = [failed for failed in tried if failed is not None]
        if self.github:
            wrong = [f"{name}: {text}" for name, text in _wrong(done)]
            problems += tell(failures("evaluate", done.checks), summary(verdict(done), facts(done), wrong))
        return problems


@dataclass(frozen=True, slots=True)
class Shown:
    """What the HTML report shows of the pictures: those at hand, by id, and how the model sees them."""

    samples: Mapping[str, Sample] = field(default_factory=dict)
    how: Preprocess | None = None


def _wrong(done: Evaluation) -> Iterator[tuple[str, str]]:
    for check in done.checks:
        if not check.passed:
            yield check.name, "; ".join([check.detail, *check.reasons])


output_options = options(*report_options)
OUTPUTS = tuple(item.name for item in fields(Outputs))


def held_against(done: Evaluation, old: Path | None) -> Evaluation:
    """With the check that no more pictures became wrong since the report `old` than became right."""
    if old is None:
        return done
    report = read_report(old).evaluation_of(old)
    before = {row.id for row in report.summary.rows if is_right(row)}
    now = {row.id: is_right(row) for row in done.summary.rows}
    gained = sum(right and id not in before for id, right in now.items())
    return replace(done, checks=(*done.checks, worse(old, before, now, gained)))


def held_out(_context: click.Context, _option: click.Parameter, values: Sequence[str]) -> HeldOut:
    """`user=7` → ("user", "7"); without a kind it is of the column `group`."""
    pairs = (value.partition("=") for value in values)
    return frozenset((kind, name) if mark else (GROUP, kind) for kind, mark, name in pairs)


def weights(context: click.Context, option: click.Parameter, value: str | None) -> Weights:
    """`balanced`, or a JSON file with a weight for each label; those left out weigh 1."""
    if value is None or value == "balanced":
        return value  # type: ignore[return-value]
    try:
        with Path(value).open("rb") as file:
            content: Any = json.loads(file.read(_MAX_WEIGHTS_BYTES))
        found = _WEIGHTS.validate_python(content, strict=True)
    except (OSError, ValueError, RecursionError, ValidationError):
        message = f"{value!r} is neither `balanced` nor a JSON file with a number for each label"
        raise click.BadParameter(message, context, option) from None
    if not all(0 <= weight < float("inf") for weight in found.values()):
        message = "weights are finite and not below 0"
        raise click.BadParameter(message, context, option)
    return found


def conclude(done: Evaluation, outputs: Outputs, shown: Shown | None = None) -> None:
    """Says what was found, writes the reports, and exits by the verdict."""
    done = held_against(done, outputs.compare)
    exit_code = 0 if done.passed else EXIT_CASE_FAILED
    print_evaluation(stdout(), done)
    unwritten = outputs.write(done, exit_code, shown or Shown())
    if exit_code:
        print_problems(unwritten)
        raise SystemExit(exit_code)
    if unwritten:
        raise UserError(unwritten)
