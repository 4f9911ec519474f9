"""Carries out a plan: stage all files beside the target, write the journal, swap them in, and undo it on failure.

The stage is one hidden folder in the target, so that each swap is a rename on one file system. While it holds a
journal, the run is not finished: `undo` reads from the stage alone how far it got, and puts everything back.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePosixPath

from builder.errors import BAD_MANIFEST, NOT_UNDONE, NOT_WRITABLE, OUTSIDE_PROJECT, UserError, fail
from builder.writer.content import digest
from builder.writer.paths import is_safe, link_problems
from builder.writer.plan import Action, Change, Plan

STAGE = ".tfjs-for-unity~"  # git and Unity skip names with a tilde at the end
_JOURNAL = "journal.json"
_CHUNK = 1 << 20
Progress = Callable[[int], None]


class Recovery(Enum):
    """What `recover` found of an interrupted run."""

    NOTHING = "nothing"
    CLEANED = "cleaned"  # it had staged files and changed none
    UNDONE = "undone"  # it had begun to change files; they are as they were before


@dataclass(frozen=True, slots=True)
class _Journal:
    """The steps of a run in order, and the folders that it makes, outer ones first."""

    steps: tuple[tuple[PurePosixPath, Action], ...]
    folders: tuple[PurePosixPath, ...]

    def to_json(self) -> str:
        steps = [[str(path), action.value] for path, action in self.steps]
        return json.dumps({"steps": steps, "folders": [str(path) for path in self.folders]})

    @classmethod
    def from_json(cls, text: str) -> _Journal:
        """Raises ValueError, KeyError or TypeError."""
        document = json.loads(text)
        steps = tuple((PurePosixPath(path), Action(action)) for path, action in document["steps"])
        folders = tuple(PurePosixPath(path) for path in document["folders"])
        if not all(is_safe(path) for path in (*folders, *(path for path, _ in steps))):
            msg = "a path leaves the folder"
            raise ValueError(msg)
        return cls(steps, folders)


@dataclass(frozen=True, slots=True)
class _Stage:
    """The hidden folder: `new/` holds what goes in, `old/` what it replaces."""

    target: Path

    @property
    def folder(self) -> Path:
        return self.target / STAGE

    @property
    def journal(self) -> Path:
        return self.folder / _JOURNAL

    def new(self, path: PurePosixPath) -> Path:
        return self.folder / "new" / path

    def old(self, path: PurePosixPath) -> Path:
        return self.folder / "old" / path


def _copy(source: Path, to: Path, progress: Progress) -> None:
    with source.open("rb") as reader, to.open("wb") as writer:
        while chunk := reader.read(_CHUNK):
            writer.write(chunk)
            progress(len(chunk))


def _put(change: Change, to: Path, progress: Progress) -> None:
    """Writes a file into the stage; what is copied must still be what was planned."""
    assert change.content is not None
    to.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(change.content, bytes):
        to.write_bytes(change.content)
        return
    expected = digest(change.path, change.content)
    _copy(change.content, to, progress)
    if digest(change.path, to) != expected:
        raise fail(NOT_WRITABLE, change.content, reason="the file changed while it was copied")


def _fill(stage: _Stage, plan: Plan, progress: Progress) -> None:
    for change in plan.steps:
        if change.action in (Action.CREATE, Action.UPDATE):
            _put(change, stage.new(change.path), progress)
        if change.action == Action.UPDATE:
            stage.old(change.path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(stage.target / change.path, stage.old(change.path))


def _missing_folders(plan: Plan) -> Iterator[PurePosixPath]:
    wanted = {parent for change in plan.steps for parent in change.path.parents if parent.parts}
    return (folder for folder in sorted(wanted) if not (plan.target / folder).exists())


def _write_journal(stage: _Stage, plan: Plan) -> None:
    steps = tuple((change.path, change.action) for change in plan.steps)
    text = _Journal(steps, tuple(_missing_folders(plan))).to_json()
    draft = stage.folder / "journal.draft"
    draft.write_text(text, "utf-8", newline="\n")
    draft.replace(stage.journal)


def _swap(stage: _Stage, path: PurePosixPath, action: Action) -> None:
    """One step: a rename, so that a reader sees the old file or the new one and nothing between."""
    place = stage.target / path
    if action == Action.REMOVE:
        stage.old(path).parent.mkdir(parents=True, exist_ok=True)
        place.replace(stage.old(path))
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        stage.new(path).replace(place)


def _put_back(old: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        old.replace(place)
    except OSError:
        shutil.copy2(old, place)


def _undo_step(stage: _Stage, path: PurePosixPath, action: Action) -> None:
    """Puts one file back if its step was taken, which the stage tells: `new` has left it, or `old` has come."""
    place, old = stage.target / path, stage.old(path)
    if action == Action.REMOVE:
        if old.exists():
            _put_back(old, place)
    elif stage.new(path).exists():
        return
    elif action == Action.CREATE:
        place.unlink(missing_ok=True)
    elif old.exists():
        _put_back(old, place)


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _undo(stage: _Stage, journal: _Journal) -> None:
    if problems := list(link_problems((path for path, _ in journal.steps), stage.target)):
        raise UserError(problems)
    for path, action in reversed(journal.steps):
        _undo_step(stage, path, action)
    for folder in reversed(journal.folders):
        _remove_if_empty(stage.target / folder)


def _discard(stage: _Stage) -> None:
    """Without its journal the stage is mere waste; what cannot be deleted now, the next run deletes."""
    stage.journal.unlink(missing_ok=True)
    shutil.rmtree(stage.folder, ignore_errors=True)


def _prune(plan: Plan) -> None:
    """Removes the folders that removed files have left empty, never a package's own folder or one above it."""
    removed = [change.path for change in plan.steps if change.action == Action.REMOVE]
    for folder in sorted({parent for path in removed for parent in path.parents}, reverse=True):
        if len(folder.parts) > 2:
            _remove_if_empty(plan.target / folder)


