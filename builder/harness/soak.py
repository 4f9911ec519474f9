"""Keeps a build busy for a while and samples what it holds and how fast it is."""

from __future__ import annotations

import asyncio
import itertools
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from builder.harness import trends
from builder.harness.images import RgbImage, page_image
from builder.harness.loading import Progress
from builder.harness.page import GamePage, PageSilent
from builder.harness.results import Check, ModelInfo, SoakSample, Tensors

SAMPLES = 120
SHORTEST = 0.25  # seconds between samples: each collects garbage, which takes its time
FEWEST = 14  # samples, however short the time or slow the page
MAX_PICTURES = 8

Clock = Callable[[], float]


@dataclass(slots=True)
class Soaking:
    """`samples` of a page over `seconds`; `silence`: why they end early, "" if they do not."""

    seconds: float
    clock: Clock
    progress: Progress
    samples: list[SoakSample] = field(default_factory=list)
    silence: str = ""
    _begun: float = 0.0
    _count: int = 0
    _times: list[float] = field(default_factory=list)
    _last: float = 0.0

    async def run(self, page: GamePage, model: ModelInfo | None, pictures: Sequence[RgbImage]) -> None:
        """Predicts on `pictures` in turn, as fast as answers come; without a model the game is left to itself."""
        images = itertools.cycle([page_image(each) for each in pictures[:MAX_PICTURES]])
        busy = model if pictures else None
        try:
            await page.soaked()
            self._begun = self._last = self.clock()
            while self.clock() - self._begun < self.seconds or len(self.samples) < FEWEST:
                due = self.clock() + max(self.seconds / SAMPLES, SHORTEST)
                await self._pass_time(page, busy, images, due)
                await self._sample(page, model)
        except PageSilent as error:
            self.silence = str(error)

    @property
    def tensors(self) -> Tensors | None:
        """As the first sample and the last have them."""
        counts = [each.tensors for each in self.samples if each.tensors is not None]
        return Tensors(before=counts[0], after=counts[-1]) if counts else None

    def checks(self, model: ModelInfo | None) -> tuple[Check, ...]:
        """What the samples show."""
        return trends.check_all(self.samples, model=model is not None, silence=self.silence)

    async def _pass_time(
        self, page: GamePage, model: ModelInfo | None, images: Iterator[dict[str, object]], due: float
    ) -> None:
        """Until `due`, by the clock, and for one prediction at least."""
        if model is None:
            await asyncio.sleep(max(0.0, due - self.clock()))
            return
        while not self._times or self.clock() < due:
            before = self.clock()
            answer = await page.predict(model.handle, next(images))
            if isinstance(answer, str):
                msg = f"the prediction failed: {answer}"
                raise PageSilent(msg)
            self._times.append((self.clock() - before) * 1000)
            self._count += 1

    async def _sample(self, page: GamePage, model: ModelInfo | None) -> None:
        now, (times, self._times) = self.clock(), (self._times, [])
        seen, passed = await page.soaked(), now - self._last
        sample = SoakSample(
            seconds=now - self._begun,
            tensors=await page.tensors(model.handle) if model else None,
            js_heap_bytes=await page.heap_bytes(),
            gpu_bytes=seen.gpu_bytes,
            frame_ms=seen.frame_ms,
            frames_per_second=seen.frames / passed,
            prediction_ms=statistics.quantiles(times, n=4)[0] if len(times) > 1 else next(iter(times), None),
            predictions_per_second=len(times) / passed,
        )
        self.samples.append(sample)
        self._last = self.clock()
        await page.soaked()  # what collecting garbage does to frames is not the game's fault
        self.progress(f"soaking: {sample.seconds:.0f} of {self.seconds:.0f} s, {self._count} predictions")
