"""Cases are shared out over workers; a page that dies costs no more than the case it died on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from builder.errors import BUILD_FAILED_TO_LOAD, NO_BROWSER, UserError, fail
from builder.harness.cases import Case
from builder.harness.evaluate import check_tensors
from builder.harness.loading import Progress
from builder.harness.results import CaseResult, Check, ModelInfo, PageLog, Prediction, RunResult, Start, Tensors
from builder.harness.run import merge
from builder.harness.visits import Findings, RunFailed, Visit, plan
from builder.harness.workers import Board, Crew, Opening

GOOD = Prediction((1.0, 0.0), 0, "probe", 1, 1.0)


def case(name: str, query: str = "") -> Case:
    return Case(id=name, image=Path(name), where=name, label="a", query=query)


def cases(names: str) -> list[Case]:
    return [case(name) for name in names]


class Pages:
    """Stands in for the browser. `dies(case, visit)` says whether the page dies at this case."""

    def __init__(self, dies: Callable[[Case, Visit], bool] = lambda case, visit: False) -> None:
        self.dies, self.visits, self.open, self.most = dies, list[str](), 0, 0

    async def __call__(self, visit: Visit, progress: Progress) -> Findings:
        self.visits.append("".join(case.id for case in visit.cases))
        self.open += 1
        self.most = max(self.most, self.open)
        results: list[CaseResult] = []
        silence = ""
        for each in visit.cases:
            progress(f"case {each.id}")
            await asyncio.sleep(0)
            if self.dies(each, visit):
                silence = "the page crashed"
                break
            results.append(CaseResult(each, GOOD, ()))
        self.open -= 1
        return Findings(result=result(results, silence), screenshot=None, silence=silence)


def result(results: Sequence[CaseResult], silence: str = "") -> RunResult:
    tensors = None if silence else Tensors(before=5, after=5)
    return RunResult(
        build="b",
        browser="Chromium 1",
        renderer="SwiftShader",
        backend_asked="auto",
        backend_used="wasm",
        model=ModelInfo(1, "M", "m", "ab" * 32, ("a", "b")),
        cases=tuple(results),
        checks=(Check("backend", True, "wasm"), check_tensors(tensors, silence)),
        tensors=tensors,
        log=PageLog(),
        start=Start(api="", instances=0, progress=0.0, seconds=2.5),
    )


def carry_out(pages: Opening, wanted: Sequence[Case], workers: int, show: Progress = lambda text: None) -> RunResult:
    crew = Crew(pages, workers, Board(workers, len(wanted), show))
    asyncio.run(crew.run(plan(wanted, "", workers)))
    return merge(wanted, crew.found, crew.restarts).result


def verdicts(run: RunResult) -> dict[str, tuple[str, ...]]:
    return {each.case.id: each.reasons for each in run.cases}


# --- sharing out ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "workers", "parts"),
    [(20, 3, [6, 7, 7]), (2, 3, [1, 1]), (20, 1, [20]), (1, 4, [1]), (7, 2, [3, 4]), (0, 2, [0])],
)
def test_probes_are_shared_out_evenly(count: int, workers: int, parts: list[int]) -> None:
    assert [len(visit.cases) for visit in plan([case(str(n)) for n in range(count)], "", workers)] == parts


def test_small_groups_with_a_query_of_their_own_are_not_cut() -> None:
    wanted = [case(f"{query}{n}", query=f"scene={query}") for query in "abcdef" for n in (1, 2)]
    assert [len(visit.cases) for visit in plan(wanted, "", 3)] == [2] * 6
    wanted += [case(f"z{n}", query="scene=z") for n in range(12)]
    assert [len(visit.cases) for visit in plan(wanted, "", 3)] == [2] * 6 + [6, 6]


@pytest.mark.parametrize("workers", [1, 2, 3, 8])
def test_results_come_in_the_order_of_the_cases(workers: int) -> None:
    pages = Pages()
    run = carry_out(pages, cases("gfedcba"), workers)
    assert [each.case.id for each in run.cases] == list("gfedcba") and run.passed
    assert pages.most == min(workers, 7)


def test_progress_shows_every_worker() -> None:
    said: list[str] = []
    carry_out(Pages(), cases("abcdef"), 3, said.append)
    assert "0 of 6 cases are done\nworker 1: case a\nworker 2: case c\nworker 3: case e" in said
    assert said[-1] == "6 of 6 cases are done"
    said.clear()
    carry_out(Pages(), cases("ab"), 1, said.append)
    assert said[0] == "case a"


# --- pages that die -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_a_case_that_kills_its_page_twice_fails_alone(workers: int) -> None:
    run = carry_out(Pages(lambda case, visit: case.id in "be"), cases("abcdef"), workers)
    assert verdicts(run) == {**dict.fromkeys("abcdef", ()), "b": ("the page crashed",), "e": ("the page crashed",)}
    assert sorted(run.restarts) == ["the page crashed, at the case b", "the page crashed, at the case e"]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_page_that_dies_once_costs_nothing(workers: int) -> None:
    run = carry_out(Pages(lambda case, visit: case.id == "c" and not visit.again), cases("abcd"), workers)
    assert run.passed and run.restarts == ("the page crashed, at the case c",)
    assert run.tensors == Tensors(before=5, after=5)


def test_a_page_that_always_dies_is_not_opened_for_ever() -> None:
    pages = Pages(lambda case, visit: True)
    run = carry_out(pages, cases("abcdefgh"), 1)
    assert pages.visits == ["abcdefgh", "a", "bcdefgh"]
    assert verdicts(run)["b"] == ("the page crashed",) and verdicts(run)["c"] == ("not run: the page crashed",)
    assert [check.passed for check in run.checks] == [True, False]


def failing(error: UserError, times: int) -> Opening:
    left = [times]

    async def opening(visit: Visit, progress: Progress) -> Findings:
        if left[0]:
            left[0] -= 1
            raise error
        return await Pages()(visit, progress)

    return opening


def crash() -> RunFailed:
    return RunFailed(fail(BUILD_FAILED_TO_LOAD, reason="the page crashed"), PageLog(), None, crashed=True)


def test_a_crash_while_loading_is_tried_again_once() -> None:
    assert carry_out(failing(crash(), 1), cases("abc"), 2).restarts == ("The build did not load: the page crashed.",)
    with pytest.raises(RunFailed):
        carry_out(failing(crash(), 9), cases("abc"), 2)


def test_an_error_ends_the_run_as_it_is() -> None:
    with pytest.raises(UserError) as caught:
        carry_out(failing(fail(NO_BROWSER, reason="none"), 9), cases("abc"), 3)
    assert [problem.kind for problem in caught.value.problems] == [NO_BROWSER]


def test_of_each_check_the_worst_worker_counts() -> None:
    leaking = result([CaseResult(case("b"), GOOD, ())])
    tensors = Tensors(before=5, after=9)
    both = [Findings(result=result([CaseResult(case("a"), GOOD, ())]), screenshot=None)]
    both += [Findings(result=_with(leaking, tensors), screenshot=None)]
    wanted = [each.result.cases[0].case for each in both]
    merged = merge(wanted, both).result
    assert [check.passed for check in merged.checks] == [True, False] and merged.tensors == tensors


def _with(run: RunResult, tensors: Tensors) -> RunResult:
    return replace(run, tensors=tensors, checks=(run.checks[0], check_tensors(tensors)))
