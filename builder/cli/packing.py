"""How many bytes files take on their way to the browser: as they are, by gzip, and by Brotli where it is installed."""

from __future__ import annotations

import importlib
import os
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PIECE = 1 << 20
_GZIP_LEVEL, _BROTLI_QUALITY = 6, 5  # what hosts use when they compress on the fly


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """Bytes; `brotli` is None where the package is not installed."""

    raw: int
    gzip: int
    brotli: int | None


def packed(paths: Iterable[Path]) -> Packed:
    """The sizes of some files together, each compressed by itself, on all cores: both packages work outside the lock
    of the interpreter."""
    found = list(paths)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        small = pool.map(_gzip, found)
        smaller = pool.map(_brotlied, found) if _brotli() else None
        return Packed(
            raw=sum(path.stat().st_size for path in found),
            gzip=sum(small),
            brotli=None if smaller is None else sum(smaller),
        )


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _gzip(path: Path) -> int:
    packer = zlib.compressobj(_GZIP_LEVEL, wbits=31)
    return sum(len(packer.compress(piece)) for piece in _pieces(path)) + len(packer.flush())


def _brotlied(path: Path) -> int:
    packer = _brotli().Compressor(quality=_BROTLI_QUALITY)
    return sum(len(packer.process(piece)) for piece in _pieces(path)) + len(packer.finish())


def _brotli() -> Any:  # noqa: ANN401
    """The optional package; None without it."""
    try:
        return importlib.import_module("brotli")
    except ModuleNotFoundError:
        return None
