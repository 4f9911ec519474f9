"""The build that a command is given: a folder, a ZIP, or an address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from builder.harness.builds import Target, find_build, is_address, named
from builder.inputs.archive import unpacked

_EXISTING = click.Path(exists=True, path_type=Path)


class BuildSource(click.ParamType[str | Path]):
    """A path that exists, or an address that begins with http:// or https://."""

    name = "build"

    def convert(self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None) -> str | Path:
        if isinstance(value, str) and not is_address(value):
            path = _EXISTING.convert(value, param, ctx)
            assert isinstance(path, Path)
            return path
        return value


@contextmanager
def opened(build: str | Path) -> Iterator[Target]:
    """The build, there until the context ends.

    Raises:
        UserError: NOT_A_BUILD, BAD_ARCHIVE, BAD_OPTION for an address that is none.
    """
    if isinstance(build, str):
        yield named(build)
        return
    with unpacked(build, whole=True) as place:
        yield find_build(place.path, build.stem if place.archive else "")
