"""What a user says about a model: by flags, or in `tfjs-for-unity.toml`, whose keys are the flags' names.

The file describes one model and lies beside it, or anywhere, given by --config. A value that a flag gives counts more
than one of the file, and that more than one that the model itself states.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from builder.errors import BAD_OPTION, BAD_OPTIONS_FILE, Problem, UserError, fail, problem
from builder.inputs.jsonfile import MAX_PROBLEMS, json_where, printable, read_text, schema_problems

FILE = "tfjs-for-unity.toml"
MAX_OPTIONS_BYTES = 1024 * 1024
# Either a preset, or figures: who states one of these in a higher place takes the other away.
_FIGURES = ("mean", "std", "scale")
_ALTERNATIVES = {"normalize": _FIGURES, **dict.fromkeys(_FIGURES, ("normalize",)), "into": ("out",), "out": ("into",)}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value comes from: `shown` in a word or two (`--fit`, `metadata.json`), `where` exactly, for errors."""

    shown: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Options of `generate`; None: not said. `input_size` is (width, height); `sources` is keyed by field."""

    model: Path | None = None
    engine: str | None = None
    name: str | None = None
    task: str | None = None
    labels: Path | None = None
    into: Path | None = None
    out: Path | None = None
    normalize: str | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    scale: float | None = None
    channel_order: str | None = None
    input_size: tuple[int, int] | None = None
    fit: str | None = None
    filter: str | None = None
    output: str | None = None
    softmax: bool | None = None
    skip_first: int | None = None
    top_k: int | None = None
    activation: str | None = None
    threshold: float | None = None
    result: str | None = None
    mask_class: str | None = None
    result_size: tuple[int, int] | None = None
    output_range: tuple[float, float] | None = None
    tile_margin: int | None = None
    form: str | None = None
    columns: tuple[str, ...] | None = None
    box_format: str | None = None
    box_units: str | None = None
    anchors: str | None = None
    overlap: float | None = None
    limit: int | None = None
    class_agnostic: bool | None = None
    sources: Mapping[str, Source] = field(default_factory=dict)

    def said(self) -> dict[str, Any]:
        """The fields that have a value."""
        return {name: value for name in NAMES if (value := getattr(self, name)) is not None}

    def over(self, other: Self) -> Self:
        """These settings, and those of `other` where these neither say anything nor say it in another way."""
        said = self.said()
        hidden = {*said, *(name for key in said for name in _ALTERNATIVES.get(key, ()))}
        added = {name: value for name, value in other.said().items() if name not in hidden}
        sources = {**self.sources, **{name: other.sources[name] for name in added if name in other.sources}}
        return replace(self, **added, sources=sources)


def is_anchors_file(anchors: str | None) -> bool:
    """Is it a file's path, and no preset's name?"""
    return anchors is not None and anchors.lower().endswith(".json")


NAMES = tuple(item.name for item in fields(Settings) if item.name != "sources")


def flag(name: str) -> str:
    """`top_k` → `--top-k`."""
    return "--" + name.replace("_", "-")


def number(value: object) -> object:
    """A finite number from text such as `0.5` or `1/255`; what is no text is left for others to judge."""
    if not isinstance(value, str):
        return value
    parts = value.split("/")
    try:
        result = float(parts[0]) if len(parts) == 1 else float(parts[0]) / float(parts[1])
    except (ValueError, ZeroDivisionError):
        result = math.nan
    if len(parts) > 2 or not math.isfinite(result):
        msg = "it is not a number such as 0.5 or 1/255"
        raise ValueError(msg)
    return result


def numbers(value: object) -> object:
    """Numbers from text such as `0.485,0.456,0.406`, from a list, or from one number."""
    items = value.split(",") if isinstance(value, str) else value if isinstance(value, (list, tuple)) else [value]
    return tuple(number(item) for item in items or [""])


def size(value: object) -> object:
    """(width, height) from `224` or `320x240`."""
    found = re.fullmatch(r"\s*([0-9]{1,6})\s*(?:[xX\u00d7]\s*([0-9]{1,6})\s*)?", str(value))
    if isinstance(value, bool) or not found:
        msg = "it is not a size in pixels such as 224 or 320x240 (width x height)"
        raise ValueError(msg)
    return int(found[1]), int(found[2] or found[1])


def words(value: object) -> object:
    """Words from text such as `box,score,class`, or from a list."""
    if not isinstance(value, (str, list, tuple)):
        return value
    items = value.split(",") if isinstance(value, str) else value
    return tuple(item.strip() if isinstance(item, str) else item for item in items)


def limits(value: object) -> object:
    """(low, high) from `0..255`, `0..1` or `-1..1`."""
    low, dots, high = str(value).partition("..")
    if not dots:
        msg = "it is not two numbers such as 0..255, 0..1 or -1..1"
        raise ValueError(msg)
    return number(low), number(high)


_READERS = {
    "mean": numbers,
    "std": numbers,
    "scale": number,
    "input_size": size,
    "result_size": size,
    "threshold": number,
    "output_range": limits,
    "columns": words,
    "overlap": number,
}


def flag_settings(given: Mapping[str, Any]) -> Settings:
    """The settings of the command line: `given` by field, text where the flag takes text; a `UserError` with every
    problem."""
    values: dict[str, Any] = {}
    problems = []
    for name, value in given.items():
        try:
            values[name] = _READERS[name](value) if name in _READERS and value is not None else value
        except ValueError as error:
            where = flag(name)
            problems.append(problem(BAD_OPTION, where, option=where, value=repr(printable(value)), reason=str(error)))
    if problems:
        raise UserError(problems)
    sources = {name: Source(flag(name), flag(name)) for name, value in values.items() if value is not None}
    return Settings(**values, sources=sources)


def _plain(value: str) -> str:
    if not value.isprintable():
        msg = "it holds a control character"
        raise ValueError(msg)
    return value


PathText = Annotated[str, AfterValidator(_plain)]
Number = Annotated[float, BeforeValidator(number), Field(allow_inf_nan=False)]
Numbers = Annotated[tuple[Number, ...], BeforeValidator(numbers)]
Size = Annotated[tuple[int, int], BeforeValidator(size)]
Words = Annotated[tuple[str, ...], BeforeValidator(words)]
Limits = Annotated[tuple[Number, Number], BeforeValidator(limits)]


class _Table(BaseModel):
    """Keys are spelled like flags: `top-k`."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, alias_generator=lambda name: name.replace("_", "-")
    )


