"""The cases: which image must give which prediction. Read from a folder of images per class, or from a list.

A list is TOML (`[[cases]]`), JSON (a list, or an object with `cases`) or CSV (one column per key); see `CaseEntry`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from builder.errors import BAD_CASES, Problem, UserError, fail, problem
from builder.harness.images import SUFFIXES, ImageRefused, read_rgb
from builder.harness.listing import explain, near, quote, read_list, short, unique
from builder.harness.tasks import KINDS
from builder.harness.text import clean

Source = Literal["probe", "camera"]
DEFAULT_TOLERANCE = 0.01
MAX_CASES = 10_000

_Score = Annotated[float, Field(allow_inf_nan=False)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One image and what the model must say to it: `label` first (with at least `minimum`), or all `scores` within
    `tolerance`, or both; or what `expect` says, of models of other tasks. `where` names the place in the user's
    files."""

    id: str
    image: Path
    where: str
    label: str | None = None
    minimum: float | None = None
    scores: tuple[float, ...] | None = None
    tolerance: float = DEFAULT_TOLERANCE
    source: Source = "probe"
    query: str = ""
    expect: Mapping[str, Any] | None = None


class CaseEntry(BaseModel):
    """A case as it stands in a list. `min` is the least probability of `label`; `scores` a reference vector in the
    order of the model's labels; `query` is added to the page's address, for example to choose a scene."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    image: str = Field(min_length=1)
    label: str | None = Field(default=None, min_length=1)
    min: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False)
    scores: list[_Score] | None = Field(default=None, min_length=1)
    tolerance: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    source: Source = "probe"
    query: str = Field(default="", max_length=1000)
    expect: dict[str, Any] | None = None

    @field_validator("scores", mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        # One cell of a CSV holds the whole vector.
        return value.replace(";", " ").split() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        lacking = {
            "give `label`, `scores`, or both": self.label is None and self.scores is None and self.expect is None,
            "`min` needs `label`": self.min is not None and self.label is None,
            "`tolerance` needs `scores`": self.tolerance is not None and self.scores is None,
        }
        for message, wrong in lacking.items():
            if wrong:
                raise ValueError(message)
        return self


class _CaseFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    cases: list[CaseEntry] = Field(min_length=1, max_length=MAX_CASES)


def read_cases(path: Path) -> tuple[Case, ...]:
    """The cases of a folder or a list, in a fixed order, every image known to be readable.

    Raises:
        UserError: BAD_CASES, one problem for each thing that is wrong.
    """
    cases, problems = _from_folder(path) if path.is_dir() else _from_list(path)
    problems += [_unreadable(case, refusal) for case in cases if (refusal := _refusal(case.image))]
    if problems:
        raise UserError(problems)
    return cases


def digest(cases: Iterable[Case], query: str) -> str:
    """SHA-256 over what is asked: the cases but for the folders of their files, their pictures' sizes in bytes, and the
    `query` of the run."""
    found = hashlib.sha256()
    for case in cases:
        wanted = [case.label, case.minimum, case.scores, case.tolerance, _portable(case.expect)]
        row = [case.id, case.image.stat().st_size, *wanted, case.source, case.query, query]
        found.update(json.dumps(row, sort_keys=True, default=str).encode())
    return found.hexdigest()


def _portable(expect: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The expectation with the names alone of the files in it."""
    keys = {key for kind in KINDS.values() for key in kind.files}
    short = {k: Path(v).name for k, v in (expect or {}).items() if k in keys and isinstance(v, str)}
    return None if expect is None else {**expect, **short}


def check_against(cases: Iterable[Case], labels: Sequence[str], task: str = "classification") -> None:
    """Refuses labels that the model does not have, reference vectors of another length, what its task does not know.

    Raises:
        UserError: BAD_CASES, one problem per case at fault.
    """
    problems = [bad for case in cases for bad in (*_misfits(case, labels), *_task_misfits(case, task))]
    if problems:
        raise UserError(problems)


