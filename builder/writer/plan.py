"""What a run would create, update, leave alone and remove; decided before anything is touched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path, PurePosixPath

from builder.errors import FOREIGN_FILE, NAME_TAKEN, NOT_WRITABLE, Problem, UserError, fail, problem
from builder.spec import OutputFile
from builder.writer import manifest as manifests
from builder.writer.content import META, digest, guid, same
from builder.writer.manifest import Entry, Manifest
from builder.writer.paths import link_problems, path_problems

Inputs = Mapping[str, str]


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    KEEP = "keep"  # it is there already, as it should be
    REMOVE = "remove"  # the tool wrote it and needs it no longer
    LEAVE = "leave"  # the same, but somebody edited it since: theirs now


@dataclass(frozen=True, slots=True)
class Change:
    """One file and what happens to it. `content` is None for REMOVE and LEAVE."""

    path: PurePosixPath
    action: Action
    content: bytes | Path | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """Every change, in the order in which they are made; the manifests come last."""

    target: Path
    changes: tuple[Change, ...]

    @property
    def steps(self) -> tuple[Change, ...]:
        """The changes that touch the disk."""
        return tuple(change for change in self.changes if change.action not in (Action.KEEP, Action.LEAVE))

    def paths(self, action: Action) -> list[PurePosixPath]:
        """Files of the tool that meet this fate, manifests not counted."""
        return [c.path for c in self.changes if c.action == action and c.path.name != manifests.NAME]


@dataclass(frozen=True, slots=True)
class _Area:
    """One manifest's folder: what it held, and what it shall hold."""

    folder: PurePosixPath
    old: Manifest
    files: tuple[OutputFile, ...]


def _entry(file: OutputFile, old: Entry | None, model: str) -> Entry:
    models = sorted({model, *(old.models if old else ())}) if file.per_model else []
    mark = guid(file.content) if file.path.suffix == META else None
    return Entry(digest(file.path, file.content), mark, tuple(models))


def _is_ours(path: PurePosixPath, on_disk: Path, entry: Entry | None) -> bool:
    """True if the file is as the tool left it. Unity rewrites `.meta` files, so for these the GUID decides."""
    if entry is None or not on_disk.is_file():
        return False
    if path.suffix == META and entry.guid is not None:
        return guid(on_disk) == entry.guid
    return digest(path, on_disk) == entry.sha256


def _meta_action(file: OutputFile, on_disk: Path, entry: Entry | None) -> Action | None:
    if guid(on_disk) != guid(file.content):
        return None
    untouched = entry is not None and digest(file.path, on_disk) == entry.sha256
    return Action.UPDATE if untouched and not same(file.path, on_disk, file.content) else Action.KEEP


def _action(file: OutputFile, on_disk: Path, entry: Entry | None) -> Action | None:
    """What to do with a wanted file; None: what is there belongs to somebody else."""
    if not on_disk.exists() and not on_disk.is_symlink():
        return Action.CREATE
    if not on_disk.is_file():
        return None
    if file.path.suffix == META and guid(file.content):
        return _meta_action(file, on_disk, entry)
    if same(file.path, on_disk, file.content):
        return Action.KEEP
    return Action.UPDATE if _is_ours(file.path, on_disk, entry) else None


def _rival(new: Entry, old: Entry | None, model: str) -> str | None:
    """Another model that needs this very file as it is."""
    if old is None or new.guid is not None or new.sha256 == old.sha256:
        return None
    return next((other for other in old.models if other != model), None)


def _wanted(area: _Area, target: Path, model: str) -> Iterator[tuple[Change, Entry] | Problem]:
    for file in area.files:
        old = area.old.files.get(str(file.path))
        entry = _entry(file, old, model)
        action = _action(file, target / file.path, old)
        if rival := _rival(entry, old, model):
            yield problem(NAME_TAKEN, target / file.path, model=rival)
        elif action is None:
            yield problem(FOREIGN_FILE, target / file.path)
        else:
            yield Change(file.path, action, file.content), entry


