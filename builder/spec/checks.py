"""How the parts of a ModelSpec say that they cannot be."""

from __future__ import annotations


def require(condition: bool, message: str) -> None:
    """Raises ValueError with `message` where the condition does not hold."""
    if not condition:
        raise ValueError(message)
