"""Hashes of files and of what is to be written; text counts with LF, since git may turn that into CRLF."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path, PurePosixPath

META = ".meta"
_TEXT = frozenset({".asmdef", ".cs", ".js", ".jslib", ".json", ".md", META, ".txt", ".xml"})
_GUID = re.compile(rb"^guid: ([0-9a-f]{32})\s*$", re.MULTILINE)
_CHUNK = 1 << 20


def _is_text(path: PurePosixPath) -> bool:
    return path.suffix in _TEXT or path.name.startswith(".")


def _raw(content: bytes | Path) -> str:
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    digest = hashlib.sha256()
    with content.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _bytes(content: bytes | Path) -> bytes:
    return content if isinstance(content, bytes) else content.read_bytes()


def digest(path: PurePosixPath, content: bytes | Path) -> str:
    """SHA-256 in hex of what is, or will be, at `path`; the same whatever line ends git chose."""
    if not _is_text(path):
        return _raw(content)
    return hashlib.sha256(_bytes(content).replace(b"\r\n", b"\n")).hexdigest()


def same(path: PurePosixPath, on_disk: Path, content: bytes | Path) -> bool:
    """True if the file needs no writing. In Assets every byte counts: the player's browser checks its hash."""
    if path.parts[0] == "Assets" and path.suffix != META:
        return _raw(on_disk) == _raw(content)
    return digest(path, on_disk) == digest(path, content)


def guid(content: bytes | Path) -> str | None:
    """The GUID of a `.meta` file, or None where there is none."""
    found = _GUID.search(_bytes(content))
    return found[1].decode() if found else None
