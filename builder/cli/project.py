"""What makes a folder a Unity project."""

from __future__ import annotations

from pathlib import Path

VERSION = Path("ProjectSettings", "ProjectVersion.txt")


def missing_part(folder: Path) -> str | None:
    """What a folder lacks to be a Unity project, in a word or two; None where it is one."""
    if not folder.exists():
        return "the folder itself"
    if not (folder / "Assets").is_dir():
        return "Assets"
    return None if (folder / VERSION).is_file() else VERSION.as_posix()
