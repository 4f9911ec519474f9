"""What is installed in a folder, by its manifests and the files themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from builder.errors import NOT_WRITABLE, fail
from builder.writer.content import is_as_written
from builder.writer.manifest import GENERATOR, Entry, Manifest, read_all


class FileState(StrEnum):
    OK = "ok"
    EDITED = "edited"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Installation:
    """All manifests of `target`, by their folders."""

    target: Path
    manifests: Mapping[PurePosixPath, Manifest]

    @property
    def models(self) -> list[str]:
        """The models that have files here, sorted."""
        entries = (entry for found in self.manifests.values() for entry in found.files.values())
        return sorted({name for entry in entries for name in entry.models})

    @property
    def foreign_generators(self) -> list[str]:
        """Versions other than this one that wrote a manifest here."""
        return sorted({found.generator for found in self.manifests.values()} - {GENERATOR})

    def files(self, model: str) -> dict[PurePosixPath, Entry]:
        """The files that `model` needs, shared ones included, package files not."""
        listed = (item for found in self.manifests.values() for item in found.files.items())
        return {PurePosixPath(path): entry for path, entry in listed if model in entry.models}

    def package_files(self) -> dict[PurePosixPath, Entry]:
        """The files that belong to no model."""
        listed = (item for found in self.manifests.values() for item in found.files.items())
        return {PurePosixPath(path): entry for path, entry in listed if not entry.models}

    def inputs(self, model: str) -> dict[str, str]:
        """What `model` was generated from."""
        return {key: value for found in self.manifests.values() for key, value in found.inputs.get(model, {}).items()}

    def state(self, path: PurePosixPath, entry: Entry) -> FileState:
        """Compares a file with what was written; raises NOT_WRITABLE if it cannot be read."""
        place = self.target / path
        if not place.exists():
            return FileState.MISSING
        try:
            untouched = is_as_written(path, place, entry.sha256, entry.guid)
        except OSError as error:
            raise fail(NOT_WRITABLE, place, reason=error.strerror or error) from error
        return FileState.OK if untouched else FileState.EDITED


def installed(target: Path) -> Installation:
    """Reads all manifests below `target`; raises BAD_MANIFEST or NEWER_PROJECT."""
    return Installation(target, read_all(target))
