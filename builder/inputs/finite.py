"""Whether the weights are numbers: one NaN spoils every score, while infinity may be meant as a limit or a mask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from builder.errors import WEIGHT_IS_NAN, Problem, problem
from builder.inputs.jsonfile import MAX_PROBLEMS, json_where, printable
from builder.inputs.schema import MAX_FLOAT, Group, Weight

_CHUNK = 1 << 20
_FLOATS = {"float32": "<f4", "float16": "<f2", "complex64": "<f4"}
_LARGEST = {"uint8": 0xFF, "uint16": 0xFFFF}


@dataclass(frozen=True, slots=True)
class _Count:
    """How many numbers of a weight are NaN, and how many infinite."""

    nan: int = 0
    infinite: int = 0


def examine_numbers(folder: Path, json_path: Path, groups: list[Group]) -> tuple[list[Problem], tuple[str, ...]]:
    """WEIGHT_IS_NAN for each such weight, and the names of those that hold infinities; the shards are intact."""
    problems: list[Problem] = []
    infinite: list[str] = []
    for number, group in enumerate(groups):
        for i, (weight, count) in enumerate(zip(group.weights, _counts(folder, group), strict=True)):
            if count.nan:
                where = json_where(json_path, ("weightsManifest", number, "weights", i))
                problems.append(_is_nan(where, weight, count.nan))
            elif count.infinite:
                infinite.append(weight.name)
    return problems[:MAX_PROBLEMS], tuple(infinite)


def _is_nan(where: str, weight: Weight, count: int) -> Problem:
    return problem(
        WEIGHT_IS_NAN, where, weight=printable(weight.name), count=f"{count:,}", elements=f"{weight.elements:,}"
    )


def _counts(folder: Path, group: Group) -> Iterator[_Count]:
    stream = _Joined(folder, group.paths)
    for weight in group.weights:
        yield _count(weight, stream.pieces(weight.stored_bytes))


def _count(weight: Weight, pieces: Iterator[bytes]) -> _Count:
    """Reads all of a weight, whatever its type, so that the next one begins where it should."""
    form = _FLOATS.get(weight.stored_as)
    nan = infinite = 0
    for piece in pieces:
        if form and not np.isfinite(values := np.frombuffer(piece, form)).all():
            nan += int(np.isnan(values).sum())
            infinite += int(np.isinf(values).sum())
    return _Count(nan, infinite or int(_overflows(weight)))


def _overflows(weight: Weight) -> bool:
    """True if some stored level of a quantized weight lies beyond float32."""
    packed, top = weight.quantization, _LARGEST.get(weight.stored_as)
    if packed is None or top is None or packed.scale is None or packed.min is None:
        return False
    return max(abs(packed.min), abs(packed.min + packed.scale * top)) > MAX_FLOAT


class _Joined:
    """The shards of a group as one stream."""

    def __init__(self, folder: Path, paths: list[str]) -> None:
        self._chunks = _chunks(folder, paths)
        self._held = b""

    def pieces(self, length: int) -> Iterator[bytes]:
        """The next `length` bytes in pieces that end between two numbers."""
        while length:
            wanted = min(length, _CHUNK)
            while len(self._held) < wanted:
                self._held += next(self._chunks)
            piece, self._held = self._held[:wanted], self._held[wanted:]
            length -= wanted
            yield piece


def _chunks(folder: Path, paths: list[str]) -> Iterator[bytes]:
    for path in paths:
        with (folder / path).open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
