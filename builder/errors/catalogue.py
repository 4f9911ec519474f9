"""The table itself; its rows are in the modules beside this one."""

from __future__ import annotations

from dataclasses import dataclass
from string import Formatter

EXIT_CASE_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_NO_BROWSER = 3
EXIT_BAD_BUILD = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorKind:
    """One row of the catalogue; `what`, `why` and `next_step` are format strings with named fields."""

    id: str
    code: int
    exit_code: int
    what: str
    why: str
    next_step: str

    @property
    def fields(self) -> frozenset[str]:
        """Names of the fields that a `Problem` of this kind must give."""
        texts = (self.what, self.why, self.next_step)
        return frozenset(name for text in texts for _, name, _, _ in Formatter().parse(text) if name)

    @property
    def in_game(self) -> bool:
        """True for errors that the runtime in the player's browser can raise."""
        return self.code < FIRST_TOOL_CODE


FIRST_TOOL_CODE = 200
CATALOGUE: dict[str, ErrorKind] = {}


def define(id: str, code: int, what: str, why: str, next_step: str, *, exit_code: int = EXIT_BAD_INPUT) -> ErrorKind:
    kind = ErrorKind(id=id, code=code, exit_code=exit_code, what=what, why=why, next_step=next_step)
    assert id not in CATALOGUE and all(code != other.code for other in CATALOGUE.values()), id
    CATALOGUE[id] = kind
    return kind


def in_game(id: str, code: int, what: str, why: str, next_step: str) -> ErrorKind:
    return define(id, code, what, why, next_step, exit_code=EXIT_BAD_BUILD)
