"""A task of its own in the harness: its module is asked about cases, about the page's answers and for the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from builder.errors import UserError
from builder.harness import tasks
from builder.harness.cases import Case, check_against
from builder.harness.evaluate import judge
from builder.harness.results import Prediction
from builder.harness.tasks.kind import TaskCheck
from builder.harness.wire import WirePrediction


class Counted(BaseModel, extra="forbid", strict=True):
    count: int


def differs(expected: Counted, labels: Sequence[str], found: Counted) -> Iterator[str]:
    if found.count != expected.count:
        yield f"expected {expected.count} {labels[0]}, got {found.count}"


COUNTING = TaskCheck(
    script="(p) => ({ count: p.count })",
    wire=Counted,
    expectation=Counted,
    judge=differs,
    describe=lambda labels, found: (f"{found.count} {labels[0]}", "-"),
)


@pytest.fixture(autouse=True)
def counting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tasks.KINDS, "counting", COUNTING)


def case(**expect: object) -> Case:
    return Case(id="a", image=Path("a.png"), where="cases.toml:cases.0", expect=expect or None)


def answer(task: str = "counting", **found: object) -> Prediction:
    wire: dict[str, object] = {
        "task": task,
        "scores": [],
        "top": None,
        "path": "probe",
        "frame": 1.0,
        "execute_ms": 1.0,
        "found": found,
    }
    return WirePrediction.model_validate(wire).prediction()


def reasons(task: str, wanted: Case) -> list[str]:
    with pytest.raises(UserError) as caught:
        check_against([wanted], ["cats"], task)
    return [str(problem.params["reason"]) for problem in caught.value.problems]


def test_a_case_is_judged_by_the_task_of_the_model() -> None:
    assert judge(case(count=2), ["cats"], answer(count=2)) == ()
    assert judge(case(count=2), ["cats"], answer(count=3)) == ("expected 2 cats, got 3",)
    assert judge(case(count=2), ["cats"], answer("guessing")) == ("got a prediction of the task guessing",)


def test_what_the_page_says_is_checked_by_the_task() -> None:
    with pytest.raises(ValidationError):
        answer(count="two")
    assert answer("guessing", count="two").found is None


def test_cases_say_what_the_task_knows() -> None:
    check_against([case(count=2)], ["cats"], "counting")
    assert reasons("counting", case(counts=2)) == [
        "expect.count: Field required",
        "expect.counts: Extra inputs are not permitted",
    ]
    assert reasons("counting", case()) == ["a model of the task counting needs `expect`"]
    assert reasons("classification", case(count=2)) == [
        "`expect` says nothing about a model of the task classification"
    ]
