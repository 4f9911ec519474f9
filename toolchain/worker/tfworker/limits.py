"""How large a model may be."""

from __future__ import annotations

from pathlib import Path

from tfworker.refusal import Refused

MAX_BYTES = 2 * 1024**3
MAX_CONFIG_BYTES = 64 * 1024**2


def check_size(actual: int, what: str, limit: int = MAX_BYTES) -> None:
    """Raises Refused where `actual` bytes are more than `limit`."""
    if actual > limit:
        raise Refused(f"{what} has {actual:,} bytes, at most {limit:,} are read")


def read_bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    """A file of bounded size."""
    check_size(path.stat().st_size, path.name, limit)
    return path.read_bytes()
