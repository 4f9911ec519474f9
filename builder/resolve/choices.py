"""Problems with the value of one option."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from builder.errors import BAD_OPTION, Problem, problem


def bad_option(option: str, value: object, reason: str) -> Problem:
    """`{option} cannot be {value}: {reason}.`"""
    return problem(BAD_OPTION, option, option=option, value=value, reason=reason)


def choice_problems(option: str, value: str, choices: tuple[str, ...]) -> Iterator[Problem]:
    """A problem, with the nearest choice, where `value` is none of `choices`."""
    if value not in choices:
        near = get_close_matches(value, choices, n=1)
        reason = f"it is one of {', '.join(choices)}" + (f"; the nearest is {near[0]}" if near else "")
        yield bad_option(option, repr(value), reason)
