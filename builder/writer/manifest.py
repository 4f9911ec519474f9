"""The manifest of each package folder and of StreamingAssets/tfjs-bridge: which files there the tool wrote.

Paths are relative to the Unity project. A file's `models` are those that need it; without any it belongs to the
package. Inputs are recorded by name or by path inside the project, so that no machine's folders get into it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath

from pydantic import ConfigDict, TypeAdapter, ValidationError

from builder import __version__
from builder.errors import BAD_MANIFEST, NEWER_PROJECT, UserError, fail
from builder.writer.paths import is_safe

NAME = ".tfjs-for-unity.json"  # Unity skips files that begin with a dot
VERSION = 1
GENERATOR = f"tfjs-for-unity {__version__}"
_STRICT = ConfigDict(extra="forbid", frozen=True)
_HOMES = ("Packages", "Assets/StreamingAssets")


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as the tool wrote it: its SHA-256 (text with LF), for a `.meta` its GUID, and who needs it."""

    __pydantic_config__ = _STRICT

    sha256: str
    guid: str | None = None
    models: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            msg = "sha256 is not 64 hex digits"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Manifest:
    """`inputs` holds, for each model that has files here, what it was generated from."""

    __pydantic_config__ = _STRICT

    manifest: int = VERSION
    generator: str = GENERATOR
    inputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    files: Mapping[str, Entry] = field(default_factory=dict)


def area(path: PurePosixPath) -> PurePosixPath:
    """The folder whose manifest lists `path`: `Packages/<id>`, or `Assets/StreamingAssets/<folder>`."""
    depth = 2 if path.parts[0] == "Packages" else 3
    folder = PurePosixPath(*path.parts[:depth])
    return folder.with_suffix("") if len(path.parts) == depth and folder.suffix == ".meta" else folder


@dataclass(frozen=True, slots=True)
class _Head:
    """What a manifest of any version says."""

    manifest: int = VERSION
    generator: str = GENERATOR


def _release(generator: str) -> tuple[int, ...]:
    """`tfjs-for-unity 1.20.3.dev1` → (1, 20, 3); () where there is no version."""
    found = re.search(r"(\d+(?:\.\d+)*)", generator)
    return tuple(map(int, found[1].split("."))) if found else ()


def _refuse_newer(file: Path, head: _Head) -> None:
    if head.manifest > VERSION or _release(head.generator) > _release(GENERATOR):
        raise fail(NEWER_PROJECT, file, actual=printable(head.generator), expected=GENERATOR)


def printable(text: str) -> str:
    """Text from a file, fit for a terminal."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text[:100])


def _refusal(found: Manifest, folder: PurePosixPath) -> str | None:
    if found.manifest != VERSION:
        return f"it is of version {found.manifest}, this tool knows {VERSION}"
    for text in found.files:
        path = PurePosixPath(text)
        if not is_safe(path) or area(path) != folder:
            return f"{text!r} is not below {folder}"
    return None


def _unreadable(file: Path, error: ValidationError) -> UserError:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return fail(BAD_MANIFEST, file, reason=f"{place}: {first['msg']}".removeprefix(": "))


def read(target: Path, folder: PurePosixPath) -> Manifest:
    """The manifest of `folder`, empty if there is none; raises BAD_MANIFEST or NEWER_PROJECT."""
    file = target / folder / NAME
    if not file.is_file():
        return Manifest()
    try:
        content = file.read_bytes()
        _refuse_newer(file, TypeAdapter(_Head).validate_json(content))
        found = TypeAdapter(Manifest).validate_json(content)
    except ValidationError as error:
        raise _unreadable(file, error) from None
    if reason := _refusal(found, folder):
        raise fail(BAD_MANIFEST, file, reason=reason)
    return found


def _folders(target: Path) -> Iterator[PurePosixPath]:
    for home in _HOMES:
        for file in (target / home).glob(f"*/{NAME}"):
            yield PurePosixPath(file.parent.relative_to(target).as_posix())


def read_all(target: Path) -> dict[PurePosixPath, Manifest]:
    """Every manifest below `target`, by its folder, sorted."""
    return {folder: read(target, folder) for folder in sorted(_folders(target))}


def to_bytes(manifest: Manifest) -> bytes:
    """JSON with sorted keys and LF; fields at their defaults are left out of the entries."""
    document = asdict(manifest)
    document["files"] = {
        path: {key: value for key, value in entry.items() if value} for path, entry in document["files"].items()
    }
    return (json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()
