"""The labelled pictures that a model is judged by: a folder of images per class, or a list with an entry for each."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, UnidentifiedImageError
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from builder.errors import BAD_DATA, Problem, UserError, fail, problem
from builder.harness.evaluation.crop import Box, crop
from builder.harness.images import SUFFIXES, RgbImage, read_rgb
from builder.harness.listing import explain, near, quote, read_list, short, unique
from builder.harness.text import clean

MAX_SAMPLES = 200_000
GROUP = "group"
_GROUP_PREFIX = "group:"
_SHOWN_PROBLEMS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A picture and its true class. `id` is unique; `groups` maps a kind of group ("group", "user") to this picture's;
    `box` is the part that counts; `where` names the place in the user's files."""

    id: str
    image: Path
    label: str
    where: str
    groups: Mapping[str, str] = field(default_factory=dict)
    box: Box | None = None

    def pixels(self, factor: float = 1.0) -> RgbImage:
        """[height, width, 3]: the picture, or the square around its box; raises ImageRefused."""
        rgb = read_rgb(self.image)
        return rgb if self.box is None else crop(rgb, self.box, factor)


class _Entry(BaseModel):
    """A picture as it stands in a list. `box` is x, y, width, height in pixels."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    image: str = Field(min_length=1)
    label: str = Field(min_length=1)
    group: dict[str, str] = Field(default_factory=dict)
    box: tuple[float, float, float, float] | None = None

    @field_validator("label", mode="before")
    @classmethod
    def _label(cls, value: object) -> object:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @field_validator("group", mode="before")
    @classmethod
    def _one_group(cls, value: object) -> object:
        given = value if isinstance(value, dict) else {GROUP: value}
        return {name: str(each).lower() if isinstance(each, bool) else str(each) for name, each in given.items()}

    @field_validator("box", mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        # One cell of a CSV holds the four numbers.
        return value.replace(";", " ").replace(",", " ").split() if isinstance(value, str) else value

    @field_validator("box")
    @classmethod
    def _has_area(cls, value: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if value is not None and not (all(map(math.isfinite, value)) and value[2] > 0 and value[3] > 0):
            msg = "it is x, y, width and height in pixels, the latter two above 0"
            raise ValueError(msg)
        return value


class _List(BaseModel):
    model_config = ConfigDict(extra="forbid")

    samples: list[_Entry] = Field(min_length=1, max_length=MAX_SAMPLES)


def read_samples(path: Path) -> tuple[Sample, ...]:
    """The pictures of a folder or a list, in a fixed order, every one known to be a picture.

    Raises:
        UserError: BAD_DATA, one problem for each thing that is wrong.
    """
    samples, problems = _from_folder(path) if path.is_dir() else (_from_list(path), [])
    problems += [
        problem(BAD_DATA, sample.where, reason=f"the picture {quote(str(sample.image))} {refusal}")
        for sample in samples
        if (refusal := _refusal(sample))
    ]
    if problems:
        raise UserError(problems[:_SHOWN_PROBLEMS])
    return samples


def _refusal(sample: Sample) -> str | None:
    """By its header alone: decoding all of them here would take as long as the evaluation."""
    try:
        with Image.open(sample.image) as image:
            width, height = image.size
    except FileNotFoundError:
        return "does not exist"
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError) as error:
        return f"cannot be read ({type(error).__name__})"
    box = sample.box
    # A picture may lie on its side; what its EXIF orientation says is not asked here.
    beyond = box is not None and (min(box.x, box.y) < 0 or max(box.x, box.y) >= max(width, height))
    return f"has {width} x {height} pixels, and its box begins outside" if beyond else None


def _from_folder(folder: Path) -> tuple[tuple[Sample, ...], list[Problem]]:
    entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    classes = [entry for entry in entries if entry.is_dir()]
    if not classes:
        raise fail(BAD_DATA, folder, reason="the folder has no sub-folder per class")
    samples: list[Sample] = []
    problems = []
    for sub in classes:
        images = [image for image in sorted(sub.iterdir()) if image.suffix.lower() in SUFFIXES and image.is_file()]
        if not images:
            problems.append(problem(BAD_DATA, sub, reason="the class has no pictures"))
        samples += [
            Sample(id=clean(f"{sub.name}/{image.name}", 300), image=image, label=sub.name, where=str(image))
            for image in images
        ]
    if len(samples) > MAX_SAMPLES:
        reason = f"there are {len(samples)} pictures, more than the {MAX_SAMPLES} that are read"
        raise fail(BAD_DATA, folder, reason=reason)
    return tuple(samples), problems


def _from_list(path: Path) -> tuple[Sample, ...]:
    data = read_list(path, "samples", BAD_DATA)
    rows = data.get("samples")
    data = data | {"samples": [_grouped(row) for row in rows]} if isinstance(rows, list) else data
    try:
        entries = _List.model_validate(data).samples
    except ValidationError as error:
        tables = {"samples": _Entry.model_fields}
        details = error.errors(include_url=False)[:_SHOWN_PROBLEMS]
        raise UserError([problem(BAD_DATA, path, reason=explain(each, tables)) for each in details]) from None
    ids = unique(clean(short(entry.image), 300) for entry in entries)
    return tuple(_sample(path, place, id, entry) for place, (id, entry) in enumerate(zip(ids, entries, strict=True)))


def _grouped(row: object) -> object:
    """The columns `group:NAME` of a CSV as one key."""
    if not isinstance(row, dict) or not any(str(key).startswith(_GROUP_PREFIX) for key in row):
        return row
    named = {key.removeprefix(_GROUP_PREFIX): row[key] for key in row if key.startswith(_GROUP_PREFIX)}
    own = {GROUP: row[GROUP]} if GROUP in row else {}
    return {key: row[key] for key in row if not key.startswith(_GROUP_PREFIX)} | {GROUP: own | named}


def _sample(path: Path, place: int, id: str, entry: _Entry) -> Sample:
    return Sample(
        id=id,
        image=path.parent / entry.image,
        label=entry.label,
        where=f"{path}:samples.{place}",
        groups={clean(name, 100): clean(value, 200) for name, value in entry.group.items()},
        box=None if entry.box is None else Box(*entry.box),
    )


def true_classes(samples: Sequence[Sample], labels: Sequence[str]) -> list[int]:
    """The index of each picture's label; raises UserError with the labels that the model does not have."""
    places = {label: place for place, label in enumerate(labels)}
    unknown = dict.fromkeys(sample.label for sample in samples if sample.label not in places)
    if unknown:
        first = {label: next(s.where for s in samples if s.label == label) for label in unknown}
        raise UserError(
            problem(BAD_DATA, first[label], reason=f"the model has no label {quote(label)}{near(label, labels)}")
            for label in [*unknown][:_SHOWN_PROBLEMS]
        )
    return [places[sample.label] for sample in samples]


def digest(samples: Iterable[Sample], factor: float) -> str:
    """SHA-256 over what is asked: the pictures' ids, sizes in bytes, labels, groups and boxes."""
    found = hashlib.sha256()
    for sample in samples:
        box = None if sample.box is None else [sample.box.x, sample.box.y, sample.box.width, sample.box.height]
        row = [sample.id, sample.label, sorted(sample.groups.items()), box, sample.image.stat().st_size]
        found.update(json.dumps([*row, factor]).encode())
    return found.hexdigest()
