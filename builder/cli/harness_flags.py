"""Flags that the commands which open a browser share."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import click

from builder.cli.console import stderr
from builder.cli.github import on_github
from builder.harness.loading import Progress
from builder.harness.results import Backend, Gpu
from builder.harness.text import clean
from builder.harness.visits import MAX_WORKERS

FILE = click.Path(path_type=Path, dir_okay=False)
EXISTING = click.Path(exists=True, path_type=Path)

SHORTEST_SOAK, LONGEST_SOAK = 5, 24 * 3600

Command = Callable[..., None]
Decorator = Callable[[Command], Command]


def options(*given: Decorator) -> Decorator:
    """Several decorators as one, in the order of the help."""

    def apply(function: Command) -> Command:
        for option in reversed(given):
            function = option(function)
        return function

    return apply


def finite(context: click.Context, option: click.Parameter, value: float | None) -> float | None:
    """Refuses NaN, which is in every range, as no comparison with it holds."""
    if value is None or math.isfinite(value):
        return value
    message = "it is not a number"
    raise click.BadParameter(message, context, option)


def part(context: click.Context, option: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """`2/4` → (2, 4)."""
    found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", value or "")
    if value is None:
        return None
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        message = f"{value!r} is not I/N, such as 1/4, with I from 1 to N"
        raise click.BadParameter(message, context, option)
    return int(found[1]), int(found[2])


class Duration(click.ParamType[float]):
    """`90s`, `10m` or `2h`; seconds, or 0 for none."""

    name = "duration"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"([0-9]{1,5})(s|m|h)", value.strip())
        seconds = int(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]] if found else 0
        if not SHORTEST_SOAK <= seconds <= LONGEST_SOAK:
            self.fail(f"{value!r} is not a time from {SHORTEST_SOAK}s to 24h, like 90s, 10m or 2h", param, ctx)
        return float(seconds)


run_options = options(
    click.option(
        "--backend",
        type=click.Choice(get_args(Backend)),
        default="auto",
        show_default=True,
        help="Backend to run on; the run fails if another is in use.",
    ),
    click.option("--model", "slug", metavar="SLUG", help="Which model, if the build has several."),
    click.option("--query", default="", metavar="STRING", help="Added to the page's address, like scene=2."),
    click.option(
        "--timeout",
        type=click.FloatRange(min=1, max=3600),
        callback=finite,
        default=120.0,
        show_default=True,
        metavar="SECONDS",
        help="For loading the build and its model, and for each prediction.",
    ),
    click.option(
        "--workers",
        type=click.IntRange(min=1, max=MAX_WORKERS),
        default=1,
        show_default=True,
        metavar="N",
        help="Share the pictures out to so many browsers at a time.",
    ),
    click.option("--isolated", is_flag=True, help="Serve with COOP and COEP headers, for builds with threads."),
)
shard_option = click.option("--shard", callback=part, metavar="I/N", help="Only every N-th picture from the I-th on.")
browser_options = options(
    click.option("--browser", "executable", type=FILE, metavar="PATH", help="Chromium to use, instead of searching."),
    click.option(
        "--gpu",
        type=click.Choice(get_args(Gpu)),
        default="software",
        show_default=True,
        help="Draw in software, the same everywhere, or on this machine's GPU.",
    ),
    click.option("--headed", is_flag=True, help="Show the browser's window."),
)


def _github(_context: click.Context, _option: click.Parameter, given: bool | None) -> bool:
    return on_github() if given is None else given


report_options = (
    click.option("--report", type=FILE, metavar="FILE.html", help="Write the report as one HTML file, with pictures."),
    click.option("--json", type=FILE, metavar="FILE", help="Write the report as JSON."),
    click.option("--junit", type=FILE, metavar="FILE", help="Write the report as JUnit XML."),
    click.option(
        "--compare",
        type=click.Path(exists=True, path_type=Path, dir_okay=False),
        metavar="OLD.json",
        help="Fail on what is worse than in this JSON report.",
    ),
    click.option(
        "--github/--no-github",
        default=None,
        callback=_github,
        help="Annotations and a step summary.  [default: inside GitHub Actions]",
    ),
)


@contextmanager
def progressing() -> Iterator[Progress]:
    """A line on stderr that says what is going on, on a terminal only."""
    console = stderr()
    if not console.is_terminal:
        yield lambda text: None
        return
    from rich.text import Text

    with console.status(Text("starting the browser")) as status:
        yield lambda text: status.update(Text("\n".join(clean(line, 100) for line in text.splitlines())))
