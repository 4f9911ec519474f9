"""Where the environments lie, and what state each is in.

<cache>/tf2/                 an environment; installed.json in it is written last
<cache>/tf2.unfinished/      one that is being made, and what is downloaded for it
<cache>/tf2.lock             held while it is made or removed
<cache>/logs/                what uv and the worker said in runs that failed
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from builder.convert.from_tensorflow.environments import Environment
from builder.errors import TOOLCHAIN_BROKEN, TOOLCHAIN_MISSING, fail

VARIABLE = "TFJS_FOR_UNITY_CACHE"
_MARKER = "installed.json"
_FORMAT = 1


def cache_folder() -> Path:
    """The user's cache folder for this tool, by the rules of each system; TFJS_FOR_UNITY_CACHE names another."""
    if chosen := os.environ.get(VARIABLE):
        return Path(chosen).absolute()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).absolute() / "tfjs-for-unity"


class Marker(BaseModel):
    """What an environment says of itself once it is whole. `bytes` is what it takes on the disk."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    format: int = _FORMAT
    lock: str
    python: str
    versions: dict[str, str]
    bytes: int


class State(StrEnum):
    """What `toolchain status` says."""

    READY = "ready"
    ABSENT = "not installed"
    UNFINISHED = "unfinished"
    OUTDATED = "made by another version"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Place:
    """An environment's paths, whether it is there or not."""

    environment: Environment

    @property
    def folder(self) -> Path:
        return cache_folder() / self.environment.name

    @property
    def unfinished(self) -> Path:
        return cache_folder() / f"{self.environment.name}.unfinished"

    @property
    def lock(self) -> Path:
        return cache_folder() / f"{self.environment.name}.lock"

    @property
    def marker(self) -> Path:
        return self.folder / _MARKER

    def read_marker(self) -> Marker | None:
        """None where there is none, or one that cannot be read."""
        try:
            return Marker.model_validate_json(self.marker.read_bytes())
        except (OSError, ValidationError):
            return None

    def state(self) -> State:
        """Looks at the folder; runs nothing."""
        marker = self.read_marker()
        if not self.folder.exists():
            return State.UNFINISHED if self.unfinished.exists() else State.ABSENT
        if marker is None or marker.format != _FORMAT or not python_in(self.folder).exists():
            return State.BROKEN
        return State.READY if marker.lock == self.environment.lock_hash else State.OUTDATED

    def python(self) -> Path:
        """The environment's interpreter. Raises TOOLCHAIN_MISSING or TOOLCHAIN_BROKEN unless it is ready."""
        name, state = self.environment.name, self.state()
        if state is State.BROKEN:
            has_marker = self.read_marker() is not None
            reason = "its Python is gone" if has_marker else "its installed.json is missing or damaged"
            raise fail(TOOLCHAIN_BROKEN, self.folder, name=name, reason=reason)
        if state is not State.READY:
            self.environment.check_platform()
            raise fail(TOOLCHAIN_MISSING, self.folder, name=name, reason=_REASONS[state], size=self.environment.size)
        return python_in(self.folder)


def choose(environments: Sequence[Environment]) -> Place:
    """The newest that is ready, as a newer TensorFlow reads all that an older one wrote; otherwise the first."""
    places = [Place(environment) for environment in environments]
    return next((place for place in reversed(places) if place.state() is State.READY), places[0])


_REASONS = {
    State.ABSENT: "nobody has asked for it yet",
    State.UNFINISHED: "its installation was interrupted",
    State.OUTDATED: "the one here was made by another version of this tool",
}


def python_in(folder: Path) -> Path:
    """The interpreter of a virtual environment."""
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def disk_bytes(folder: Path) -> int:
    """What a folder takes: each file once, however many names it has."""
    found = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        found[(status.st_dev, status.st_ino) if status.st_ino else path] = status
    return sum(getattr(status, "st_blocks", 0) * 512 or status.st_size for status in found.values())
