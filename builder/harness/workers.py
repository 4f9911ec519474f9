"""Carries visits out on several workers at a time. A page that dies costs no more than the case it died on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from builder.errors import UserError
from builder.harness.loading import Progress
from builder.harness.results import CaseResult
from builder.harness.visits import Findings, RunFailed, Visit

Opening = Callable[[Visit, Progress], Awaitable[Findings]]


class Board:
    """What all workers are doing, as one text with a line for each."""

    def __init__(self, workers: int, total: int, show: Progress) -> None:
        self._lines = dict.fromkeys(range(1, workers + 1), "")
        self._total, self._done, self._show = total, 0, show

    def of(self, worker: int) -> Progress:
        """Where `worker` says what it does; "" when it does nothing."""

        def say(text: str) -> None:
            self._lines[worker] = text
            self._tell()

        return say

    def done(self, count: int) -> None:
        """So many more cases have their result."""
        self._done += count
        self._tell()

    def _tell(self) -> None:
        busy = [f"worker {number}: {text}" for number, text in self._lines.items() if text]
        head = f"{self._done} of {self._total} cases are done"
        self._show("\n".join([head, *busy]) if len(self._lines) > 1 else self._lines[1])


@dataclass(slots=True)
class Crew:
    """`workers` at a time open the build by `opening`. `restarts` says which pages died and were replaced."""

    opening: Opening
    workers: int
    board: Board
    found: list[Findings] = field(default_factory=list)
    restarts: list[str] = field(default_factory=list)
    _idle: asyncio.Queue[int] = field(default_factory=asyncio.Queue)

    async def run(self, visits: Sequence[Visit]) -> None:
        """Carries out `visits`; raises the UserError of the first that cannot be."""
        for worker in range(1, self.workers + 1):
            self._idle.put_nowait(worker)
        try:
            async with asyncio.TaskGroup() as group:
                for visit in visits:
                    group.create_task(self._carry_out(visit, group))
        except BaseExceptionGroup as several:
            known = several.subgroup(UserError)
            raise (known or several).exceptions[0] from None

    async def _carry_out(self, visit: Visit, group: asyncio.TaskGroup) -> None:
        worker = await self._idle.get()
        say = self.board.of(worker)
        try:
            found = await self.opening(visit, say)
        except RunFailed as failure:
            if visit.again or not failure.crashed:
                raise
            self.restarts.append(failure.problems[0].what)
            group.create_task(self._carry_out(replace(visit, again=True), group))
            return
        finally:
            say("")
            self._idle.put_nowait(worker)
        self._settle(visit, found, group)

    def _settle(self, visit: Visit, found: Findings, group: asyncio.TaskGroup) -> None:
        more = successors(visit, found)
        if more:
            self.restarts.append(f"{found.silence}, at the case {more[0].cases[0].id}")
        elif found.silence:
            found = given_up(visit, found)
        self.found.append(replace(found, replaced=bool(more)))
        self.board.done(len(found.result.cases))
        for each in more:
            group.create_task(self._carry_out(each, group))


def successors(visit: Visit, found: Findings) -> list[Visit]:
    """What to do in place of a visit whose page died: the case at hand again, by itself, and those after it.

    None after a second death at the same place: whoever gave no answer in a second visit fails.
    """
    left, stuck = visit.cases[len(found.result.cases) :], not found.result.cases
    if not (found.silence and left) or (visit.again and stuck):
        return []
    rest = replace(visit, cases=left[1:], again=stuck)
    return [replace(visit, cases=left[:1], again=True), *([rest] if rest.cases else [])]


def given_up(visit: Visit, found: Findings) -> Findings:
    """`found` with a failed result for each case that got none."""
    left = visit.cases[len(found.result.cases) :]
    failed = [CaseResult(case, None, (found.silence,)) for case in left[:1]]
    failed += [CaseResult(case, None, (f"not run: {found.silence}",)) for case in left[1:]]
    return replace(found, result=replace(found.result, cases=(*found.result.cases, *failed)))