def _execute(stage: _Stage, plan: Plan, progress: Progress) -> None:
    stage.target.mkdir(parents=True, exist_ok=True)
    stage.folder.mkdir()
    _fill(stage, plan, progress)
    _write_journal(stage, plan)
    for change in plan.steps:
        _swap(stage, change.path, change.action)
    _prune(plan)
    _discard(stage)


def _reason(error: BaseException) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


def _roll_back(stage: _Stage, absent: list[Path], cause: BaseException) -> None:
    """Undoes a run of this process; `absent` are folders around the target that it made."""
    try:
        if stage.journal.is_file():
            _undo(stage, _Journal.from_json(stage.journal.read_text("utf-8")))
        if stage.folder.is_dir():
            _discard(stage)
        for folder in absent:
            _remove_if_empty(folder)
    except OSError as second:
        raise fail(NOT_UNDONE, second.filename or "", reason=_reason(cause), backup=stage.folder / "old") from second


def recover(target: Path) -> Recovery:
    """Cleans up after a run that was killed: what it had begun is undone. Raises BAD_MANIFEST or NOT_WRITABLE."""
    stage = _Stage(target)
    if stage.folder.is_symlink():
        raise fail(OUTSIDE_PROJECT, stage.folder, actual=stage.folder.resolve())
    if not stage.folder.is_dir():
        return Recovery.NOTHING
    try:
        begun = stage.journal.is_file()
        if begun:
            _undo(stage, _Journal.from_json(stage.journal.read_text("utf-8")))
        _discard(stage)
    except OSError as error:
        raise fail(NOT_UNDONE, error.filename or "", reason=_reason(error), backup=stage.folder / "old") from error
    except (ValueError, KeyError, TypeError) as error:
        raise fail(BAD_MANIFEST, stage.journal, reason=error) from error
    return Recovery.UNDONE if begun else Recovery.CLEANED


def apply(plan: Plan, progress: Progress = lambda _: None) -> None:
    """Makes the plan's changes, all or none. `progress` hears of bytes copied. Raises NOT_WRITABLE or NOT_UNDONE."""
    if not plan.steps:
        return
    stage = _Stage(plan.target)
    absent = [folder for folder in (plan.target, *plan.target.parents) if not folder.exists()]
    try:
        _execute(stage, plan, progress)
    except BaseException as error:
        _roll_back(stage, absent, error)
        if isinstance(error, OSError):
            raise fail(NOT_WRITABLE, error.filename or plan.target, reason=_reason(error)) from error
        raise
