"""Finished boxes, one row each: [1, n, 6] or more."""

from __future__ import annotations

from collections.abc import Iterator

from builder.resolve.detection.heads import STRIDES
from builder.resolve.detection.seen import Candidate, Finding, Misfit, Seen, tables
from builder.resolve.shapes import listed, shape_text
from builder.spec.tasks.detection import RowsForm

_USUAL = ("box", "score", "class")
_BOX = 4
_COLUMNS = 6


def width_of(columns: tuple[str, ...]) -> int:
    """How many numbers a row has."""
    return sum(_BOX if name == "box" else 1 for name in columns)


def find_rows(seen: Seen) -> Iterator[Finding]:
    """Readings of outputs with as many columns as are named, or six."""
    columns = seen.wishes.columns or _USUAL
    wanted = width_of(columns)
    found = [(tensor, rows) for tensor, rows, wide in tables(seen.outputs) if wide == wanted]
    for tensor, rows in found:
        if seen.wishes.columns or not _is_grid(seen, rows):
            yield _candidate(seen, tensor.name, columns)
    if not found and seen.wishes.columns:
        text = f"--columns names {wanted} numbers of a box, the model's outputs are {listed(seen.outputs)}"
        yield Misfit(name="rows", reason=text)


def _is_grid(seen: Seen, rows: int) -> bool:
    """As many rows as cells: raw boxes, not finished ones."""
    return any(rows in (seen.cells(strides), 3 * seen.cells(strides)) for strides in STRIDES)


def _candidate(seen: Seen, name: str, columns: tuple[str, ...]) -> Candidate:
    wishes = seen.wishes
    (tensor,) = (tensor for tensor in seen.outputs if tensor.name == name)
    form = RowsForm(
        box=_place(columns, "box"),
        score=_place(columns, "score"),
        label=_place(columns, "class"),
        corners=wishes.corners or "xyxy",
        units=wishes.units or "pixels",
    )
    why = f"{shape_text(tensor.shape)} has rows of {', '.join(columns)}"
    return Candidate(name="rows", form=form, outputs=(tensor,), classes=None, why=why, certain=bool(wishes.columns))


def _place(columns: tuple[str, ...], name: str) -> int:
    return width_of(columns[: columns.index(name)])
