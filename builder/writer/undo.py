"""Puts everything back that an interrupted run had begun; reads from the stage alone how far it got."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePosixPath

from builder.errors import BAD_MANIFEST, NOT_UNDONE, OUTSIDE_PROJECT, UNFINISHED, UserError, fail
from builder.writer.changes import Action
from builder.writer.content import raw_digest
from builder.writer.paths import link_problems
from builder.writer.stage import Journal, Stage, Step


class Recovery(Enum):
    """What was found of an interrupted run."""

    NOTHING = "nothing"
    CLEANED = "cleaned"  # it had staged files and changed none
    UNDONE = "undone"  # it had begun to change files; they are as they were before
    FINISHED = "finished"  # it had made all its changes


@dataclass(frozen=True, slots=True)
class Recovered:
    """`edited`: files that the interrupted run had written and somebody edited since; they are left as they are."""

    found: Recovery
    edited: tuple[PurePosixPath, ...] = ()


def _put_back(old: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        old.replace(place)
    except OSError:
        shutil.copy2(old, place)


def _undo_removal(place: Path, old: Path) -> bool:
    if old.exists() and place.exists() and raw_digest(old) != raw_digest(place):
        return False
    if old.exists():
        _put_back(old, place)
    return True


def _undo_step(stage: Stage, step: Step) -> bool:
    """Puts one file back if its step was taken, which the stage tells: `new` has left it, or `old` has come.

    False if the file is left because somebody edited it meanwhile.
    """
    place, old = stage.target / step.path, stage.old(step.path)
    if step.action == Action.REMOVE:
        return _undo_removal(place, old)
    undone_already = step.action == Action.UPDATE and not old.exists()
    if stage.new(step.path).exists() or undone_already:
        return True
    if place.exists() and not step.is_untouched(place):
        return old.exists() and raw_digest(old) == raw_digest(place)
    if step.action == Action.CREATE:
        place.unlink(missing_ok=True)
    else:
        _put_back(old, place)
    return True


def remove_if_empty(folder: Path) -> None:
    """Removes `folder` if it is one and holds nothing."""
    if folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir()):
        folder.rmdir()


def undo(stage: Stage, journal: Journal) -> list[PurePosixPath]:
    """Takes all steps back, the last one first; the files that stay because they were edited."""
    if problems := list(link_problems((step.path for step in journal.steps), stage.target)):
        raise UserError(problems)
    edited = [step.path for step in reversed(journal.steps) if not _undo_step(stage, step)]
    for folder in reversed(journal.folders):
        remove_if_empty(stage.target / folder)
    return sorted(edited)


def reason(error: BaseException) -> str:
    """An error in a few words, for a message."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


def _recover(stage: Stage) -> Recovered:
    edited: list[PurePosixPath] = []
    if stage.journal.is_file():
        found = Recovery.UNDONE
        edited = undo(stage, stage.read_journal())
    elif stage.done.is_file():
        found = Recovery.FINISHED
    else:
        found = Recovery.CLEANED if any(stage.folder.iterdir()) else Recovery.NOTHING
    stage.discard()
    return Recovered(found, tuple(edited))


def recover(target: Path) -> Recovered:
    """Cleans up after a run that was killed: what it had begun is undone, what it had done stays.

    Raises BAD_MANIFEST, NOT_UNDONE, OUTSIDE_PROJECT or NEWER_PROJECT.
    """
    stage = Stage(target)
    if stage.folder.is_symlink():
        raise fail(OUTSIDE_PROJECT, stage.folder, actual=stage.folder.resolve())
    if not stage.folder.is_dir():
        return Recovered(Recovery.NOTHING)
    try:
        return _recover(stage)
    except OSError as error:
        raise fail(NOT_UNDONE, error.filename or "", reason=reason(error), backup=stage.folder / "old") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise fail(BAD_MANIFEST, stage.journal, reason=error) from error


def is_unfinished(target: Path) -> bool:
    """True where a run was interrupted half-way."""
    return Stage(target).journal.is_file()


def check_finished(target: Path) -> None:
    """For those who only look: raises UNFINISHED where a run was interrupted half-way."""
    if is_unfinished(target):
        raise fail(UNFINISHED, target)
