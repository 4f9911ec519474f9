"""Compares the models in a build with their contracts, before any browser starts: names, lengths, SHA-256.

All models count, also those that no visited scene loads. The build is not trusted: no path leaves the folder that the
tool writes, no link is followed, contracts are bounded.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from builder.harness import golden_file
from builder.harness.golden_file import GoldenFile, parse_golden
from builder.harness.results import Check
from builder.harness.text import clean
from builder.harness.wire import MAX_LABEL, MAX_LABELS
from builder.spec import MAX_INPUT_SIDE

ROOT = ("StreamingAssets", "tfjs-bridge")
RUNTIME = "runtime"
CONTRACT = "contract.json"
MAX_CONTRACT_BYTES = 64 * 1024 * 1024
MAX_MODELS = 1000
MAX_FILES = 100_000
SHOWN_FAULTS = 50


class Strict(BaseModel):
    """Foreign JSON: types as they are, unknown keys ignored."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class NamedFile(Strict):
    """A file as a contract names it, relative to the contract's folder."""

    path: str = Field(min_length=1, max_length=1000)
    bytes: int = Field(ge=0)
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _ModelFiles(Strict):
    topology: NamedFile
    shards: list[NamedFile] = Field(max_length=MAX_FILES)


class _Size(Strict):
    width: int = Field(gt=0, le=MAX_INPUT_SIDE)
    height: int = Field(gt=0, le=MAX_INPUT_SIDE)


class _Model(Strict):
    slug: str = Field(min_length=1, max_length=200)
    preprocess: _Size
    labels: list[Annotated[str, Field(max_length=MAX_LABEL)]] = Field(max_length=MAX_LABELS)
    files: _ModelFiles


class _Runtime(Strict):
    script: NamedFile
    wasm: list[NamedFile] = Field(max_length=100)


class Contract(Strict):
    model: _Model
    runtime: _Runtime

    @property
    def files(self) -> list[NamedFile]:
        return [self.runtime.script, *self.runtime.wasm, self.model.files.topology, *self.model.files.shards]


class Refused(ValueError):
    """A file that cannot be used; the message completes "x …"."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one file, and the folders of the models that need it."""

    path: str
    reason: str
    models: tuple[str, ...]

    def __str__(self) -> str:
        noun = "model" if len(self.models) == 1 else "models"
        return clean(f"{self.path} {self.reason} ({noun} {', '.join(self.models)})", 600)


@dataclass(slots=True)
class Tree:
    """The folder `tfjs-bridge` of a build, seen as a strict web host sees it: exact names, no links."""

    build: Path
    _listed: dict[Path, frozenset[str]] = field(default_factory=dict)

    def find(self, *parts: str) -> Path:
        """The regular file at `parts` below `tfjs-bridge`.

        Raises:
            Refused: with the reason.
        """
        place = self.folder(*parts[:-1]) / self._name(self.folder(*parts[:-1]), parts[-1])
        if not stat.S_ISREG(place.lstat().st_mode):
            msg = "is a link" if place.is_symlink() else "is no file"
            raise Refused(msg)
        return place

    def folder(self, *parts: str) -> Path:
        """The folder at `parts` below `tfjs-bridge`; raises Refused."""
        place = self.build
        for part in (*ROOT, *parts):
            place = place / self._name(place, part)
            if not stat.S_ISDIR(place.lstat().st_mode):
                msg = "lies behind a link" if place.is_symlink() else "is missing"
                raise Refused(msg)
        return place

    def names(self, *parts: str) -> list[str]:
        """What lies in the folder at `parts`, sorted."""
        return sorted(self._names(self.folder(*parts)))

    def _names(self, folder: Path) -> frozenset[str]:
        if folder not in self._listed:
            try:
                self._listed[folder] = frozenset(entry.name for entry in folder.iterdir())
            except OSError as error:
                raise Refused(_unreadable(error)) from None
        return self._listed[folder]

    def _name(self, folder: Path, name: str) -> str:
        names = self._names(folder)
        if name in names:
            return name
        twin = next((other for other in sorted(names) if other.casefold() == name.casefold()), None)
        raise Refused(
            "is missing" if twin is None else f"is missing: there is {twin}, and letter case counts on the web"
        )


def place_of(folder: str, path: str) -> tuple[str, ...]:
    """`path`, as the contract in `folder` names it, from `tfjs-bridge` on; by the rule that the runtime keeps, too.

    Raises:
        Refused: for a path that leaves the model's folder and is none into the runtime's folder beside it.
    """
    shared = f"../{RUNTIME}/"
    home, rest = (RUNTIME, path.removeprefix(shared)) if path.startswith(shared) else (folder, path)
    parts = rest.split("/")
    if not rest.isprintable() or any(part in ("", ".", "..") or "\\" in part or ":" in part for part in parts):
        msg = "leaves the folder of its model"
        raise Refused(msg)
    return home, *parts


def check_files(build: Path, *, look_at_golden: bool = True) -> Check:
    """The check "files": every model in `build` has exactly the files that its contract names, and its golden vector,
    if it has one, is of that contract."""
    tree = Tree(build.resolve())
    try:
        folders = model_folders(tree)
    except Refused as error:
        return Check("files", False, f"{'/'.join(ROOT)} {error}")
    if not folders:
        return Check("files", False, f"{'/'.join(ROOT)} holds no model")
    seen = _Seen(tree, look_at_golden)
    for folder in folders[:MAX_MODELS]:
        seen.look_at(folder)
    return seen.check(len(folders))


