"""What the worker says of a model that it does not take."""

from __future__ import annotations

from collections.abc import Sequence


class Refused(Exception):
    """The model is at fault. Reasons are clauses that end a sentence, one for each thing that is wrong."""

    kind = "refused"

    def __init__(self, *reasons: str) -> None:
        self.reasons = reasons
        super().__init__("; ".join(reasons))


class Unsafe(Refused):
    """The model holds code, or operations that reach beyond the model."""

    kind = "unsafe"


class BrokenEnvironment(Exception):
    """What the worker itself needs cannot be imported."""


def refuse_unsafe(reasons: Sequence[str]) -> None:
    """Raises Unsafe unless `reasons` is empty; says each reason once."""
    if reasons:
        raise Unsafe(*dict.fromkeys(reasons))
