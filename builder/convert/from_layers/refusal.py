"""Why a layers model stays one."""

from __future__ import annotations


class Unconvertible(Exception):
    """The model holds what has no exact counterpart here; the message says what, for people."""


def require(holds: object, reason: str) -> None:
    """Raises Unconvertible with `reason` unless it holds."""
    if not holds:
        raise Unconvertible(reason)