def model_folders(tree: Tree) -> list[str]:
    """The names of the models' folders, sorted: whatever is no file, a link too. Raises Refused."""
    home = tree.folder()
    names = (name for name in tree.names() if name != RUNTIME and not name.startswith("."))
    return [name for name in names if not stat.S_ISREG((home / name).lstat().st_mode)]


@dataclass(slots=True)
class _Seen:
    """What was compared so far. `files` holds each file once, with its verdict and the models that need it."""

    tree: Tree
    look_at_golden: bool
    files: dict[tuple[str, NamedFile | None], tuple[str, list[str]]] = field(default_factory=dict)
    bytes: int = 0

    def look_at(self, folder: str) -> None:
        """Compares one model's folder with its contract."""
        contract = f"{folder}/{CONTRACT}"
        try:
            found = read_contract(self.tree, folder)
        except Refused as error:
            self.files[contract, None] = str(error), [folder]
            return
        misnamed = f"is of the model {found.model.slug}: the game looks for it in a folder of that name"
        self.files[contract, None] = ("" if found.model.slug == folder else misnamed), [folder]
        for file in found.files:
            self._compare(folder, file)
        if self.look_at_golden and golden_file.NAME in self.tree.names(folder):
            self.files[f"{folder}/{golden_file.NAME}", None] = self._golden_verdict(folder), [folder]

    def _golden_verdict(self, folder: str) -> str:
        try:
            golden = read_golden(self.tree, folder)
            actual = hashlib.sha256(contract_bytes(self.tree, folder)).hexdigest()
        except Refused as error:
            return str(error)
        if golden is None or golden.contract_sha256 == actual:
            return ""
        return f"is stale: it was made for the contract {golden.contract_sha256[:12]}, this is {actual[:12]}"

    def _compare(self, folder: str, file: NamedFile) -> None:
        try:
            parts, reason = place_of(folder, file.path), ""
        except Refused as error:
            parts, reason = (folder, file.path), str(error)
        key = ("/".join(parts), file.model_copy(update={"path": ""}))
        if key not in self.files:
            self.files[key] = reason or self._verdict(parts, file), []
        self.files[key][1].append(folder)

    def _verdict(self, parts: Sequence[str], file: NamedFile) -> str:
        try:
            place = self.tree.find(*parts)
            self.bytes += file.bytes
            return difference(place, file)
        except Refused as error:
            return str(error)

    def faults(self) -> Iterator[Fault]:
        for (path, _), (reason, models) in self.files.items():
            if reason:
                yield Fault(path, reason, tuple(dict.fromkeys(models)))

    def check(self, models: int) -> Check:
        faults = list(self.faults())
        counted = f"{_count(models, 'model')}, {_count(len(self.files), 'file')}"
        if not faults:
            return Check("files", True, f"{counted}, {self.bytes:,} bytes of models and runtime")
        more = len(faults) - SHOWN_FAULTS
        reasons = [*map(str, faults[:SHOWN_FAULTS]), *([f"and {more} more"] if more > 0 else [])]
        detail = f"{len(faults)} not as generated, in all {counted}"
        return Check("files", False, detail, tuple(reasons))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def read_contract(tree: Tree, folder: str) -> Contract:
    """The contract in `folder`; raises Refused."""
    try:
        return Contract.model_validate_json(contract_bytes(tree, folder))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        at = ".".join(map(str, first["loc"]))
        raise Refused(clean(f"is no contract ({at + ': ' if at else ''}{first['msg']})", 300)) from None


def contract_bytes(tree: Tree, folder: str) -> bytes:
    """The bytes of the contract in `folder`, whose SHA-256 the game knows; raises Refused."""
    return read_small(tree.find(folder, CONTRACT), MAX_CONTRACT_BYTES)


def read_golden(tree: Tree, folder: str) -> GoldenFile | None:
    """The golden vector in `folder`, None if there is none; raises Refused."""
    if golden_file.NAME not in tree.names(folder):
        return None
    try:
        return parse_golden(read_small(tree.find(folder, golden_file.NAME), golden_file.MAX_BYTES))
    except Refused:
        raise
    except ValueError as error:
        msg = f"is no golden vector ({error})"
        raise Refused(msg) from None


def read_small(place: Path, limit: int) -> bytes:
    """A file of at most `limit` bytes; raises Refused."""
    try:
        with place.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise Refused(_unreadable(error)) from None
    if len(data) > limit:
        msg = f"has more than the {limit:,} bytes that are read"
        raise Refused(msg)
    return data


def _unreadable(error: OSError) -> str:
    return f"cannot be read ({error.strerror or 'unknown error'})"


def difference(place: Path, file: NamedFile) -> str:
    """How the file at `place` differs from `file`; "" if it does not."""
    try:
        size = place.lstat().st_size
        if size != file.bytes:
            return f"has {size:,} bytes, its contract says {file.bytes:,}"
        with place.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        return _unreadable(error)
    if found == file.sha256:
        return ""
    return f"has another content: its SHA-256 begins with {found[:12]}, its contract says {file.sha256[:12]}"
