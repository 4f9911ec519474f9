"""What a run is asked for, and the plan that answers it: plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path, PurePosixPath

from builder.spec import OutputFile
from builder.writer.manifest import NAME, Entry

Inputs = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Install:
    """A model with all the files that it needs. `inputs` goes into the manifests; None keeps what they say."""

    model: str
    files: tuple[OutputFile, ...] = field(repr=False)
    inputs: Inputs | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Models to write, models to drop; all others stay as they are.

    `force` also overwrites or removes, below the folders that have a manifest, files that the user edited.
    """

    installs: tuple[Install, ...] = ()
    drop: frozenset[str] = frozenset()
    force: bool = False


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    KEEP = "keep"  # it is there already, as it should be
    REMOVE = "remove"  # the tool wrote it and needs it no longer
    LEAVE = "leave"  # the same, but it is edited, or the `.meta` of something that stays: the user's now


@dataclass(frozen=True, slots=True)
class Change:
    """One file and what happens to it. `content` and `entry` are None for REMOVE and LEAVE.

    `edited`: what lies there now is not what the tool wrote. `raw_sha256`: of the content's bytes, where it is known.
    """

    path: PurePosixPath
    action: Action
    content: bytes | Path | None = field(default=None, repr=False)
    entry: Entry | None = None
    edited: bool = False
    raw_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Every change, in the order in which they are made; the manifests come last."""

    target: Path
    changes: tuple[Change, ...]

    @property
    def steps(self) -> tuple[Change, ...]:
        """The changes that touch the disk."""
        return tuple(change for change in self.changes if change.action not in (Action.KEEP, Action.LEAVE))

    @property
    def writes(self) -> bool:
        """True if it has to do with more than ends and manifests."""
        return any(self.paths(action) for action in (Action.CREATE, Action.UPDATE, Action.KEEP))

    def paths(self, action: Action) -> list[PurePosixPath]:
        """Files of the tool that meet this fate, manifests not counted."""
        return [c.path for c in self.changes if c.action == action and c.path.name != NAME]

    def edited(self, *actions: Action) -> list[PurePosixPath]:
        """Files that the user edited and that meet one of these fates."""
        return [c.path for c in self.changes if c.edited and c.action in actions]
