"""Labels in a CSV: a column of labels, perhaps one of indices, with or without a header."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

from builder.errors import BAD_LABELS, UserError, fail, problem
from builder.inputs.jsonfile import MAX_PROBLEMS, printable

Row = tuple[int, list[str]]
_DELIMITERS = ",;\t"
_LABEL_HEADERS = ("label", "labels", "class", "classes", "name", "names", "classname", "labelname", "displayname")
_INDEX_HEADERS = ("index", "idx", "id", "i", "number", "no", "classid", "classindex", "labelid", "labelindex")


def csv_entries(text: str, path: Path) -> list[tuple[str, object]]:
    """(place, label) for each record, in the order of the index column where there is one."""
    rows = _rows(text, path)
    if not rows:
        return []
    label, index, body = _columns(rows, path)
    if index is None:
        return [(_where(path, line), cells[label]) for line, cells in body]
    return _by_index(body, label, index, path)


def _where(path: Path, line: int) -> str:
    return f"{path}: line {line}"


def _rows(text: str, path: Path) -> list[Row]:
    """The records with their lines, all of one length; records without a cell are an empty label."""
    reader = csv.reader(io.StringIO(text.rstrip() + "\n", newline=""), delimiter=_delimiter(text), strict=True)
    rows: list[Row] = []
    line = 1
    try:
        for cells in reader:
            rows.append((line, [cell.strip() for cell in cells] or [""]))
            line = reader.line_num + 1
    except csv.Error as error:
        raise fail(BAD_LABELS, _where(path, line), reason=printable(str(error))) from None
    rows = rows if text.strip() else []
    width = len(rows[0][1]) if rows else 0
    if strange := [row for row in rows if len(row[1]) != width][:MAX_PROBLEMS]:
        raise UserError(
            problem(BAD_LABELS, _where(path, at), reason=f"this line has {len(cells)} cells, the first has {width}")
            for at, cells in strange
        )
    return rows


def _delimiter(text: str) -> str:
    """The delimiter that is most frequent in the first line, quoted cells aside; a comma where there is none."""
    first = re.sub(r'"[^"]*"', "", text.lstrip()).partition("\n")[0]
    return max(_DELIMITERS, key=first.count)


def _columns(rows: Sequence[Row], path: Path) -> tuple[int, int | None, Sequence[Row]]:
    """The columns of labels and of indices, and the rows below the header."""
    first = [re.sub(r"[^a-z]", "", cell.lower()) for cell in rows[0][1]]
    labels = [i for i, cell in enumerate(first) if cell in _LABEL_HEADERS]
    indices = [i for i, cell in enumerate(first) if cell in _INDEX_HEADERS]
    if len(first) == 1:
        return 0, None, rows[1:] if labels else rows
    if len(labels) == 1 and len(indices) == 1:
        return labels[0], indices[0], rows[1:]
    if len(first) == 2 and (found := _index_column(rows)) is not None:
        return 1 - found, found, rows if _is_index(rows[0][1][found]) else rows[1:]
    if len(labels) == 1:
        return labels[0], None, rows[1:]
    reason = f"none of its {len(first)} columns is known as that of the labels; call it `label`, and `index` the other"
    raise fail(BAD_LABELS, path, reason=reason)


def _index_column(rows: Sequence[Row]) -> int | None:
    """The one of two columns that holds whole numbers, its first cell perhaps a header."""
    for column in (0, 1):
        body = rows if _is_index(rows[0][1][column]) else rows[1:]
        if body and all(_is_index(cells[column]) for _, cells in body):
            return column
    return None


def _is_index(cell: str) -> bool:
    return re.fullmatch("[0-9]{1,9}", cell) is not None


def _by_index(rows: Sequence[Row], label: int, index: int, path: Path) -> list[tuple[str, object]]:
    """The entries in the order of their indices, which are 0 to n - 1, each once."""
    found: dict[int, tuple[str, object]] = {}
    for line, cells in rows:
        cell = cells[index]
        if not _is_index(cell) or int(cell) >= len(rows) or int(cell) in found:
            reason = f"the indices must be 0 to {len(rows) - 1}, each once; {printable(cell)!r} is not"
            raise fail(BAD_LABELS, _where(path, line), reason=reason)
        found[int(cell)] = (_where(path, line), cells[label])
    return [found[i] for i in range(len(rows))]
