"""Lists of pictures as users write them: TOML, a JSON list or object, or CSV with one column per key."""

from __future__ import annotations

import csv
import difflib
import io
import json
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic_core import ErrorDetails

from builder.errors import BAD_CASES, ErrorKind, fail
from builder.harness.text import clean

MAX_LIST_BYTES = 16 * 1024 * 1024


def read_list(path: Path, key: str, kind: ErrorKind) -> dict[str, Any]:
    """The list at `path` as an object with `key`, not yet validated; raises UserError of this `kind`."""
    return parse_list(path.suffix.lower(), _text(path, kind), str(path), key, kind)


def _text(path: Path, kind: ErrorKind) -> str:
    try:
        size = path.stat().st_size
        if size > MAX_LIST_BYTES:
            raise fail(kind, path, reason=f"the list has {size} bytes, more than the {MAX_LIST_BYTES} that are read")
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise fail(kind, path, reason="the list is not UTF-8 text") from None
    except OSError as error:
        raise fail(kind, path, reason=f"the list cannot be read ({error.strerror})") from None


def parse_list(suffix: str, text: str, where: str, key: str = "cases", kind: ErrorKind = BAD_CASES) -> dict[str, Any]:
    """`text`, in the format that `suffix` names, as an object with `key`."""
    readers: dict[str, Callable[[str], Any]] = {".toml": tomllib.loads, ".json": json.loads, ".csv": _read_csv}
    if suffix not in readers:
        raise fail(kind, where, reason="a list ends in .toml, .json or .csv")
    try:
        data = readers[suffix](text)
    except (ValueError, RecursionError, csv.Error) as error:
        reason = f"it is not valid {suffix[1:].upper()}: {clean(str(error), 200)}"
        raise fail(kind, where, reason=reason) from None
    if isinstance(data, list):
        return {key: data}
    if not isinstance(data, dict):
        raise fail(kind, where, reason=f"it holds neither a list nor an object with `{key}`")
    return data


def _read_csv(text: str) -> list[dict[str, str]]:
    header = text.partition("\n")[0]
    delimiter = ";" if ";" in header and "," not in header else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows = []
    for row in reader:
        if None in row:
            msg = f"line {reader.line_num} has more cells than the header"
            raise ValueError(msg)
        rows.append({key.strip(): cell for key, cell in row.items() if cell and cell.strip()})
    return rows


def short(image: str) -> str:
    """The image as the list calls it; of an absolute path the file's name."""
    return Path(image).name if Path(image).is_absolute() else image.replace("\\", "/")


def unique(ids: Iterable[str]) -> list[str]:
    """The ids, `#2` and so on added to those that occur again."""
    seen: Counter[str] = Counter()
    result = []
    for id in ids:
        seen[id] += 1
        result.append(id if seen[id] == 1 else f"{id}#{seen[id]}")
    return result


def explain(detail: ErrorDetails, tables: Mapping[str, Iterable[str]]) -> str:
    """`cases.3.image: it is missing`, with the nearest key for one that is unknown; `tables`: the keys of each list."""
    loc = detail["loc"]
    place = clean(".".join(str(part) for part in loc), 200)
    match detail["type"]:
        case "missing":
            text = "it is missing"
        case "extra_forbidden":
            known = [*tables[str(loc[0])]] if len(loc) > 1 else [*tables]
            text = "unknown key" + near(str(loc[-1]), known)
        case _:
            text = clean(detail["msg"].removeprefix("Value error, "), 200)
    return f"{place}: {text}"


def near(word: str, known: Sequence[str]) -> str:
    """What a user may have meant by `word`, to follow a reason."""
    folded = {name.casefold(): name for name in known}
    close = [folded[match] for match in difflib.get_close_matches(word.casefold(), folded, n=3, cutoff=0.5)]
    if close:
        return "; did you mean " + " or ".join(quote(name) for name in close) + "?"
    shown = ", ".join(quote(name) for name in known[:10])
    return f"; it has {shown}" + (" …" if len(known) > 10 else "")


def quote(text: str) -> str:
    """Foreign text inside a sentence."""
    return f"`{clean(text, 80)}`"
