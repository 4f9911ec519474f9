"""What `tfjs-for-unity list` shows: the models of a project and the state of their files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import click

from builder.cli.answers import print_json, problems_as_json
from builder.cli.console import stdout
from builder.cli.reinstall import contract_path, deleted, stale
from builder.cli.writing import check_place
from builder.inputs.contract import read_contract
from builder.inputs.jsonfile import printable
from builder.spec import Contract
from builder.writer import FileState, Installation, check_finished, installed

if TYPE_CHECKING:
    from rich.table import Table

_PATHS_SHOWN = 8
_PIPE_WIDTH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Files that are not as they were written, by their paths in the project."""

    edited: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def state(self) -> str:
        return "missing files" if self.missing else "edited files" if self.edited else "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledModel:
    """One line of the list. `contract` is None where it cannot be read; `bytes` is the size of its folder."""

    name: str
    slug: str
    contract: Contract | None
    bytes: int
    generator: str
    inputs: Mapping[str, str]
    files: Files
    state: str


def _files(installation: Installation, paths: Iterable[PurePosixPath]) -> Files:
    listed = {path: entry for found in installation.manifests.values() for path, entry in found.files.items()}
    states = {str(path): installation.state(path, listed[str(path)]) for path in paths}
    return Files(
        edited=tuple(sorted(path for path, state in states.items() if state == FileState.EDITED)),
        missing=tuple(sorted(path for path, state in states.items() if state == FileState.MISSING)),
    )


def _contract(installation: Installation, path: PurePosixPath | None) -> Contract | None:
    try:
        return read_contract(installation.target / path) if path else None
    except ValueError:
        return None


def _bytes(installation: Installation, model: str, home: PurePosixPath | None) -> int:
    own = (path for path in installation.files(model) if home in path.parents and path.suffix != ".meta")
    places = (installation.target / path for path in own)
    return sum(place.stat().st_size for place in places if place.is_file())


def _model(installation: Installation, name: str, *, is_deleted: bool, is_outdated: bool) -> InstalledModel:
    path = contract_path(installation, name)
    contract = _contract(installation, path)
    files = _files(installation, installation.files(name))
    maker = "made by another version" if installation.foreign_generators else "made for another runtime"
    state = maker if files.state == "ok" and is_outdated else files.state
    return InstalledModel(
        name=name,
        slug=path.parent.name if path else "",
        contract=contract,
        bytes=_bytes(installation, name, path and path.parent),
        generator=contract.generator if contract else "",
        inputs=installation.inputs(name),
        files=files,
        state="deleted" if is_deleted else state,
    )


def inventory(installation: Installation) -> list[InstalledModel]:
    """The models, sorted by name."""
    gone, old = deleted(installation), stale(installation)
    return [
        _model(installation, name, is_deleted=name in gone, is_outdated=name in old) for name in installation.models
    ]


def show(project: Path, *, as_json: bool) -> None:
    """Prints the list; raises NOT_A_PROJECT, UNFINISHED, BAD_MANIFEST or NEWER_PROJECT."""
    with problems_as_json(as_json):
        check_place(project)
        check_finished(project)
        found = installed(project)
        models, shared = inventory(found), _files(found, found.package_files())
    if as_json:
        print_json(document(found, models, shared))
    else:
        _print(models, shared)


def document(found: Installation, models: list[InstalledModel], shared: Files) -> dict[str, Any]:
    """The object that --json prints."""
    return {
        "command": "list",
        "project": str(found.target),
        "versions": sorted({manifest.generator for manifest in found.manifests.values()}),
        "models": [_model_document(model) for model in models],
        "packages": {"state": shared.state, "edited": list(shared.edited), "missing": list(shared.missing)},
    }


def _model_document(model: InstalledModel) -> dict[str, Any]:
    pre = model.contract.model.preprocess if model.contract else None
    return {
        "name": model.name,
        "slug": model.slug,
        "state": model.state,
        "edited": list(model.files.edited),
        "missing": list(model.files.missing),
        "input": {"width": pre.width, "height": pre.height, "color": pre.color} if pre else None,
        "classes": len(model.contract.model.labels) if model.contract else None,
        "bytes": model.bytes,
        "generator": model.generator,
        "inputs": dict(model.inputs),
    }


def _print(models: list[InstalledModel], shared: Files) -> None:
    if not models:
        click.echo("No models are installed.")
        return
    console = stdout()
    if not console.is_terminal:  # a file or a pipe has no width: do not fold at 80
        console.width = max(console.width, _PIPE_WIDTH)
    with console.capture() as answer:
        console.print(_table(models))
    click.echo("\n".join(line.rstrip() for line in answer.get().strip("\n").splitlines()))
    for files in [model.files for model in models if model.state != "deleted"] + [shared]:
        _print_files("edited", files.edited)
        _print_files("missing", files.missing)


def _print_files(word: str, paths: tuple[str, ...]) -> None:
    for path in paths[:_PATHS_SHOWN]:
        click.echo(f"{word:<7}  {path}")
    if len(paths) > _PATHS_SHOWN:
        click.echo(f"{word:<7}  … and {len(paths) - _PATHS_SHOWN} more")


def _table(models: list[InstalledModel]) -> Table:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("class", "folder", "input", "classes", "bytes", "made by", "from", "state"):
        table.add_column(title, justify="right" if title in ("classes", "bytes") else "left", overflow="fold")
    for model in models:
        table.add_row(*(escape(printable(text)) for text in _row(model)))
    return table


def _row(model: InstalledModel) -> tuple[str, ...]:
    pre = model.contract.model.preprocess if model.contract else None
    return (
        model.name,
        model.slug,
        f"{pre.width}x{pre.height} {'RGB' if pre.color == 'rgb' else 'gray'}" if pre else "?",
        f"{len(model.contract.model.labels)}" if model.contract else "?",
        f"{model.bytes:,}",
        model.generator.removeprefix("tfjs-for-unity ") or "?",
        ", ".join(text for key in ("model", "labels") if (text := model.inputs.get(key))),
        model.state,
    )
