"""What a run would create, update, leave alone and remove; decided before anything is touched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from builder.errors import FOREIGN_FILE, NAME_TAKEN, NOT_WRITABLE, Problem, UserError, fail, problem
from builder.spec import OutputFile
from builder.writer import manifest as manifests
from builder.writer.changes import Action, Change, Install, Plan, Request
from builder.writer.content import META, digest, file_digest, guid, is_as_written, same
from builder.writer.manifest import Entry, Manifest
from builder.writer.metas import keep_needed_metas
from builder.writer.paths import link_problems, path_problems


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A file of this run, and those of its models that need it; none where it belongs to its package."""

    file: OutputFile
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Area:
    """One manifest's folder: what it held, and what it shall hold."""

    folder: PurePosixPath
    old: Manifest
    files: tuple[_Wanted, ...]


@dataclass(frozen=True, slots=True)
class _Run:
    """`names`: the models that this run installs or drops; all others keep what they have."""

    target: Path
    request: Request
    names: frozenset[str]
    keeps_packages: bool

    @property
    def force(self) -> bool:
        return self.request.force


def _entry(wanted: _Wanted, old: Entry | None, run: _Run) -> Entry:
    file = wanted.file
    others = {name for name in (old.models if old else ()) if name not in run.names}
    models = sorted({*wanted.models, *others}) if file.per_model else []
    mark = guid(file.content) if file.path.suffix == META else None
    return Entry(file_digest(file), mark, tuple(models))


def _is_ours(path: PurePosixPath, on_disk: Path, entry: Entry | None) -> bool:
    return entry is not None and is_as_written(path, on_disk, entry.sha256, entry.guid)


def _meta_action(file: OutputFile, on_disk: Path, entry: Entry | None) -> Action | None:
    if guid(on_disk) != guid(file.content):
        return None
    untouched = entry is not None and digest(file.path, on_disk) == entry.sha256
    return Action.UPDATE if untouched and not same(file, on_disk) else Action.KEEP


def _action(file: OutputFile, on_disk: Path, entry: Entry | None) -> Action | None:
    """What to do with a wanted file; None: what is there belongs to somebody else."""
    if not on_disk.exists() and not on_disk.is_symlink():
        return Action.CREATE
    if not on_disk.is_file():
        return None
    if file.path.suffix == META and guid(file.content):
        return _meta_action(file, on_disk, entry)
    if same(file, on_disk):
        return Action.KEEP
    return Action.UPDATE if _is_ours(file.path, on_disk, entry) else None


def _rival(new: Entry, old: Entry | None, run: _Run) -> str | None:
    """Another model that needs this very file as it is."""
    if old is None or new.guid is not None or new.sha256 == old.sha256:
        return None
    return next((other for other in old.models if other not in run.names), None)


def _wanted(area: _Area, run: _Run) -> Iterator[tuple[Change, Entry] | Problem]:
    for wanted in area.files:
        file, on_disk = wanted.file, run.target / wanted.file.path
        old = area.old.files.get(str(file.path))
        entry = _entry(wanted, old, run)
        action = _action(file, on_disk, old)
        if rival := _rival(entry, old, run):
            yield problem(NAME_TAKEN, on_disk, model=rival)
        elif action:
            yield Change(file.path, action, file.content, entry, raw_sha256=file.sha256), entry
        elif run.force and on_disk.is_file():
            yield Change(file.path, Action.UPDATE, file.content, entry, edited=True, raw_sha256=file.sha256), entry
        else:
            yield problem(FOREIGN_FILE, on_disk)


def _remaining(entry: Entry, run: _Run) -> Entry | None:
    """The entry of an old file that this run does not render, as long as somebody needs it."""
    if not entry.models:
        return entry if run.keeps_packages else None
    others = tuple(name for name in entry.models if name not in run.names)
    return replace(entry, models=others) if others else None


def _end(path: PurePosixPath, entry: Entry, run: _Run) -> Change:
    ours = _is_ours(path, run.target / path, entry)
    removable = ours or (run.force and (run.target / path).is_file())
    return Change(path, Action.REMOVE if removable else Action.LEAVE, edited=not ours)


def _unwanted(area: _Area, run: _Run) -> Iterator[tuple[str, Entry | Change]]:
    """Old files that are not rendered: an `Entry` if something still needs it, else its end."""
    wanted = {str(wanted.file.path) for wanted in area.files}
    for text in sorted(area.old.files.keys() - wanted):
        entry, path = area.old.files[text], PurePosixPath(text)
        if rest := _remaining(entry, run):
            yield text, rest
        elif (run.target / path).exists():
            yield text, _end(path, entry, run)


