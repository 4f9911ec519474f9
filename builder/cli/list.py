"""`tfjs-for-unity list`: which models are installed. What it does is in `inventory`, imported when it runs."""

from __future__ import annotations

from pathlib import Path

import click

from builder.cli.flags import FilledPath


@click.command()
@click.argument("project", type=FilledPath(path_type=Path, readable=False), default=".")
@click.option("--json", "as_json", is_flag=True, help="The same as one JSON object.")
def command(project: Path, as_json: bool) -> None:
    """List the models in PROJECT: a Unity project or a folder that `generate --out` wrote; the current one by default.

    \b
    tfjs-for-unity list MyGame
    tfjs-for-unity list MyGame --json

    State is ok, edited files, missing files, made by another version or for another runtime (`upgrade` mends both), or
    deleted (no file is left; the next command forgets the model). Changes nothing. Keys of --json: docs/installed.md
    """
    from builder.cli.inventory import show  # only now: --help is immediate

    show(project, as_json=as_json)
