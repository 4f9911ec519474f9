"""What GitHub Actions shows: annotations on stdout, and the summary of the step."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import click

from builder.errors import REPORT_NOT_WRITTEN, Problem, problem
from builder.harness.results import Check
from builder.harness.text import clean

MAX_ANNOTATIONS = 10  # of a step, so many are shown
SUMMARY = "GITHUB_STEP_SUMMARY"


def on_github(environment: Mapping[str, str] = os.environ) -> bool:
    """True inside GitHub Actions."""
    return environment.get("GITHUB_ACTIONS") == "true"


def failures(title: str, checks: Iterable[Check], cases: Iterable[tuple[str, Sequence[str]]] = ()) -> list[str]:
    """A workflow command for each check and case that fails."""
    wrong = [(check.name, [check.detail, *check.reasons]) for check in checks if not check.passed]
    wrong += [(name, list(reasons)) for name, reasons in cases if reasons]
    return [
        f"::error title={_property(f'{title}: {name}')}::{_data('; '.join(why))}"
        for name, why in wrong[:MAX_ANNOTATIONS]
    ]


def _data(text: str) -> str:
    """By GitHub's rules: a text cannot begin a new command."""
    return clean(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(clean(text, 200)).replace(":", "%3A").replace(",", "%2C")


def summary(verdict: str, facts: Iterable[tuple[str, str]], wrong: Sequence[str]) -> str:
    """Markdown: the verdict, a table of facts, and what is wrong."""
    lines = [
        f"### {_cell(verdict)}",
        "",
        "| | |",
        "|---|---|",
        *(f"| {_cell(name)} | {_cell(text)} |" for name, text in facts),
    ]
    lines += ["", *(f"- {_cell(text)}" for text in wrong[:50])]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """Text without meaning in Markdown and HTML."""
    safe = clean(text, 500).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return (
        "".join(f"\\{c}" if c in "\\|`*_[]#!~" else c for c in safe).replace("://", ":&#47;&#47;").replace("@", "&#64;")
    )


def tell(lines: Iterable[str], text: str, environment: Mapping[str, str] = os.environ) -> list[Problem]:
    """Prints annotations and adds to the step's summary, where there is one."""
    for line in lines:
        click.echo(line)
    place = environment.get(SUMMARY)
    if not place:
        return []
    try:
        with Path(place).open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        return [problem(REPORT_NOT_WRITTEN, place, reason=str(error.strerror))]
    return []
