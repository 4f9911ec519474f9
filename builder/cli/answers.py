"""Answers for scripts: one JSON object on stdout, also when something is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click

from builder.errors import UNREADABLE_FILE, Problem, UserError, fail


def problem_document(item: Problem) -> dict[str, Any]:
    """A problem as the commands' --json shows it."""
    kind = item.kind
    texts = {"where": item.where, "what": item.what, "why": item.why, "nextStep": item.next_step}
    return {"id": kind.id, "code": kind.code, **texts}


def print_json(document: Mapping[str, Any]) -> None:
    """The one object on stdout."""
    click.echo(json.dumps(document, indent=2))


@contextmanager
def refusals_as_problems() -> Iterator[None]:
    """A file or folder that the system does not let us look at is an error of the catalogue."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            raise
        raise fail(UNREADABLE_FILE, error.filename, reason=error.strerror or error) from error


@contextmanager
def problems_as_json(wanted: bool) -> Iterator[None]:
    """With --json a `UserError` is `{"problems": […]}` on stdout too, beside the text on stderr."""
    try:
        with refusals_as_problems():
            yield
    except UserError as error:
        if wanted:
            print_json({"problems": [problem_document(item) for item in error.problems]})
        raise
