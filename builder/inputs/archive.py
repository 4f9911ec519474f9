"""Models in a ZIP: checked as a whole, then unpacked into a private folder that goes when its user is done.

Nothing is written before every entry has passed: paths that leave the folder, links, encryption, names that collide on
some file system, and sizes that only a bomb has. Archives inside the archive are files like any other.
"""

from __future__ import annotations

import re
import stat
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from builder.errors import BAD_ARCHIVE, NO_MODEL, UNREADABLE_FILE, Problem, UserError, fail, problem
from builder.inputs.jsonfile import MAX_PROBLEMS, printable
from builder.names import WINDOWS_DEVICES

MAX_ENTRIES = 4096
MAX_TOTAL_BYTES = 2 * 1024**3
# Weights shrink a little and JSON perhaps twentyfold; what shrinks more than this, beyond a few MB, is no model.
MAX_RATIO = 100
FREE_BYTES = 16 * 1024**2
_MAX_PATH = 240
_MAX_DEPTH = 16
_MAX_DIRECTORY_BYTES = 8 * 1024**2
_CHUNK = 1 << 20
_LOCAL, _END, _END_64 = b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x07"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
# What macOS adds to every archive; neither looked at nor unpacked.
_IGNORED = "__MACOSX/"


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A model's folder or JSON file. For an archive, `root` is the private folder and `archive` the ZIP itself."""

    path: Path
    root: Path | None = None
    archive: Path | None = None

    def shown(self, text: str) -> str:
        """`text` with the archive's path in place of the private folder's, which means nothing to anybody."""
        return text.replace(str(self.root), str(self.archive)) if self.root else text

    def shown_problem(self, found: Problem) -> Problem:
        """The problem as one of the archive."""
        params = {key: self.shown(value) if isinstance(value, str) else value for key, value in found.params.items()}
        return replace(found, where=self.shown(found.where), params=params)


@contextmanager
def unpacked(model: Path, *, whole: bool = False) -> Iterator[Unpacked]:
    """The model at `model`: a ZIP's unpacked into a private folder, removed at the end; anything else as it is.
    `whole`: all that is in the ZIP, and not the folder of its one model.

    `UserError`s raised inside name the archive instead of the private folder.
    """
    if not is_archive(model):
        yield Unpacked(model)
        return
    with tempfile.TemporaryDirectory(prefix="tfjs-for-unity-", ignore_cleanup_errors=True) as private:
        root = Path(private).resolve() / "model"
        folder = _unpack(model, root, whole=whole)
        result = Unpacked(folder, root, model)
        try:
            yield result
        except UserError as error:
            raise UserError(map(result.shown_problem, error.problems)) from None


def is_archive(model: Path) -> bool:
    """True for a file called *.zip, and for one that begins like a ZIP."""
    if not model.is_file():
        return False
    try:
        with model.open("rb") as file:
            return model.suffix.lower() == ".zip" or file.read(4) in (_LOCAL, _END)
    except OSError as error:
        raise fail(UNREADABLE_FILE, model, reason=error.strerror or "unknown error") from None


def _unpack(archive: Path, root: Path, *, whole: bool) -> Path:
    """Unpacks the model's folder below `root`; the folder that holds model.json is called as in the archive, or, at its
    top, like the archive."""
    try:
        _check_directory(archive)
        with zipfile.ZipFile(archive) as opened:
            entries = [entry for entry in opened.infolist() if not entry.orig_filename.startswith(_IGNORED)]
            _check(entries, archive)
            home = "" if whole else _home(entries, archive)
            for entry in entries:
                if not entry.is_dir() and entry.filename.startswith(home):
                    _extract(opened, entry, root / _folder_name(archive, home) / entry.filename.removeprefix(home))
            return root / _folder_name(archive, home)
    except OSError as error:
        raise fail(BAD_ARCHIVE, archive, reason=f"it cannot be unpacked ({error.strerror or error})") from None
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, NotImplementedError, EOFError, ValueError) as error:
        raise fail(BAD_ARCHIVE, archive, reason=f"it is damaged ({printable(str(error))})") from None


def _check_directory(archive: Path) -> None:
    """Refuses a table of contents that would fill the memory, before anybody reads it."""
    length = archive.stat().st_size
    with archive.open("rb") as file:
        file.seek(max(0, length - 22 - 0xFFFF))
        tail = file.read()
    sizes = [int.from_bytes(tail[at.start() + 12 : at.start() + 16], "little") for at in re.finditer(_END, tail)]
    if _END_64 in tail or any(size > _MAX_DIRECTORY_BYTES for size in sizes):
        raise fail(BAD_ARCHIVE, archive, reason="its table of contents is larger than that of any model")