class _Preprocess(_Table):
    normalize: str | None = None
    mean: Numbers | None = None
    std: Numbers | None = None
    scale: Number | None = None
    channel_order: str | None = None
    input_size: Size | None = None
    fit: str | None = None
    filter: str | None = None


class _Postprocess(_Table):
    output: str | None = None
    softmax: bool | None = None
    skip_first: int | None = None
    top_k: int | None = None
    activation: str | None = None
    threshold: Number | None = None
    result: str | None = None
    mask_class: str | None = None
    result_size: Size | None = None
    output_range: Limits | None = None
    tile_margin: int | None = None


class _Detection(_Table):
    form: str | None = None
    columns: Words | None = None
    box_format: str | None = None
    box_units: str | None = None
    anchors: PathText | None = None
    overlap: Number | None = None
    limit: int | None = None
    class_agnostic: bool | None = None


class _OptionsFile(_Table):
    model: PathText | None = None
    engine: str | None = None
    name: str | None = None
    task: str | None = None
    labels: PathText | None = None
    into: PathText | None = None
    out: PathText | None = None
    preprocess: _Preprocess = _Preprocess()
    postprocess: _Postprocess = _Postprocess()
    detection: _Detection = _Detection()


_TABLES: dict[str, type[_Table]] = {
    "preprocess": _Preprocess,
    "postprocess": _Postprocess,
    "detection": _Detection,
}
_PATHS = ("model", "labels", "into", "out")


def file_keys() -> dict[str, str]:
    """Where each setting stands in the file: `top_k` → `postprocess.top-k`."""
    tables: dict[str, type[_Table]] = {"": _OptionsFile, **{f"{table}.": model for table, model in _TABLES.items()}}
    return {
        name: table + name.replace("_", "-")
        for table, model in tables.items()
        for name in model.model_fields
        if name in NAMES
    }


def find_options(model: Path) -> Path | None:
    """The options file in the model's folder, or beside the file that is the model."""
    path = (model if model.is_dir() else model.parent) / FILE
    return path if path.is_file() else None


def read_options(path: Path) -> Settings:
    """The settings of an options file, its paths relative to its folder; a `UserError` with every problem."""
    document = _document(path)
    try:
        found = _OptionsFile.model_validate(document)
    except ValidationError as error:
        raise UserError(_problems(error, path)) from None
    values = {name: getattr(found, name) for name in found.model_fields_set - _TABLES.keys()}
    for table in (found.preprocess, found.postprocess, found.detection):
        values |= {name: getattr(table, name) for name in table.model_fields_set}
    values |= {name: path.parent / values[name] for name in _PATHS if name in values}
    if is_anchors_file(values.get("anchors")):
        values["anchors"] = str(path.parent / values["anchors"])
    keys = file_keys()
    return Settings(**values, sources={name: Source(path.name, f"{path}: {keys[name]}") for name in values})


def _document(path: Path) -> dict[str, Any]:
    text = read_text(path, MAX_OPTIONS_BYTES, BAD_OPTIONS_FILE)
    try:
        document = tomllib.loads(text)
        str(document).encode()  # a lone surrogate cannot go on
    except tomllib.TOMLDecodeError as error:
        raise fail(BAD_OPTIONS_FILE, path, reason=printable(str(error))) from None
    except (RecursionError, ValueError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else printable(str(error))
        raise fail(BAD_OPTIONS_FILE, path, reason=reason) from None
    return document


def _problems(error: ValidationError, path: Path) -> list[Problem]:
    """Unknown keys with the nearest match, the rest as pydantic says it."""
    unknown = [tuple(map(str, e["loc"])) for e in error.errors() if e["type"] == "extra_forbidden"]
    others = [e for e in schema_problems(error, path, BAD_OPTIONS_FILE) if e.params["reason"] != _EXTRA]
    found = [
        problem(BAD_OPTIONS_FILE, json_where(path, key), reason="unknown" + _nearest(key))
        for key in unknown[:MAX_PROBLEMS]
    ]
    return found + others


_EXTRA = "extra inputs are not permitted"


def _nearest(key: tuple[str, ...]) -> str:
    """` (did you mean normalize?)`: a key of the same table first, then one of another."""
    siblings = list(_alternatives(key[:-1]))
    if near := get_close_matches(_spelled(key[-1]), siblings, n=1):
        return f" (did you mean {near[0]}?)"
    everywhere = {path.rpartition(".")[2]: path for path in file_keys().values()}
    near = get_close_matches(_spelled(key[-1]), everywhere, n=1)
    return f" (did you mean {everywhere[near[0]]}?)" if near else f"; known are {', '.join(siblings)}"


def _spelled(key: str) -> str:
    return key.lower().replace("_", "-")[:100]


def _alternatives(table: tuple[str, ...]) -> Iterator[str]:
    model = _TABLES.get(table[0], _OptionsFile) if table else _OptionsFile
    return (name.replace("_", "-") for name in model.model_fields)
