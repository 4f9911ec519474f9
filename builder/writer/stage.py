"""The stage: one hidden folder in the target, so that each swap is a rename on one file system.

It holds `new/`, what goes in, and `old/`, what that replaces. While it holds a journal, the run is not finished.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from builder.errors import NEWER_PROJECT, fail
from builder.writer.changes import Action, Change, Plan
from builder.writer.content import is_as_written
from builder.writer.durable import sync_files, sync_folder
from builder.writer.manifest import GENERATOR, printable
from builder.writer.paths import is_safe

FOLDER = ".tfjs-for-unity~"  # git and Unity skip names with a tilde at the end
VERSION = 1


@dataclass(frozen=True, slots=True)
class Step:
    """One file, what is done to it, and how to know the file that this puts there (None after a removal)."""

    path: PurePosixPath
    action: Action
    sha256: str | None = None
    guid: str | None = None

    @classmethod
    def of(cls, change: Change) -> Step:
        if change.entry is None:
            return cls(change.path, change.action)
        return cls(change.path, change.action, change.entry.sha256, change.entry.guid)

    def is_untouched(self, place: Path) -> bool:
        """True if `place` holds what this step put there."""
        return self.sha256 is None or is_as_written(self.path, place, self.sha256, self.guid)


@dataclass(frozen=True, slots=True)
class Journal:
    """The steps of a run in order, and the folders that it makes, outer ones first."""

    steps: tuple[Step, ...]
    folders: tuple[PurePosixPath, ...]

    def to_json(self) -> str:
        steps = [[str(step.path), step.action.value, step.sha256, step.guid] for step in self.steps]
        folders = [str(path) for path in self.folders]
        return json.dumps({"journal": VERSION, "generator": GENERATOR, "steps": steps, "folders": folders})

    @classmethod
    def from_json(cls, text: str) -> Journal:
        """Raises ValueError, KeyError, TypeError, AttributeError or RecursionError; UserError for a newer journal."""
        document = json.loads(text)
        if document.get("journal", VERSION) > VERSION:
            raise fail(NEWER_PROJECT, FOLDER, actual=printable(str(document.get("generator"))), expected=GENERATOR)
        steps = tuple(Step(PurePosixPath(path), Action(action), *marks) for path, action, *marks in document["steps"])
        folders = tuple(PurePosixPath(path) for path in document["folders"])
        if not all(is_safe(path) for path in (*folders, *(step.path for step in steps))):
            msg = "a path leaves the folder"
            raise ValueError(msg)
        return cls(steps, folders)


@dataclass(frozen=True, slots=True)
class Stage:
    """The hidden folder of `target`."""

    target: Path

    @property
    def folder(self) -> Path:
        return self.target / FOLDER

    @property
    def journal(self) -> Path:
        """While this file exists, files may be half swapped."""
        return self.folder / "journal.json"

    @property
    def done(self) -> Path:
        """What the journal is called once all steps are taken."""
        return self.folder / "done.json"

    def new(self, path: PurePosixPath) -> Path:
        return self.folder / "new" / path

    def old(self, path: PurePosixPath) -> Path:
        return self.folder / "old" / path

    def read_journal(self) -> Journal:
        return Journal.from_json(self.journal.read_text("utf-8"))

    def write_journal(self, plan: Plan, folders: tuple[PurePosixPath, ...]) -> None:
        """The journal appears whole or not at all, also after a power cut."""
        draft = self.folder / "journal.draft"
        steps = tuple(map(Step.of, plan.steps))
        draft.write_text(Journal(steps, folders).to_json(), "utf-8", newline="\n")
        sync_files([draft])
        draft.replace(self.journal)
        sync_folder(self.folder)

    def finish(self) -> None:
        """From here on the run counts as done."""
        self.journal.replace(self.done)
        sync_folder(self.folder)

    def discard(self) -> None:
        """Without its journal the stage is mere waste; what cannot be deleted now, the next run deletes."""
        self.journal.unlink(missing_ok=True)
        for part in ("new", "old"):
            shutil.rmtree(self.folder / part, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)