def _unwanted(area: _Area, target: Path, model: str) -> Iterator[tuple[str, Entry | Change]]:
    """Old files that are not rendered any more: an `Entry` if another model needs it, else its end."""
    wanted = {str(file.path) for file in area.files}
    for text in sorted(area.old.files.keys() - wanted):
        entry, path = area.old.files[text], PurePosixPath(text)
        others = tuple(name for name in entry.models if name != model)
        if others:
            yield text, replace(entry, models=others)
        elif (target / path).exists():
            ours = _is_ours(path, target / path, entry)
            yield text, Change(path, Action.REMOVE if ours else Action.LEAVE)


def _manifest_change(area: _Area, target: Path, entries: Mapping[str, Entry], inputs: Mapping[str, Inputs]) -> Change:
    needed = {name for entry in entries.values() for name in entry.models}
    known = {**area.old.inputs, **inputs}
    new = Manifest(inputs={name: known[name] for name in needed if name in known}, files=entries)
    path, content = area.folder / manifests.NAME, manifests.to_bytes(new)
    on_disk = target / path
    if not on_disk.is_file():
        return Change(path, Action.CREATE, content)
    unchanged = digest(path, on_disk) == digest(path, content)
    return Change(path, Action.KEEP if unchanged else Action.UPDATE, content)


def _plan_area(
    area: _Area, target: Path, model: str, inputs: Inputs
) -> tuple[list[Problem], list[Change], Change | None]:
    """Problems, changes, and the manifest's own change (None if there are problems)."""
    wanted = list(_wanted(area, target, model))
    problems = [found for found in wanted if isinstance(found, Problem)]
    pairs = [found for found in wanted if not isinstance(found, Problem)]
    if problems:
        return problems, [], None
    unwanted = list(_unwanted(area, target, model))
    entries = {str(change.path): entry for change, entry in pairs}
    entries |= {text: found for text, found in unwanted if isinstance(found, Entry)}
    changes = [change for change, _ in pairs] + [found for _, found in unwanted if isinstance(found, Change)]
    return [], changes, _manifest_change(area, target, entries, {model: inputs})


def _areas(files: Iterable[OutputFile], target: Path) -> list[_Area]:
    grouped: dict[PurePosixPath, list[OutputFile]] = {}
    for file in files:
        grouped.setdefault(manifests.area(file.path), []).append(file)
    return [_Area(folder, manifests.read(target, folder), tuple(grouped[folder])) for folder in sorted(grouped)]


def _make_plan(files: list[OutputFile], target: Path, model: str, inputs: Inputs) -> Plan:
    if problems := path_problems([file.path for file in files], target):
        raise UserError(problems)
    planned = [_plan_area(area, target, model, inputs) for area in _areas(files, target)]
    if problems := [found for area_problems, _, _ in planned for found in area_problems]:
        raise UserError(problems)
    changes = [change for _, area_changes, _ in planned for change in area_changes]
    if problems := list(link_problems((c.path for c in changes if c.action == Action.REMOVE), target)):
        raise UserError(problems)
    changes += [change for _, _, change in planned if change]
    return Plan(target, tuple(changes))


def make_plan(files: list[OutputFile], target: Path, *, model: str, inputs: Inputs | None = None) -> Plan:
    """Compares `files`, all that `model` needs, with what lies below `target`; changes nothing.

    `inputs` goes into the manifest. Raises every problem at once: FOREIGN_FILE, NAME_TAKEN, UNUSABLE_PATH,
    OUTSIDE_PROJECT, BAD_MANIFEST; NOT_WRITABLE if something cannot even be read.
    """
    try:
        return _make_plan(files, target, model, inputs or {})
    except OSError as error:
        raise fail(NOT_WRITABLE, error.filename or target, reason=error.strerror or error) from error
