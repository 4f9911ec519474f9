"""What is raised: a problem is a row of the catalogue with its fields filled in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from builder.errors.catalogue import ErrorKind

# Foreign text gets into messages: nothing of it may command the terminal. Line ends are ours.
_COMMANDS = dict.fromkeys((*range(10), *range(11, 32), *range(127, 160), *range(0xD800, 0xE000)), "\ufffd")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `where` is a file, with a JSON path after a colon where there is one."""

    kind: ErrorKind
    where: str = ""
    params: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        missing = self.kind.fields - self.params.keys()
        assert not missing, f"{self.kind.id} lacks {sorted(missing)}"

    @property
    def what(self) -> str:
        return self.kind.what.format_map(self.params).translate(_COMMANDS)

    @property
    def why(self) -> str:
        return self.kind.why.format_map(self.params).translate(_COMMANDS)

    @property
    def next_step(self) -> str:
        return self.kind.next_step.format_map(self.params).translate(_COMMANDS)


def problem(kind: ErrorKind, where: object = "", **params: object) -> Problem:
    """A `Problem` with its fields as keywords."""
    return Problem(kind, str(where).translate(_COMMANDS), params)


class UserError(Exception):
    """Something the user can mend; carries every problem found, and never a traceback to the user."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        assert self.problems
        super().__init__("; ".join(p.what for p in self.problems))

    @property
    def exit_code(self) -> int:
        return max(p.kind.exit_code for p in self.problems)


def fail(kind: ErrorKind, where: object = "", **params: object) -> UserError:
    """A `UserError` with one problem: `raise fail(NO_MODEL, path)`."""
    return UserError([problem(kind, where, **params)])
