"""How a conversion is checked. Light to import: `generate` reads it also where nothing is converted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from builder.convert.ports import Numbers

How = Literal["browser", "tf", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checking:
    """How parity is looked at. `numbers` are the normalization of the training, where it is stated; `size` (width,
    height) is for pictures of any size; `tolerance` None is that of the weights' precision."""

    how: How = "browser"
    photos: Path | None = None
    numbers: Numbers | None = None
    size: tuple[int, int] | None = None
    tolerance: float | None = None
    allow_flat: bool = False
    browser: Path | None = None
