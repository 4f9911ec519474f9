"""Teachable Machine's export: `metadata.json` beside model.json names the labels and the package that made the model.

The package `@teachablemachine/image` crops its pictures to the centre square and hands them to the model as -1..1
(googlecreativelab/teachablemachine-community, libraries/image).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from builder.errors import BAD_LABELS, fail
from builder.inputs.jsonfile import json_where, parse_json, read_text
from builder.inputs.labels import MAX_LABEL_BYTES, checked
from builder.inputs.options import Settings, Source

METADATA = "metadata.json"
_MAKER = "@teachablemachine/"
_IMAGE = "@teachablemachine/image"


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What `metadata.json` says. `found` is what stands there as labels, None where nothing does; `settings` are what
    the package states."""

    path: Path
    package: str
    found: object
    settings: Settings

    def labels(self) -> tuple[str, ...]:
        """The labels in the model's order; a `UserError` names every bad one."""
        if not isinstance(self.found, list):
            raise fail(BAD_LABELS, json_where(self.path, ("labels",)), reason="this is not a list")
        entries = [(json_where(self.path, ("labels", i)), label) for i, label in enumerate(self.found)]
        return checked(entries, self.path)

    @property
    def remark(self) -> str | None:
        """Why no normalization has to be given; None for models that take no pictures."""
        if self.package != _IMAGE:
            return None
        return f"{METADATA} names {_IMAGE}, which crops pictures to the centre and hands them over as -1..1"


def read_export(folder: Path) -> Export | None:
    """The export in `folder`, or None where `metadata.json` is missing or another tool's."""
    path = folder / METADATA
    if not path.is_file():
        return None
    value = parse_json(read_text(path, MAX_LABEL_BYTES), path)
    package = value.get("packageName") if isinstance(value, dict) else None
    if not isinstance(package, str) or not package.startswith(_MAKER):
        return None
    return Export(path=path, package=package, found=value.get("labels"), settings=_stated(package, path))


def _stated(package: str, path: Path) -> Settings:
    if package != _IMAGE:
        return Settings()
    source = Source(METADATA, json_where(path, ("packageName",)))
    return Settings(normalize="signed", fit="crop", sources={"normalize": source, "fit": source})
