"""`tfjs-for-unity doctor`: what will go wrong when a build is published. What it does is in `diagnosing`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from builder.harness.doctor.findings import Host

HOSTS = ("github-pages", "itch", "netlify", "nginx", "s3")
_UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3}


class Size(click.ParamType[int]):
    """`20MB`, `800 kB` or a number of bytes."""

    name = "size"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"(\d{1,12}(?:\.\d{1,3})?)\s*([kmg]?)b?", value.strip().lower())
        if not found:
            self.fail("write it like 20MB.", param, ctx)
        return round(float(found[1]) * _UNITS[found[2]])


@click.command()
@click.argument("target", metavar="BUILD|PROJECT|URL")
@click.option(
    "--host", type=click.Choice(HOSTS), help="Where it is to be published: what that host needs, and the lines."
)
@click.option("--budget", type=Size(), metavar="SIZE", help="How much a player may download, like 20MB.")
@click.option(
    "--model", "slugs", metavar="SLUG", multiple=True, help="Of a URL: also fetch and hash this model's files."
)
@click.option("--json", "as_json", is_flag=True, help="The findings as one JSON object.")
def command(target: str, host: Host | None, budget: int | None, slugs: tuple[str, ...], as_json: bool) -> None:
    """Look for what goes wrong when a build is published: before you do, or after. Nothing is run, nothing is changed.

    \b
    tfjs-for-unity doctor MyGame/Builds/WebGL --budget 20MB
    tfjs-for-unity doctor game.zip --host itch
    tfjs-for-unity doctor MyGame --host github-pages
    tfjs-for-unity doctor https://example.com/game/ --model hand-signs

    Exit codes: 0 no errors; 1 errors were found; 2 bad usage; 4 it is no build. More: docs/doctor.md
    """
    from builder.cli.diagnosing import diagnose  # only now: --help is immediate

    diagnose(target, host, budget, slugs, as_json=as_json)
