"""`tfjs-for-unity upgrade`: its flags. What it does is in `upkeep`, imported when it runs."""

from __future__ import annotations

from pathlib import Path

import click

from builder.cli.flags import FilledPath, WriteFlags, write_flags


@click.command()
@click.argument("project", type=FilledPath(path_type=Path, readable=False), default=".")
@write_flags()
def command(project: Path, dry_run: bool, force: bool, as_json: bool) -> None:
    """Write all models in PROJECT anew, as this version of the tool does it: classes, contracts, packages, runtime.

    \b
    tfjs-for-unity upgrade MyGame
    tfjs-for-unity upgrade MyGame --dry-run

    PROJECT is a Unity project or a folder that `generate --out` wrote; the current one by default. Needs nothing but
    what is installed: contract.json holds all that was said to `generate`, and the model's files lie beside it. Stale
    files of the older version go. Files that somebody edited are not overwritten without --force. Keys of --json:
    docs/installed.md
    """
    from builder.cli.upkeep import upgrade  # only now: --help is immediate

    upgrade(project, WriteFlags(dry_run=dry_run, force=force, as_json=as_json))
