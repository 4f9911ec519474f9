"""What can be told of a file from its first bytes. Light to import: `generate` asks for every model."""

from __future__ import annotations

import zipfile
from pathlib import Path

_ZIP = b"PK\x03\x04"


def is_tfjs(path: Path) -> bool:
    """True for a folder with model.json, a JSON file, or a ZIP that holds a model.json."""
    if path.is_dir():
        return (path / "model.json").is_file() and not (path / "saved_model.pb").is_file()
    start = start_of(path)
    return start.lstrip()[:1] == b"{" or "model.json" in archived(path, start)


def start_of(path: Path) -> bytes:
    """Nothing for what cannot be read, which is left to others to say."""
    try:
        with path.open("rb") as file:
            return file.read(16)
    except OSError:
        return b""


def archived(path: Path, start: bytes) -> set[str]:
    """The names of the files in a ZIP, without their folders; none for what is no ZIP."""
    if not start.startswith(_ZIP):
        return set()
    try:
        with zipfile.ZipFile(path) as archive:
            return {name.rpartition("/")[2] for name in archive.namelist()}
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return set()
