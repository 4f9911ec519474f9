"""Carries out a plan: stage all files beside the target, write the journal, swap them in, and undo it on failure."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from builder.errors import NOT_UNDONE, NOT_WRITABLE, fail
from builder.writer.changes import Action, Change, Plan
from builder.writer.content import chunks, raw_digest
from builder.writer.durable import sync_files, sync_folders
from builder.writer.stage import Stage
from builder.writer.undo import reason, remove_if_empty, undo

Progress = Callable[[int], None]
# Without Assets it is no project any more. An empty StreamingAssets goes, unless Unity has a `.meta` for it.
_NEVER_REMOVED = frozenset({PurePosixPath(), PurePosixPath("Assets")})


def _copy(source: Path, to: Path, progress: Progress) -> str:
    """Copies piece by piece; SHA-256 of what was copied."""
    copied = hashlib.sha256()
    with to.open("wb") as writer:
        for chunk in chunks(source):
            writer.write(chunk)
            copied.update(chunk)
            progress(len(chunk))
    return copied.hexdigest()


def _put(change: Change, to: Path, progress: Progress) -> None:
    """Writes a file into the stage; what is copied must still be what was planned."""
    assert change.content is not None
    to.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(change.content, bytes):
        to.write_bytes(change.content)
    elif _copy(change.content, to, progress) != (change.raw_sha256 or raw_digest(change.content)):
        raise fail(NOT_WRITABLE, change.content, reason="the file changed while it was copied")


def _keep_old(place: Path, old: Path) -> None:
    """A second name for the old file, where the file system has such; otherwise a copy."""
    old.parent.mkdir(parents=True, exist_ok=True)
    try:
        if place.is_symlink():
            raise OSError
        os.link(place, old)
    except OSError:
        shutil.copy2(place, old)


def _fill(stage: Stage, plan: Plan, progress: Progress) -> None:
    written = []
    for change in plan.steps:
        if change.action in (Action.CREATE, Action.UPDATE):
            _put(change, stage.new(change.path), progress)
            written.append(stage.new(change.path))
        if change.action == Action.UPDATE:
            _keep_old(stage.target / change.path, stage.old(change.path))
    sync_files(written)


def _missing_folders(plan: Plan) -> Iterator[PurePosixPath]:
    wanted = {parent for change in plan.steps for parent in change.path.parents if parent.parts}
    return (folder for folder in sorted(wanted) if not (plan.target / folder).exists())


def _swap(stage: Stage, path: PurePosixPath, action: Action) -> None:
    """One step: a rename, so that a reader sees the old file or the new one and nothing between."""
    place = stage.target / path
    if action == Action.REMOVE:
        stage.old(path).parent.mkdir(parents=True, exist_ok=True)
        place.replace(stage.old(path))
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        stage.new(path).replace(place)


def _prune(plan: Plan) -> None:
    """Removes the folders that removed files have left empty, inner ones first."""
    removed = [change.path for change in plan.steps if change.action == Action.REMOVE]
    folders = {parent for path in removed for parent in path.parents} - _NEVER_REMOVED
    for folder in sorted(folders, reverse=True):
        if not (plan.target / f"{folder}.meta").exists():
            remove_if_empty(plan.target / folder)


def _execute(stage: Stage, plan: Plan, progress: Progress) -> None:
    stage.folder.mkdir()
    _fill(stage, plan, progress)
    stage.write_journal(plan, tuple(_missing_folders(plan)))
    for change in plan.steps:
        _swap(stage, change.path, change.action)
    _prune(plan)
    touched = {(plan.target / change.path).parent for change in plan.steps}
    sync_folders(sorted(folder for folder in touched if folder.is_dir()))
    stage.finish()


def _roll_back(stage: Stage, cause: BaseException) -> None:
    """Undoes a run of this process."""
    try:
        if stage.journal.is_file():
            undo(stage, stage.read_journal())
        if stage.folder.is_dir():
            stage.discard()
    except OSError as second:
        raise fail(NOT_UNDONE, second.filename or "", reason=reason(cause), backup=stage.folder / "old") from second


def apply(plan: Plan, progress: Progress = lambda _: None) -> None:
    """Makes the plan's changes, all or none; the target exists and is locked. `progress` hears of bytes copied.

    Raises NOT_WRITABLE or NOT_UNDONE.
    """
    if not plan.steps:
        return
    stage = Stage(plan.target)
    try:
        _execute(stage, plan, progress)
    except BaseException as error:
        _roll_back(stage, error)
        if isinstance(error, OSError):
            raise fail(NOT_WRITABLE, error.filename or plan.target, reason=reason(error)) from error
        raise
    stage.discard()
