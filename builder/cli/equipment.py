"""What `tfjs-for-unity toolchain` does: installs, shows and removes the TensorFlow environments."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import click

from builder.cli.answers import print_json, problems_as_json
from builder.cli.console import stdout
from builder.convert.from_tensorflow.environments import ENVIRONMENTS, Environment
from builder.convert.from_tensorflow.install import install, remove
from builder.convert.from_tensorflow.store import Place, State, cache_folder, disk_bytes


def show_status(*, as_json: bool) -> None:
    """One line for each environment, or one JSON object."""
    with problems_as_json(as_json):
        entries = [_entry(environment) for environment in ENVIRONMENTS.values()]
        if as_json:
            print_json({"folder": str(cache_folder()), "environments": entries})
        else:
            _print(entries)


def install_environments(names: Sequence[str], *, as_json: bool) -> None:
    """Installs each of them that is not there yet; says on stderr how far it is."""
    with problems_as_json(as_json):
        for name in names:
            install(ENVIRONMENTS[name], partial(_say, name))
        entries = [_entry(ENVIRONMENTS[name]) for name in names]
        if as_json:
            print_json({"folder": str(cache_folder()), "environments": entries})
        else:
            _print(entries)


def remove_environments(names: Sequence[str], *, as_json: bool) -> None:
    """Removes each of them; says how much that freed."""
    with problems_as_json(as_json):
        freed = {name: remove(ENVIRONMENTS[name]) for name in names}
        if as_json:
            print_json({"folder": str(cache_folder()), "freedBytes": freed})
        else:
            for name, size in freed.items():
                click.echo(f"{name}: {_size(size)} freed" if size else f"{name}: not installed")


def _say(name: str, text: str) -> None:
    click.echo(f"{name}: {text}", err=True)


def _entry(environment: Environment) -> dict[str, Any]:
    """What scripts are told; docs/toolchain.md names the keys."""
    place = Place(environment)
    state, marker = place.state(), place.read_marker()
    return {
        "name": environment.name,
        "purpose": environment.purpose,
        "state": state.name.lower(),
        "folder": str(place.folder),
        "python": marker.python if marker else None,
        "versions": marker.versions if marker else environment.packages,
        "bytes": _bytes(place, state, marker.bytes if marker else None),
    }


def _bytes(place: Place, state: State, stated: int | None) -> int:
    """As stated at the end of its installation; counted only where nothing is stated."""
    folder = place.unfinished if state is State.UNFINISHED else place.folder
    return 0 if state is State.ABSENT else disk_bytes(folder) if stated is None else stated


def _print(entries: Sequence[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table("name", "state", "size", "Python", "versions", box=None, pad_edge=False)
    for entry in entries:
        versions = ", ".join(f"{name} {version}" for name, version in entry["versions"].items())
        state = State[entry["state"].upper()]
        size = _size(entry["bytes"]) if entry["bytes"] else "-"
        table.add_row(entry["name"], str(state), size, entry["python"] or "-", versions)
    console = stdout()
    console.print(table)
    console.print(f"in {cache_folder()}", markup=False)


def _size(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"
