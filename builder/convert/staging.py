"""A folder that appears whole or not at all: written beside its place, then renamed into it.

Beside `NAME` lie, while a command runs, `.NAME.new~` (what is being written) and, for the moment of the exchange,
`.NAME.old~`. What an interrupted command left of them, the next one puts back or removes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from builder.errors import FOLDER_NOT_WRITTEN, fail


@contextmanager
def staged(target: Path) -> Iterator[Path]:
    """An empty folder that becomes `target`, in place of what is there, if the context ends without an error.

    Raises FOLDER_NOT_WRITTEN where the system refuses; `target` is then as it was.
    """
    place = Path(os.path.abspath(target))  # noqa: PTH100 - `..` has a name only once it is gone; links stay links
    new, old = (place.with_name(f".{place.name}.{part}~") for part in ("new", "old"))
    try:
        _recover(place, new, old)
        new.mkdir(parents=True)
        yield new
        _sync(new)
        _exchange(place, new, old)
    except OSError as error:
        raise fail(FOLDER_NOT_WRITTEN, target, reason=error.strerror or str(error)) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _recover(place: Path, new: Path, old: Path) -> None:
    """Takes an interrupted exchange back, or finishes it."""
    if old.is_dir() and not place.exists():
        old.rename(place)
    for waste in (new, old):
        if waste.exists():
            shutil.rmtree(waste)


def _exchange(place: Path, new: Path, old: Path) -> None:
    if not place.exists():
        new.rename(place)
        return
    place.rename(old)
    try:
        new.rename(place)
    except OSError:
        old.rename(place)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _sync(folder: Path) -> None:
    """Returns once the files are on the disk, so that a power cut cannot leave names without contents."""
    for path in folder.iterdir():
        with path.open("rb+") as file:
            os.fsync(file.fileno())
