"""Masks and pictures: how they come from the page, and how alike two of them are."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from builder.harness.images import ImageRefused, read_levels

Levels: TypeAlias = NDArray[np.uint8]
MAX_BYTES = 64 * 1024 * 1024
MAX_SIDE = 16_384

# Base64 in the page, since a list of numbers would take ten times as much; "" where the page keeps no pixels.
SCRIPT = f"""(p) => {{
  const bytes = p.bytes instanceof Uint8Array && p.bytes.length <= {MAX_BYTES} ? p.bytes : new Uint8Array(0);
  const step = 32766; // of which base64 needs no padding
  const coded = (at) => btoa(String.fromCharCode(...bytes.subarray(at, at + step)));
  const data = Array.from({{ length: Math.ceil(bytes.length / step) }}, (_, i) => coded(i * step)).join("");
  return {{ width: number(p.width, 0), height: number(p.height, 0), channels: number(p.channels, 0), data }};
}}"""


class WirePixels(BaseModel):
    """What a page says of pixels; `levels` is [height, width] or [height, width, 4], None where it keeps none."""

    model_config = ConfigDict(extra="ignore", frozen=True, arbitrary_types_allowed=True)

    width: int = Field(ge=1, le=MAX_SIDE)
    height: int = Field(ge=1, le=MAX_SIDE)
    channels: int
    data: str = Field(max_length=MAX_BYTES // 3 * 4 + 4, repr=False)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.channels not in (1, 4):
            msg = f"a pixel has 1 or 4 channels, not {self.channels}"
            raise ValueError(msg)
        if self.data and len(self._decoded()) != self.width * self.height * self.channels:
            msg = f"{len(self._decoded())} bytes are not {self.width}x{self.height} pixels of {self.channels}"
            raise ValueError(msg)
        return self

    def _decoded(self) -> bytes:
        try:
            return base64.b64decode(self.data, validate=True)
        except binascii.Error as error:
            msg = "it is not base64"
            raise ValueError(msg) from error

    @property
    def levels(self) -> Levels | None:
        if not self.data:
            return None
        flat = np.frombuffer(self._decoded(), np.uint8)
        shape = (self.height, self.width) if self.channels == 1 else (self.height, self.width, 4)
        return flat.reshape(shape)

    @property
    def size(self) -> str:
        return f"{self.width}x{self.height}"


class Expected(BaseModel):
    """A PNG, its path made absolute by whoever read the list of cases."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def iou(found: NDArray[np.bool_], expected: NDArray[np.bool_]) -> float:
    """Intersection over union of two masks; 1 where both are empty."""
    union = (found | expected).sum()
    return float((found & expected).sum() / union) if union else 1.0


def mean_iou(found: Levels, expected: Levels) -> float:
    """The mean over the values that either map has."""
    values = np.union1d(found, expected)
    return float(np.mean([iou(found == value, expected == value) for value in values]))


def mean_error(found: Levels, expected: Levels) -> float:
    """Mean absolute difference in levels of 0..255."""
    return float(np.abs(found.astype(np.int16) - expected).mean())


def read(path: str, mode: str) -> Levels:
    """The levels of a PNG: `L` [height, width], `RGB` [height, width, 3]; raises ImageRefused."""
    return read_levels(Path(path), mode)


def problems_of(found: WirePixels, path: str, mode: str, judged: Any) -> Iterator[str]:  # noqa: ANN401
    """`judged(found, expected)` where both are there and of one size, else why not."""
    levels = found.levels
    if levels is None:
        yield "the game's own results carry no pixels: expect them of probe"
        return
    try:
        expected = read(path, mode)
    except ImageRefused as error:
        yield f"the expected {Path(path).name} {error}"
        return
    if expected.shape[:2] != levels.shape[:2]:
        yield f"got {found.size} pixels, {Path(path).name} has {expected.shape[1]}x{expected.shape[0]}"
        return
    yield from judged(levels, expected)


def describe(_: Sequence[str], found: WirePixels) -> tuple[str, str]:
    """The size, and how much of a mask is set."""
    levels = found.levels
    if levels is None or found.channels == 4:
        return found.size, "-"
    return found.size, f"{np.count_nonzero(levels) / levels.size:.4f}"
