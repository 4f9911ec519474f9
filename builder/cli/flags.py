"""Flags that `generate`, `remove` and `upgrade` share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

_Command = Callable[..., None]


class FilledPath(click.Path):
    """A path, and never the empty text that an unset variable of the shell leaves: that would be the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        if value == "":
            self.fail("it is empty", param, ctx)
        return super().convert(value, param, ctx)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteFlags:
    """`dry_run`: only say what would be done. `force`: also overwrite and remove files that the user edited."""

    dry_run: bool = False
    force: bool = False
    as_json: bool = False


def write_flags(option: Callable[..., Any] = click.option) -> Callable[[_Command], _Command]:
    """Adds --dry-run, --force and --json, as `dry_run`, `force` and `as_json`; `option` makes each of them."""
    options = (
        option("--dry-run", is_flag=True, help="Only list what would be created, updated, removed and kept."),
        option("--force", is_flag=True, help="Also overwrite or remove generated files that somebody edited."),
        option("--json", "as_json", is_flag=True, help="Say what was done as one JSON object on stdout."),
    )

    def add(command: _Command) -> _Command:
        for each in reversed(options):
            command = each(command)
        return command

    return add
