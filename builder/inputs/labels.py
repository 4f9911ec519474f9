"""Labels: JSON (a list, {index: label}, or either of them under `labels` or `classes`), CSV, or one label per line."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from builder.errors import BAD_LABELS, Problem, UserError, fail, problem
from builder.inputs.csvfile import csv_entries
from builder.inputs.jsonfile import MAX_PROBLEMS, json_where, parse_json, printable, read_text

MAX_LABEL_BYTES = 8 * 1024 * 1024
MAX_LABELS = 65_536
MAX_LABEL_LENGTH = 1000
_KEYS = ("labels", "classes")
# Control characters that occur in text; the others have no form that a player could see.
_BREAKS = "\t\n\r"
# Where a label stands, for messages, and the label itself (anything, when it comes from JSON).
Entry = tuple[str, object]


def read_labels(path: Path) -> tuple[str, ...]:
    """The labels in the model's order, without surrounding blanks; a `UserError` names every bad one by its place."""
    return checked(_entries(read_text(path, MAX_LABEL_BYTES, BAD_LABELS), path), path)


def _entries(text: str, path: Path) -> list[Entry]:
    kind = path.suffix.lower()
    if kind in (".csv", ".tsv"):
        return csv_entries(text, path)
    if kind == ".json" or (text.lstrip()[:1] in ("[", "{") and (kind != ".txt" or _is_json(text, path))):
        return _json_entries(parse_json(text, path, BAD_LABELS, unique_keys=True), path)
    return _lines(text, path)


def _is_json(text: str, path: Path) -> bool:
    """False for lines of text the first of which happens to be a label like `[unknown]`."""
    try:
        parse_json(text, path)
    except UserError:
        return False
    return True


def checked(entries: Sequence[Entry], where: object) -> tuple[str, ...]:
    """The labels of `entries` if all are good; otherwise a `UserError` with every problem."""
    if not 0 < len(entries) <= MAX_LABELS:
        reason = f"there are {len(entries)}, at most {MAX_LABELS} are read" if entries else "there are none"
        raise fail(BAD_LABELS, where, reason=reason)
    problems = list(label_problems(entries))
    if problems:
        more = len(problems) - MAX_PROBLEMS
        rest = [problem(BAD_LABELS, where, reason=f"{more} more of them are bad")] if more > 0 else []
        raise UserError(problems[:MAX_PROBLEMS] + rest)
    return tuple(str(label).strip() for _, label in entries)


def label_problems(entries: Iterable[Entry]) -> Iterator[Problem]:
    """What is wrong with each label, duplicates included."""
    first: dict[str, str] = {}
    for where, label in entries:
        reason = refusal(label)
        if reason is None:
            text = str(label).strip()
            if first.setdefault(text, where) != where:
                reason = f"{printable(text)!r} stands there a second time, first at {_place(first[text])}"
        if reason:
            yield problem(BAD_LABELS, where, reason=reason)


def refusal(label: object) -> str | None:
    """Why `label` cannot be one, or None."""
    if not isinstance(label, str):
        return f"this is not text but {_json_type(label)}"
    if not label.strip():
        return "this label is empty"
    if len(label) > MAX_LABEL_LENGTH:
        return f"this label has {len(label)} characters, at most {MAX_LABEL_LENGTH} are allowed"
    if any(unicodedata.category(sign) in ("Cc", "Cs") and sign not in _BREAKS for sign in label.strip()):
        return f"{printable(label.strip())!r} holds a control character"
    return None


def _place(where: str) -> str:
    return where.rpartition(": ")[2]


def _lines(text: str, path: Path) -> list[Entry]:
    lines = text.rstrip().replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [(f"{path}: line {number}", line) for number, line in enumerate(lines, 1)] if text.strip() else []


def _json_entries(value: Any, path: Path, *above: str) -> list[Entry]:  # noqa: ANN401
    """The entries of a list, of {"0": label, "1": label, …}, or of what stands under `labels` or `classes`."""
    if isinstance(value, list):
        return [(json_where(path, (*above, i)), label) for i, label in enumerate(value)]
    if not isinstance(value, dict):
        raise fail(BAD_LABELS, json_where(path, above), reason=f"it holds {_json_type(value)} instead of a list")
    named = [key for key in _KEYS if key in value and not above]
    if len(named) == 2 and value[named[0]] != value[named[1]]:
        raise fail(BAD_LABELS, path, reason="it holds both `labels` and `classes`, and they differ")
    return _json_entries(value[named[0]], path, named[0]) if named else _indexed_entries(value, path, *above)


def _indexed_entries(value: dict[str, object], path: Path, *above: str) -> list[Entry]:
    expected = [str(i) for i in range(len(value))]
    strange = sorted(set(value) - set(expected))
    if strange:
        reason = f"the keys must be 0 to {len(value) - 1}, each once; {printable(strange[0])!r} is not one of them"
        raise fail(BAD_LABELS, json_where(path, (*above, strange[0])), reason=reason)
    return [(json_where(path, (*above, key)), value[key]) for key in expected]


def _json_type(value: object) -> str:
    names = {dict: "an object", list: "a list", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number" if isinstance(value, (int, float)) else "text")
