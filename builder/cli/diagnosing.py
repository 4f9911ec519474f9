"""What `doctor` does: finds out what it was given, applies the rules, says what they found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from builder.cli.building import BuildSource, opened
from builder.cli.console import stdout
from builder.errors import EXIT_CASE_FAILED
from builder.harness.builds import is_address
from builder.harness.doctor.examine import examine
from builder.harness.doctor.findings import ORDER, Finding, Host, ordered, report
from builder.harness.doctor.project import examine_project, is_project

_STYLES = {"error": "bold red", "warning": "yellow", "note": "dim"}


def diagnose(target: str, host: Host | None, budget: int | None, slugs: Sequence[str], *, as_json: bool) -> None:
    """Prints the findings; ends with exit code 1 if any is an error."""
    if slugs and not is_address(target):
        message = "--model goes with a URL: of files on disk all models are looked at."
        raise click.UsageError(message)
    source = BuildSource().convert(target, None, click.get_current_context())
    if isinstance(source, Path) and is_project(source):
        findings = ordered(list(examine_project(source, host)))
    else:
        with opened(source) as build:
            findings = ordered(list(examine(build, host, budget, slugs)))
    _print(target, host, findings, as_json=as_json)
    if any(each.severity == "error" for each in findings):
        raise SystemExit(EXIT_CASE_FAILED)


def _print(target: str, host: Host | None, findings: Sequence[Finding], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(report(target, host, findings), indent=2, ensure_ascii=False))
        return
    console = stdout()
    for each in findings:
        _print_one(console, each)
    counts = [(sum(each.severity == severity for each in findings), severity) for severity in ORDER]
    console.print(Text(", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts)))


def _print_one(console: Console, found: Finding) -> None:
    console.print(Text(f"{found.severity} {found.rule}: {found.what}", style=_STYLES[found.severity]))
    for name, text in (("why", found.why), ("next", found.next_step), ("where", found.where)):
        if text:
            console.print(Text(f"  {name + ':':<7}{text}"))
    for line in found.fix.splitlines():
        console.print(Text(f"    {line}"), soft_wrap=True)
