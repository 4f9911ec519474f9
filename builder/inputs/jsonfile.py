"""Reading foreign JSON: bounded, UTF-8 (a byte order mark is ignored), every refusal names the file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError

from builder.errors import BAD_JSON, TOO_LARGE, ErrorKind, Problem, fail, problem

MAX_JSON_BYTES = 32 * 1024 * 1024
MAX_PROBLEMS = 20
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


def read_text(path: Path, limit: int, otherwise: ErrorKind = BAD_JSON) -> str:
    """The text of a UTF-8 file of at most `limit` bytes; `otherwise` is the error for what is not such a file."""
    data = read_bytes(path, limit, otherwise)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise fail(otherwise, path, reason=f"it is not UTF-8 text (byte {error.start})") from None


def read_bytes(path: Path, limit: int, otherwise: ErrorKind) -> bytes:
    """A regular file's bytes, at most `limit` of them."""
    if not path.is_file():
        reason = "it is a folder" if path.is_dir() else "there is no such file"
        raise fail(otherwise, path, reason=reason)
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise fail(otherwise, path, reason=error.strerror or "it cannot be read") from None
    if len(data) > limit:
        raise fail(TOO_LARGE, path, actual=path.stat().st_size, limit=limit)
    return data


def parse_json(text: str, where: Path, kind: ErrorKind = BAD_JSON, *, unique_keys: bool = False) -> Any:  # noqa: ANN401
    """What JavaScript's `JSON.parse` would take; no NaN, no lone surrogates, no nesting beyond Python's stack.

    `unique_keys` also refuses an object that names a key twice, of which one value would be lost.
    """
    try:
        value = json.loads(
            text, parse_constant=_refuse_constant, object_pairs_hook=_unique_pairs if unique_keys else None
        )
        if _SURROGATE_ESCAPE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        reason = f"{error.msg} in line {error.lineno}, column {error.colno}"
        raise fail(kind, where, reason=reason) from None
    except RecursionError:
        raise fail(kind, where, reason="it is nested too deeply") from None
    except UnicodeEncodeError:
        raise fail(kind, where, reason="a text in it holds half a surrogate pair") from None
    except ValueError as error:
        reason = str(error).partition("; use sys.")[0]  # that advice is for programmers
        raise fail(kind, where, reason=reason) from None
    return value


def _refuse_constant(name: str) -> NoReturn:
    msg = f"{name} is no JSON number"
    raise ValueError(msg)


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            msg = f"the key {printable(key)!r} stands there twice"
            raise ValueError(msg)
        found[key] = value
    return found


def json_where(path: Path, location: Iterable[str | int]) -> str:
    """`model.json: weightsManifest.0.weights`: a file and the JSON path in it."""
    steps = ".".join(printable(str(step)) for step in location)
    return f"{path}: {steps}" if steps else str(path)


def schema_problems(error: ValidationError, path: Path, kind: ErrorKind, *prefix: str | int) -> list[Problem]:
    """pydantic's findings as problems with their JSON paths, the first `MAX_PROBLEMS` of them."""
    found = [
        problem(kind, json_where(path, (*prefix, *entry["loc"])), reason=_reason(entry["type"], entry["msg"]))
        for entry in error.errors(include_url=False, include_input=False, include_context=False)[: MAX_PROBLEMS + 1]
    ]
    return found if len(found) <= MAX_PROBLEMS else [*found[:-1], problem(kind, path, reason="and there are more")]


def _reason(type: str, message: str) -> str:
    if type in ("model_type", "dict_type"):  # pydantic would name our classes
        return "input should be an object"
    text = message.removeprefix("Value error, ")
    return printable(text[:1].lower() + text[1:])


def printable(text: str, limit: int = 120) -> str:
    """Foreign text made safe for a terminal: control characters replaced, cut at `limit` characters."""
    clean = "".join(character if character.isprintable() else "\ufffd" for character in text[: limit + 1])
    return clean if len(clean) <= limit else clean[:limit] + "…"
