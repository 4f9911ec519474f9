"""How the commands speak: data on stdout, everything else on stderr."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from builder.errors import Problem

if TYPE_CHECKING:
    from rich.console import Console


def stdout() -> Console:
    """A rich console for the command's answer."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)


def stderr() -> Console:
    """A rich console for progress and remarks."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def print_problems(problems: Iterable[Problem]) -> None:
    """One block per problem: what and where, why, next step."""
    for problem in problems:
        click.secho(f"error {problem.kind.code} {problem.kind.id}", fg="red", bold=True, err=True, nl=False)
        click.echo(f": {problem.what}", err=True)
        if problem.where:
            click.echo(f"  where: {problem.where}", err=True)
        click.echo(f"  why:   {problem.why}", err=True)
        click.echo(f"  next:  {problem.next_step}", err=True)
