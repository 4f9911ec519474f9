"""`tfjs-for-unity remove`: its flags. What it does is in `upkeep`, imported when it runs."""

from __future__ import annotations

from pathlib import Path

import click

from builder.cli.flags import FilledPath, WriteFlags, write_flags


@click.command()
@click.argument("name")
@click.option(
    "--from",
    "project",
    type=FilledPath(path_type=Path, readable=False),
    default=".",
    metavar="PROJECT",
    help="A Unity project, or a folder that generate --out wrote.  [default: the current folder]",
)
@write_flags()
def command(name: str, project: Path, dry_run: bool, force: bool, as_json: bool) -> None:
    """Remove the model NAME, its C# class or its folder in StreamingAssets, with everything that only it needs.

    \b
    tfjs-for-unity remove HandSigns --from MyGame
    tfjs-for-unity remove hand-signs --from MyGame --dry-run

    What other models share stays; with the last model both packages and the runtime go too. Files that somebody edited
    are kept and named, unless --force is given. Keys of --json: docs/installed.md
    """
    from builder.cli.upkeep import remove  # only now: --help is immediate

    remove(name, project, WriteFlags(dry_run=dry_run, force=force, as_json=as_json))