def _manifest_change(area: _Area, run: _Run, entries: Mapping[str, Entry]) -> Change | None:
    """None where there is no manifest and nothing to list."""
    path = area.folder / manifests.NAME
    on_disk = run.target / path
    if not entries:
        return Change(path, Action.REMOVE) if on_disk.is_file() else None
    needed = {name for entry in entries.values() for name in entry.models}
    said = {install.model: install.inputs for install in run.request.installs if install.inputs is not None}
    known = {**area.old.inputs, **said}
    generator = manifests.GENERATOR if run.request.installs else area.old.generator
    new = Manifest(generator=generator, inputs={name: known[name] for name in needed if name in known}, files=entries)
    content = manifests.to_bytes(new)
    mark = Entry(digest(path, content))
    if not on_disk.is_file():
        return Change(path, Action.CREATE, content, mark)
    unchanged = digest(path, on_disk) == mark.sha256
    return Change(path, Action.KEEP if unchanged else Action.UPDATE, content, mark)


def _plan_area(area: _Area, run: _Run) -> tuple[list[Problem], list[Change], Change | None]:
    """Problems, changes, and the manifest's own change (None if there are problems)."""
    wanted = list(_wanted(area, run))
    problems = [found for found in wanted if isinstance(found, Problem)]
    pairs = [found for found in wanted if not isinstance(found, Problem)]
    if problems:
        return problems, [], None
    unwanted = list(_unwanted(area, run))
    entries = {str(change.path): entry for change, entry in pairs}
    entries |= {text: found for text, found in unwanted if isinstance(found, Entry)}
    changes = [change for change, _ in pairs] + [found for _, found in unwanted if isinstance(found, Change)]
    return [], changes, _manifest_change(area, run, entries)


def _merged(installs: Sequence[Install], target: Path) -> list[_Wanted]:
    """Each file once; two models may share one, as they do the runtime bundle, if both mean the same bytes."""
    found: dict[PurePosixPath, _Wanted] = {}
    problems = []
    for install in installs:
        for file in install.files:
            seen = found.get(file.path)
            if seen and file_digest(seen.file) != file_digest(file):
                problems.append(problem(NAME_TAKEN, target / file.path, model=seen.models[0] if seen.models else ""))
            models = (*(seen.models if seen else ()), install.model) if file.per_model else ()
            found[file.path] = _Wanted(file, models)
    if problems:
        raise UserError(problems)
    return [found[path] for path in sorted(found)]


def _paths(installs: Sequence[Install]) -> list[PurePosixPath]:
    """Every path; twice only where one model wants it twice."""
    paths: list[PurePosixPath] = []
    for install in installs:
        shared = set(paths)
        paths += [file.path for file in install.files if file.path not in shared]
    return paths


def _areas(wanted: Sequence[_Wanted], old: Mapping[PurePosixPath, Manifest]) -> list[_Area]:
    grouped: dict[PurePosixPath, list[_Wanted]] = {folder: [] for folder in old}
    for item in wanted:
        grouped.setdefault(manifests.area(item.file.path), []).append(item)
    return [_Area(folder, old.get(folder, Manifest()), tuple(grouped[folder])) for folder in sorted(grouped)]


def _run(request: Request, target: Path, old: Mapping[PurePosixPath, Manifest]) -> _Run:
    installed = {install.model for install in request.installs}
    staying = {name for found in old.values() for entry in found.files.values() for name in entry.models}
    return _Run(
        target=target,
        request=request,
        names=frozenset(installed | request.drop),
        keeps_packages=not installed and bool(staying - request.drop),
    )


def _make_plan(request: Request, target: Path) -> Plan:
    old = manifests.read_all(target)
    if problems := path_problems(_paths(request.installs), target):
        raise UserError(problems)
    run = _run(request, target, old)
    planned = [_plan_area(area, run) for area in _areas(_merged(request.installs, target), old)]
    if problems := [found for area_problems, _, _ in planned for found in area_problems]:
        raise UserError(problems)
    changes = [change for _, area_changes, _ in planned for change in area_changes]
    changes += [change for _, _, change in planned if change]
    if problems := list(link_problems((c.path for c in changes if c.action == Action.REMOVE), target)):
        raise UserError(problems)
    return Plan(target, tuple(keep_needed_metas(changes, target)))


def make_plan(request: Request, target: Path) -> Plan:
    """Compares what `request` wants with what lies below `target`; changes nothing.

    Raises every problem at once: FOREIGN_FILE, NAME_TAKEN, UNUSABLE_PATH, OUTSIDE_PROJECT, BAD_MANIFEST, NEWER_PROJECT;
    NOT_WRITABLE if something cannot even be read.
    """
    try:
        return _make_plan(request, target)
    except OSError as error:
        raise fail(NOT_WRITABLE, error.filename or target, reason=error.strerror or error) from error
