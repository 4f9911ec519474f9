"""Options of a command under headings, so that `--help` stays readable."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import click

_OTHERS = "Options"


class SectionOption(click.Option):
    """An option that stands in `section` of the help."""

    def __init__(self, *arguments: Any, section: str, **more: Any) -> None:  # noqa: ANN401
        super().__init__(*arguments, **more)
        self.section = section


class SectionedCommand(click.Command):
    """A command whose help lists each section in the order of its first option, and plain options last."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        for option in self.get_params(ctx):
            record = option.get_help_record(ctx) if isinstance(option, click.Option) else None
            if record:
                sections.setdefault(getattr(option, "section", _OTHERS), []).append(record)
        others = {_OTHERS: sections.pop(_OTHERS)}
        for title, records in (sections | others).items():
            with formatter.section(title):
                formatter.write_dl(records, col_max=26)


def section(title: str) -> Callable[..., Callable[[Callable[..., Any]], Callable[..., Any]]]:
    """`click.option` for the options of one section."""
    return partial(click.option, cls=SectionOption, section=title)
