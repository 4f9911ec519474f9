"""Hashes of files and of what is to be written; text counts with LF, since git may turn that into CRLF."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from builder.spec import OutputFile

META = ".meta"
CHUNK = 1 << 20
_TEXT = frozenset({".asmdef", ".cs", ".js", ".jslib", ".json", ".md", META, ".txt", ".xml"})
_GUID = re.compile(rb"^guid: ([0-9a-f]{32})\s*$", re.MULTILINE)
_MAX_META = 1 << 20


def _is_text(path: PurePosixPath) -> bool:
    return path.suffix in _TEXT or path.name.startswith(".")


def chunks(content: bytes | Path) -> Iterator[bytes]:
    """The bytes piece by piece, so that no large file ever lies in memory."""
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def _with_lf(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """CRLF becomes LF, also where it straddles two pieces."""
    held = b""
    for piece in pieces:
        text = held + piece
        held = b"\r" if text.endswith(b"\r") else b""
        yield text.removesuffix(held).replace(b"\r\n", b"\n")
    yield held


def _hash(pieces: Iterator[bytes]) -> str:
    found = hashlib.sha256()
    for piece in pieces:
        found.update(piece)
    return found.hexdigest()


def raw_digest(content: bytes | Path) -> str:
    """SHA-256 in hex of the bytes as they are."""
    return _hash(chunks(content))


def digest(path: PurePosixPath, content: bytes | Path) -> str:
    """SHA-256 in hex of what is, or will be, at `path`; the same whatever line ends git chose."""
    pieces = chunks(content)
    return _hash(_with_lf(pieces) if _is_text(path) else pieces)


def file_digest(file: OutputFile) -> str:
    """`digest` of a rendered file; a weight file whose hash is known is not read."""
    return file.sha256 if file.sha256 and not _is_text(file.path) else digest(file.path, file.content)


def _size(content: bytes | Path) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size


def same(file: OutputFile, on_disk: Path) -> bool:
    """True if the file needs no writing. In Assets every byte counts: the player's browser checks its hash."""
    if file.path.parts[0] == "Assets" and file.path.suffix != META:
        known = file.sha256 or (raw_digest(file.content) if _size(file.content) == on_disk.stat().st_size else "")
        return _size(file.content) == on_disk.stat().st_size and raw_digest(on_disk) == known
    return digest(file.path, on_disk) == file_digest(file)


def guid(content: bytes | Path) -> str | None:
    """The GUID of a `.meta` file, or None where there is none."""
    found = _GUID.search(next(chunks(content), b"")[:_MAX_META])
    return found[1].decode() if found else None


def is_as_written(path: PurePosixPath, on_disk: Path, sha256: str, mark: str | None) -> bool:
    """True if the file is as the tool left it. Unity rewrites `.meta` files, so for these the GUID `mark` decides."""
    if not on_disk.is_file():
        return False
    if path.suffix == META and mark is not None:
        return guid(on_disk) == mark
    return digest(path, on_disk) == sha256