def _misfits(case: Case, labels: Sequence[str]) -> Iterable[Problem]:
    if case.label is not None and case.label not in labels:
        reason = f"the model has no label {quote(case.label)}{near(case.label, labels)}"
        yield problem(BAD_CASES, case.where, reason=reason)
    if case.scores is not None and len(case.scores) != len(labels):
        reason = f"`scores` has {len(case.scores)} numbers, the model has {len(labels)} labels"
        yield problem(BAD_CASES, case.where, reason=reason)


def _task_misfits(case: Case, task: str) -> Iterable[Problem]:
    kind = KINDS.get(task)
    if kind is None:
        if case.expect is not None:
            yield problem(BAD_CASES, case.where, reason=f"`expect` says nothing about a model of the task {task}")
    elif case.expect is None:
        yield problem(BAD_CASES, case.where, reason=f"a model of the task {task} needs `expect`")
    else:
        try:
            kind.expectation.model_validate(case.expect)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                place = ".".join(map(str, ("expect", *detail["loc"])))
                yield problem(BAD_CASES, case.where, reason=f"{place}: {detail['msg']}")


# --- a folder of images per class -----------------------------------------------------------------------------------


def _from_folder(folder: Path) -> tuple[tuple[Case, ...], list[Problem]]:
    entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    classes = [entry for entry in entries if entry.is_dir()]
    if not classes:
        hint = "its images lie in no sub-folder" if any(map(_is_image, entries)) else "it is empty"
        raise fail(BAD_CASES, folder, reason=f"the folder has no sub-folder per class: {hint}")
    cases: list[Case] = []
    problems: list[Problem] = []
    for sub in classes:
        images = [image for image in sorted(sub.iterdir()) if _is_image(image)]
        if not images:
            problems.append(problem(BAD_CASES, sub, reason="the class has no images"))
        cases += [_folder_case(sub.name, image) for image in images]
    if len(cases) > MAX_CASES:
        raise fail(BAD_CASES, folder, reason=f"there are {len(cases)} images, more than the {MAX_CASES} that are read")
    return tuple(cases), problems


def _folder_case(label: str, image: Path) -> Case:
    return Case(id=f"{label}/{image.name}", image=image, where=str(image), label=label)


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def _refusal(image: Path) -> str | None:
    try:
        read_rgb(image)
    except ImageRefused as error:
        return str(error)
    return None


def _unreadable(case: Case, refusal: str) -> Problem:
    return problem(BAD_CASES, case.where, reason=f"the image {quote(str(case.image))} {refusal}")


# --- a list ---------------------------------------------------------------------------------------------------------


def _from_list(path: Path) -> tuple[tuple[Case, ...], list[Problem]]:
    data = read_list(path, "cases", BAD_CASES)
    try:
        entries = _CaseFile.model_validate(data).cases
    except ValidationError as error:
        raise UserError(_problems(path, error)) from None
    ids = unique(short(entry.image) for entry in entries)
    return tuple(_list_case(path, i, id, entry) for i, (id, entry) in enumerate(zip(ids, entries, strict=True))), []


def _list_case(path: Path, index: int, id: str, entry: CaseEntry) -> Case:
    return Case(
        id=clean(id, 200),
        image=path.parent / entry.image,
        where=f"{path}:cases.{index}",
        label=entry.label,
        minimum=entry.min,
        scores=None if entry.scores is None else tuple(entry.scores),
        tolerance=DEFAULT_TOLERANCE if entry.tolerance is None else entry.tolerance,
        source=entry.source,
        query=entry.query.lstrip("?"),
        expect=_beside(path, entry.expect),
    )


def _beside(path: Path, expect: dict[str, Any] | None) -> dict[str, Any] | None:
    """The expectation with absolute paths of the files that it names."""
    keys = {key for kind in KINDS.values() for key in kind.files}
    absolute = {k: str(path.parent / v) for k, v in (expect or {}).items() if k in keys and isinstance(v, str)}
    return None if expect is None else {**expect, **absolute}


def _problems(path: Path, error: ValidationError) -> list[Problem]:
    known = {"cases": CaseEntry.model_fields}
    return [problem(BAD_CASES, path, reason=explain(detail, known)) for detail in error.errors(include_url=False)]
