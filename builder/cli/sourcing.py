"""The model that a command is given: a TensorFlow.js folder as it is, an archive unpacked, any other kind converted."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click

from builder.cli.checking import Checking
from builder.convert.formats import is_tfjs
from builder.errors import UserError
from builder.inputs.archive import Unpacked, unpacked
from builder.inputs.options import Settings


@contextmanager
def tfjs_model(path: Path, settings: Settings, checking: Checking) -> Iterator[Unpacked]:
    """The TensorFlow.js model at `path`, there until the context ends. What is converted is checked as `checking` says,
    with the normalization and the size of `settings`. `UserError`s raised inside name the source."""
    if not is_foreign(path):
        with unpacked(path) as place:
            yield place
        return
    with tempfile.TemporaryDirectory(prefix="tfjs-for-unity-") as place:
        folder = Path(place) / path.stem
        _convert(path, folder, replace(checking, size=settings.input_size), settings)
        result = Unpacked(folder, root=folder, archive=path)
        try:
            yield result
        except UserError as error:
            raise UserError(map(result.shown_problem, error.problems)) from None


def _convert(path: Path, folder: Path, checking: Checking, settings: Settings) -> None:
    from builder.cli.conversion import ConvertOptions, convert  # heavy, and seldom needed
    from builder.cli.converting import progressing, read, stated

    with progressing() as progress:
        done = convert(path, folder, ConvertOptions(checking=replace(checking, numbers=stated(settings))), progress)
    for name, text in read(done):
        click.echo(f"{name:<15}{text}", err=True)


def is_foreign(path: Path) -> bool:
    """True for a model of another framework; what is no model at all is left to those who read TensorFlow.js's."""
    if is_tfjs(path):
        return False
    from builder.convert.sources import find_source  # with all that asks TensorFlow

    try:
        find_source(path)
    except UserError:
        return False
    return True
