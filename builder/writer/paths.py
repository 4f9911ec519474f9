"""Which paths may be written: the same file on every system, seen by Unity, and inside the target."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from builder.errors import OUTSIDE_PROJECT, UNUSABLE_PATH, Problem, problem
from builder.names import WINDOWS_DEVICES

_OUR_HIDDEN = frozenset({".gitattributes"})
_SKIPPED_ENDS = ("~", ".tmp", ".meta.meta")
_FORBIDDEN = re.compile(r'[<>:"\\|?*\x00-\x1f]')


def is_safe(path: PurePosixPath) -> bool:
    """True if the path stays below the folder that it is relative to."""
    return not path.is_absolute() and bool(path.parts) and ".." not in path.parts and "\\" not in str(path)


def _refusal(part: str) -> str | None:
    """Why a file or folder cannot be called `part`. Unity's manual lists the names that it skips."""
    hidden = part.startswith(".") and part not in _OUR_HIDDEN
    if hidden or part.endswith(_SKIPPED_ENDS) or part.lower() == "cvs":
        return "Unity skips it"
    device = part.partition(".")[0].lower() in WINDOWS_DEVICES
    if device or _FORBIDDEN.search(part) or part.endswith((".", " ")):
        return "Windows does not allow it"
    return None


def _unusable(paths: Iterable[PurePosixPath]) -> Iterator[Problem]:
    """A `.meta` is called like its file, so it is not named beside it."""
    refused: set[PurePosixPath] = set()
    for path in sorted(set(paths)):
        reason = next(filter(None, map(_refusal, path.parts)), None)
        known = path.suffix == ".meta" and path.with_suffix("") in refused
        if reason and not known:
            refused.add(path)
            yield problem(UNUSABLE_PATH, path, reason=reason)


def _with_parents(paths: Iterable[PurePosixPath]) -> list[PurePosixPath]:
    return sorted({place for path in paths for place in (path, *path.parents)})


def _collisions(paths: list[PurePosixPath]) -> Iterator[Problem]:
    """Twice the same file, a file where another needs a folder, or two names that differ only in case."""
    seen: dict[str, PurePosixPath] = {}
    for place in _with_parents(paths):
        other = seen.setdefault(str(place).casefold(), place)
        if other != place:
            yield problem(UNUSABLE_PATH, place, reason=f"it differs from {other} only in case")
    folders = {parent for path in paths for parent in path.parents}
    for path, count in sorted(Counter(paths).items()):
        if path in folders or count > 1:
            yield problem(UNUSABLE_PATH, path, reason="two files of the model or of the plug-in would take its place")


def _case_on_disk(paths: Iterable[PurePosixPath], target: Path) -> Iterator[Problem]:
    listed: dict[Path, set[str]] = {}
    for place in _with_parents(paths):
        folder = target / place.parent
        if folder not in listed:
            listed[folder] = {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()
        twins = sorted(name for name in listed[folder] - {place.name} if name.casefold() == place.name.casefold())
        if twins:
            yield problem(UNUSABLE_PATH, place, reason=f"{twins[0]} is there already and differs only in case")


def link_problems(paths: Iterable[PurePosixPath], target: Path) -> Iterator[Problem]:
    """Links on the way to any of `paths` that lead out of `target`."""
    home = target.resolve()
    for place in _with_parents(paths):
        found = target / place
        if found.is_symlink() and not found.resolve().is_relative_to(home):
            yield problem(OUTSIDE_PROJECT, found, actual=found.resolve())


def path_problems(paths: list[PurePosixPath], target: Path) -> list[Problem]:
    """Everything that speaks against writing `paths` below `target`."""
    return [*_unusable(paths), *_collisions(paths), *_case_on_disk(paths, target), *link_problems(paths, target)]
