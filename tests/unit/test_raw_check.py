"""How raw numbers that a build gave are compared with those that a case expects."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from pydantic import ValidationError

from builder.harness.tasks.raw import MAX_VALUES, Found, Wanted, describe, judge, wish

AGES: dict[str, object] = {"name": "age", "shape": [1, 3], "values": [0.1, 0.7, 0.2]}


def reasons(wanted: Mapping[str, object], *outputs: Mapping[str, object]) -> list[str]:
    return list(judge(Wanted.model_validate(wanted), (), Found.model_validate({"outputs": list(outputs)})))


def test_numbers_within_the_tolerance_pass_and_what_is_not_named_may_be_anything() -> None:
    other = {"name": "other", "shape": [], "values": [float("nan")]}
    assert reasons({"outputs": {"age": [0.1, 0.705, 0.2]}, "shapes": {"age": [1, 3]}}, AGES, other) == []


def test_a_number_that_is_off_is_named() -> None:
    assert reasons({"outputs": {"age": [0.1, 0.9, 0.2]}}, AGES) == [
        "age differs by 0.2 at number 1: 0.7 instead of 0.9 (tolerance 0.01)"
    ]
    assert reasons({"outputs": {"age": [0.1, 0.9, 0.2]}, "tolerance": 0.25}, AGES) == []


def test_what_is_no_number_fails() -> None:
    broken = AGES | {"values": [0.1, float("nan"), 0.2]}
    assert len(reasons({"outputs": {"age": [0.1, 0.7, 0.2]}}, broken)) == 1


def test_another_length_or_shape_fails_with_both() -> None:
    assert reasons({"outputs": {"age": [0.1]}}, AGES) == ["age has 3 numbers, expected 1"]
    assert reasons({"outputs": {"age": [0.1, 0.7, 0.2]}, "shapes": {"age": [3]}}, AGES) == [
        "age has the shape [1, 3], expected [3]"
    ]
    cut = {"name": "age", "shape": [1, 2 * MAX_VALUES], "values": [0.0]}
    assert len(reasons({"outputs": {"age": [0.0]}}, cut)) == 1


def test_an_output_that_is_not_there_fails() -> None:
    assert reasons({"outputs": {"race": [1]}}, AGES) == ["there is no output race, only age"]


@pytest.mark.parametrize("bad", [{}, {"outputs": {}}, {"outputs": {"age": []}}, {"outputs": {"age": [float("inf")]}}])
def test_an_expectation_that_says_nothing_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Wanted.model_validate(bad)


def test_rows_of_the_report() -> None:
    assert describe((), Found.model_validate({"outputs": [AGES]})) == ("age [1, 3]", "-")
    assert wish(Wanted.model_validate({"outputs": {"age": [1, 2, 3]}})) == "age: 3 numbers"