def _check(entries: Sequence[zipfile.ZipInfo], archive: Path) -> None:
    """Every reason against unpacking the archive, at once."""
    reasons = [*_size_reasons(entries, archive), *_entry_reasons(entries), *_collisions(entries)]
    found = [problem(BAD_ARCHIVE, _where(archive, name), reason=reason) for name, reason in reasons]
    if len(found) > MAX_PROBLEMS:
        found[MAX_PROBLEMS:] = [problem(BAD_ARCHIVE, archive, reason=f"{len(found) - MAX_PROBLEMS} more are wrong")]
    if found:
        raise UserError(found)


def _where(archive: Path, name: str) -> str:
    return f"{archive}: {printable(name)}" if name else str(archive)


def _size_reasons(entries: Sequence[zipfile.ZipInfo], archive: Path) -> Iterator[tuple[str, str]]:
    """What would fill the disk: by the sizes that the entries declare, which are also the most that is unpacked."""
    total, packed = sum(entry.file_size for entry in entries), archive.stat().st_size
    if len(entries) > MAX_ENTRIES:
        yield "", f"it has {len(entries)} entries, at most {MAX_ENTRIES} are unpacked"
    if total > MAX_TOTAL_BYTES:
        yield "", f"it holds {total:,} bytes, at most {MAX_TOTAL_BYTES:,} are unpacked"
    elif total > MAX_RATIO * packed + FREE_BYTES:
        yield "", f"its {packed:,} bytes would become {total:,}, as in a ZIP bomb"


def _entry_reasons(entries: Sequence[zipfile.ZipInfo]) -> Iterator[tuple[str, str]]:
    for entry in entries:
        name, kind = entry.orig_filename, stat.S_IFMT(entry.external_attr >> 16)
        if reason := path_refusal(name.removesuffix("/")):
            yield name, reason
        elif kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            yield name, "it is a link or another special file"
        elif entry.flag_bits & _ENCRYPTED:
            yield name, "it is encrypted"
        elif entry.compress_type not in _METHODS:
            yield name, "it is compressed in another way than by Deflate"


def path_refusal(path: str) -> str | None:
    """Why an entry of this path is not unpacked, or None: it must mean one file below the folder on any system."""
    parts = path.split("/")
    if not path or path.startswith("/") or ".." in parts:
        return "its path leads out of the folder"
    if re.search(r"[\\:*?\"<>|]", path) or not path.isprintable():
        return "its path holds a character that is not allowed everywhere"
    if len(path) > _MAX_PATH or len(parts) > _MAX_DEPTH:
        return "its path is too long"
    if any(part in ("", ".") or part[-1] in ". " for part in parts):
        return "its path does not mean the same on every system"
    if any(part.partition(".")[0].strip().lower() in WINDOWS_DEVICES for part in parts):
        return "its path names a device on Windows"
    return None


def _collisions(entries: Sequence[zipfile.ZipInfo]) -> Iterator[tuple[str, str]]:
    """Entries that would land on one file where case or the form of accents does not count."""
    taken: dict[str, tuple[str, bool]] = {}
    for entry in entries:
        for path, is_file in _places(entry):
            at = taken.setdefault(_folded(path), mine := (path, is_file))
            if at is not mine and (is_file or at != mine):
                yield entry.orig_filename, f"it collides with {printable(at[0])}"
                break


def _places(entry: zipfile.ZipInfo) -> Iterator[tuple[str, bool]]:
    """The folders above an entry and the entry itself, each with whether it is a file."""
    parts = entry.orig_filename.removesuffix("/").split("/")
    for depth in range(1, len(parts) + 1):
        yield "/".join(parts[:depth]), depth == len(parts) and not entry.is_dir()


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _home(entries: Sequence[zipfile.ZipInfo], archive: Path) -> str:
    """The folder of the one model.json in the archive: `` or `hands/`."""
    found = [entry.filename for entry in entries if PurePosixPath(entry.filename).name == "model.json"]
    if not found:
        raise fail(NO_MODEL, archive)
    if len(found) > 1:
        shown = ", ".join(printable(name, 60) for name in found[:4])
        raise fail(BAD_ARCHIVE, archive, reason=f"it holds {len(found)} models: {shown}")
    return found[0].removesuffix("model.json")


def _folder_name(archive: Path, home: str) -> str:
    return PurePosixPath(home).name or archive.stem.strip(". ") or "model"


def _extract(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    """Writes one file, of the declared length at most; `zipfile` checks length and CRC at its end."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with opened.open(entry) as source, target.open("xb") as file:
        while piece := source.read(_CHUNK):
            file.write(piece)
