"""A `.meta` stays as long as the file or folder that it belongs to: Unity would invent another GUID."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from builder.writer.changes import Action, Change
from builder.writer.content import META


def _stays(asset: PurePosixPath, target: Path, gone: set[PurePosixPath]) -> bool:
    """True if something is left at `asset`; a folder goes with its last file."""
    place = target / asset
    if not place.is_dir() or place.is_symlink():
        return place.exists() and asset not in gone
    return any(_stays(asset / entry.name, target, gone) for entry in place.iterdir())


def keep_needed_metas(changes: Sequence[Change], target: Path) -> Iterator[Change]:
    """`changes`, with LEAVE in place of REMOVE for each `.meta` that is still needed."""
    gone = {change.path for change in changes if change.action == Action.REMOVE}
    for change in changes:
        is_end = change.action == Action.REMOVE and change.path.suffix == META
        needed = is_end and _stays(change.path.with_suffix(""), target, gone)
        yield replace(change, action=Action.LEAVE) if needed else change
