from __future__ import annotations

import pytest

from builder import errors
from builder.errors import CATALOGUE, MISSING_SHARD, NO_BROWSER, NOT_A_BUILD, ErrorKind, UserError, fail, problem

KINDS = [pytest.param(kind, id=kind.id) for kind in CATALOGUE.values()]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_says_what_why_and_what_next(kind: ErrorKind) -> None:
    found = problem(kind, "file", **dict.fromkeys(kind.fields, "VALUE"))
    for text in (found.what, found.why, found.next_step):
        assert text.strip() == text and text
        assert "{" not in text.replace("{index: label}", "")
    assert found.what[0].isupper() or found.what.startswith("VALUE")


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_an_error_is_printed(kind: ErrorKind) -> None:
    found = problem(kind, **{name: f"<{name}>" for name in kind.fields})
    text = found.what + found.why + found.next_step
    assert all(f"<{name}>" in text for name in kind.fields)


@pytest.mark.parametrize("kind", KINDS)
def test_codes_and_exit_codes_follow_the_sections(kind: ErrorKind) -> None:
    sections = {1: {4}, 2: {2}, 3: {2}, 4: {2}, 5: {1, 2, 3, 4}, 6: {1, 2, 3, 4}, 7: {2}}
    assert kind.exit_code in sections[kind.code // 100]
    assert kind.in_game == (kind.code < 200)
    assert getattr(errors, kind.id) is kind


def test_codes_are_unique() -> None:
    assert len({kind.code for kind in CATALOGUE.values()}) == len(CATALOGUE)


def test_a_problem_without_its_fields_cannot_be_built() -> None:
    with pytest.raises(AssertionError, match="path"):
        problem(MISSING_SHARD)


def test_braces_in_values_are_left_alone() -> None:
    assert problem(MISSING_SHARD, path="{x}{0}").what == "The weight shard {x}{0} is missing."


def test_several_problems_take_the_gravest_exit_code() -> None:
    error = UserError([problem(NO_BROWSER, reason="a"), problem(NOT_A_BUILD, "dir", reason="b")])
    assert error.exit_code == 4
    assert str(error) == "No usable Chromium: a.; This is not a WebGL build: b."
    assert fail(NO_BROWSER, reason="a").exit_code == 3
