"""Asks a model about many pictures: several pages at a time, pictures prepared while the model computes.

A page that dies costs no picture: those it was busy with are asked again, each alone on a fresh page; one on which a
page dies a second time gets no prediction, and says why.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TypeVar

from builder.errors import BUILD_FAILED_TO_LOAD, UserError, fail
from builder.harness.evaluation.answers import Answer, Ledger
from builder.harness.evaluation.pace import Pace
from builder.harness.evaluation.predictors import Memory, Opening, Predictor, Who
from builder.harness.evaluation.samples import Sample
from builder.harness.images import ImageRefused, RgbImage
from builder.harness.loading import Progress
from builder.harness.page import PageSilent
from builder.harness.text import clean

LANES = 2  # pictures under way on a page: while one is computed, the next is decoded and handed over
BATCH = 16
MEMORY_SAMPLES = 40
_MAX_DEATHS = 3  # of pages that gave no answer at all: then it is no picture's fault


@dataclass(frozen=True, slots=True)
class MemorySample:
    """A page's memory after so many answers of the whole run."""

    answers: int
    memory: Memory


@dataclass(slots=True)
class Crew:
    """Asks about `samples`; `factor` enlarges boxes. `other` is a model that is asked the same. `begin` opens the
    ledger for a model. What was found out stands in the fields after `progress`."""

    opening: Opening
    other: Opening | None
    samples: Sequence[Sample]
    factor: float
    workers: int
    begin: Callable[[Who], Ledger]
    clock: Callable[[], float]
    progress: Progress
    who: list[Who] = field(default_factory=list)
    other_who: Who | None = None
    memory: list[MemorySample] = field(default_factory=list)
    restarts: list[str] = field(default_factory=list)
    ledger: Ledger = field(default_factory=lambda: Ledger({}))
    pace: Pace = field(init=False)
    _waiting: deque[Sample] = field(default_factory=deque)
    _suspects: deque[Sample] = field(default_factory=deque)
    _batch: list[Answer] = field(default_factory=list)

    async def run(self) -> None:
        """Raises the UserError of what cannot be opened."""
        self._waiting.extend(self.samples)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self.workers):
                    group.create_task(self._work())
        except BaseExceptionGroup as several:
            raise _first(several, UserError) or several from None
        finally:
            self._flush()
            self.ledger.close()

    async def _work(self) -> None:
        while self._waiting or self._suspects:
            alone = self._suspects.popleft() if self._suspects and not self._waiting else None
            await self._on_a_page(deque([alone]) if alone else self._waiting, alone)

    async def _on_a_page(self, queue: deque[Sample], alone: Sample | None) -> None:
        held: dict[str, Sample] = {}
        try:
            async with AsyncExitStack() as stack:
                predictor = await stack.enter_async_context(self.opening(self.progress))
                other = await stack.enter_async_context(self.other(self.progress)) if self.other else None
                self._opened(predictor, other)
                async with asyncio.TaskGroup() as group:
                    for _ in range(1 if alone else LANES):
                        group.create_task(self._lane(queue, predictor, other, held))
        except (PageSilent, BaseExceptionGroup) as error:
            silence = error if isinstance(error, PageSilent) else _first(error, PageSilent)
            if silence is None:
                raise
            self._died(str(silence), held, alone)

    @property
    def rate(self) -> float:
        """Pictures a second, from the first page's opening to the newest answer."""
        return self.pace.mean_rate

    def _opened(self, predictor: Predictor, other: Predictor | None) -> None:
        """The first page says which model it is, and so what an earlier run has answered already."""
        if not self.who:
            self.ledger = self.begin(predictor.who)
            left = [sample for sample in self._waiting if sample.id not in self.ledger.answers]
            self._waiting.clear()
            self._waiting.extend(left)
            self.pace = Pace(len(self.samples), len(self.samples) - len(left), self.clock)
        self.who.append(predictor.who)
        self.other_who = other.who if other else None

    async def _lane(
        self, queue: deque[Sample], predictor: Predictor, other: Predictor | None, held: dict[str, Sample]
    ) -> None:
        while queue:
            sample = queue.popleft()
            held[sample.id] = sample
            answer = await self._ask(sample, predictor, other)
            del held[sample.id]
            self._take(answer)
            every = max(1, len(self.samples) // MEMORY_SAMPLES)
            if self.pace.done % every == 0:
                self.memory.append(MemorySample(self.pace.done, await predictor.memory()))

    async def _ask(self, sample: Sample, predictor: Predictor, other: Predictor | None) -> Answer:
        try:
            rgb = await asyncio.to_thread(sample.pixels, self.factor)
        except ImageRefused as refused:
            return Answer(id=sample.id, error=clean(f"the picture {refused}"))
        found = await predictor.predict(rgb)
        if isinstance(found, str):
            return Answer(id=sample.id, error=clean(found))
        compared = None if other is None else await _compared(other, rgb)
        if isinstance(compared, str):
            return Answer(id=sample.id, error=clean(f"the model compared with: {compared}"))
        return Answer(id=sample.id, scores=found.scores, other=compared, ms=found.ms)

    def _take(self, answer: Answer) -> None:
        self._batch.append(answer)
        self.pace.count()
        self.progress(f"{self.pace}")
        if len(self._batch) >= BATCH:
            self._flush()

    def _flush(self) -> None:
        batch, self._batch = self._batch, []
        self.ledger.take(batch)

    def _died(self, reason: str, held: dict[str, Sample], alone: Sample | None) -> None:
        self.restarts.append(clean(f"{reason}, at {', '.join(held) or 'the start'}", 500))
        if alone is not None and held:
            self._take(Answer(id=alone.id, error=clean(reason)))
        else:
            self._suspects.extend(held.values())
        nothing_works = not self.ledger.answers and not any(answer.scores for answer in self._batch)
        if nothing_works and len(self.restarts) >= _MAX_DEATHS:
            raise fail(BUILD_FAILED_TO_LOAD, reason=f"no picture was predicted: {clean(reason, 300)}")


async def _compared(other: Predictor, rgb: RgbImage) -> tuple[float, ...] | str:
    found = await other.predict(rgb)
    return found if isinstance(found, str) else found.scores


_E = TypeVar("_E", bound=BaseException)


def _first(several: BaseExceptionGroup[BaseException], kind: type[_E]) -> _E | None:
    known = several.subgroup(kind)
    error: BaseException | None = known
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error if isinstance(error, kind) else None
