"""What the flags of `evaluate` come to, and the files that it writes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click
from pydantic import TypeAdapter, ValidationError

from builder.cli.console import print_problems, stdout
from builder.cli.harness_flags import FILE, options
from builder.cli.reports import write_file
from builder.errors import EXIT_CASE_FAILED, Problem, UserError
from builder.harness.evaluation.document import document, dumped
from builder.harness.evaluation.run import Evaluation, Weights
from builder.harness.evaluation.samples import GROUP
from builder.harness.evaluation.summary import HeldOut
from builder.harness.evaluation.text import print_evaluation

_WEIGHTS = TypeAdapter(dict[str, float])
_MAX_WEIGHTS_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """Where reports go; None where one is not asked for."""

    json: Path | None

    def write(self, done: Evaluation, exit_code: int) -> list[Problem]:
        """Writes them all; returns what could not be written."""
        made: list[tuple[Path | None, Callable[[], bytes]]] = [
            (self.json, lambda: dumped(document(done, exit_code)).encode())
        ]
        tried = (write_file(path, make()) for path, make in made if path is not None)
        return [failed for failed in tried if failed is not None]


output_options = options(
    click.option("--json", type=FILE, metavar="FILE", help="Write figures and predictions as JSON."),
)
OUTPUTS = tuple(item.name for item in fields(Outputs))


def part(context: click.Context, option: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """`2/4` → (2, 4)."""
    found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", value or "")
    if value is None:
        return None
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        message = f"{value!r} is not I/N, such as 1/4, with I from 1 to N"
        raise click.BadParameter(message, context, option)
    return int(found[1]), int(found[2])


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


def conclude(done: Evaluation, outputs: Outputs) -> None:
    """Says what was found, writes the reports, and exits by the verdict."""
    exit_code = 0 if done.passed else EXIT_CASE_FAILED
    print_evaluation(stdout(), done)
    unwritten = outputs.write(done, exit_code)
    if exit_code:
        print_problems(unwritten)
        raise SystemExit(exit_code)
    if unwritten:
        raise UserError(unwritten)
