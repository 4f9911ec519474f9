"""Teachable Machine's export: `metadata.json` beside model.json names the labels and the package that made the model.

The package `@teachablemachine/image` crops its pictures to the centre square and hands them to the model as -1..1
(googlecreativelab/teachablemachine-community, libraries/image).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.errors import BAD_LABELS, fail
from builder.inputs.jsonfile import json_where, parse_json, read_text
from builder.inputs.labels import MAX_LABEL_BYTES, checked
from builder.inputs.options import Settings, Source

METADATA = "metadata.json"
_MAKER = "@teachablemachine/"
_IMAGE = "@teachablemachine/image"


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What `metadata.json` says. `labels` is empty where it names none; `settings` is what the package states."""

    path: Path
    package: str
    labels: tuple[str, ...]
    settings: Settings

    @property
    def remark(self) -> str | None:
        """Why no normalization has to be given; None for models that take no pictures."""
        if self.package != _IMAGE:
            return None
        return f"{METADATA} names {_IMAGE}, which crops pictures to the centre and hands them over as -1..1"


def read_export(folder: Path, *, labels: bool = True) -> Export | None:
    """The export in `folder`, or None where `metadata.json` is missing or another tool's. `labels` False leaves its
    labels unread, for callers who have others."""
    path = folder / METADATA
    if not path.is_file():
        return None
    value = parse_json(read_text(path, MAX_LABEL_BYTES), path)
    package = value.get("packageName") if isinstance(value, dict) else None
    if not isinstance(package, str) or not package.startswith(_MAKER):
        return None
    stated = Source(METADATA, json_where(path, ("packageName",)))
    settings = (
        Settings(normalize="signed", fit="crop", sources={"normalize": stated, "fit": stated})
        if package == _IMAGE
        else Settings()
    )
    texts = _labels(value, path) if labels else ()
    return Export(path=path, package=package, labels=texts, settings=settings)


def _labels(document: dict[str, Any], path: Path) -> tuple[str, ...]:
    if "labels" not in document:
        return ()
    found = document["labels"]
    if not isinstance(found, list):
        raise fail(BAD_LABELS, json_where(path, ("labels",)), reason="this is not a list")
    return checked([(json_where(path, ("labels", i)), label) for i, label in enumerate(found)], path)
