"""One measurement: how lanes start, what predictions take in turns on one page, and what they allocate."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import median

from playwright.async_api import Browser

from builder.harness.bench.figures import Scores
from builder.harness.bench.lanes import PAGE, BenchPage, Heap, LaneFailed, LanePage, Site
from builder.harness.bench.plan import PICTURES, Entry, Lane, Plan, Size, rounds
from builder.harness.bench.wire import Opened, Sample
from builder.harness.browser import BrowserOptions, new_context, open_browser
from builder.harness.loading import Progress
from builder.harness.results import Gpu
from builder.harness.wire import RENDERER

_IDLE_FRAMES = 20
# Room for everything that a few predictions allocate, so that the heap only grows while they are counted.
_COUNTING = (
    "--js-flags=--min-semi-space-size=512 --max-semi-space-size=512 --initial-heap-size=2048 --no-memory-reducer",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """From the first request to the first scores, on a first visit and on a second one; what was fetched for it."""

    cold_ms: float
    warm_ms: float
    urls: tuple[str, ...]


@dataclass(slots=True)
class Row:
    """All that was measured of an entry. `busy`: main-thread milliseconds a prediction, one figure a block. `tensors`:
    live ones after each block. `heap`: bytes that a prediction allocates."""

    entry: Entry
    samples: list[Sample] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    tensors: list[int] = field(default_factory=list)
    heap: Heap | None = None


@dataclass(slots=True)
class Measured:
    """`answers`: scores by picture, of pictures that have the model's own size. `failed`: why a lane, or one way into
    it, was not measured, by its name."""

    browser: str = ""
    renderer: str = ""
    rows: list[Row] = field(default_factory=list)
    answers: dict[Entry, dict[int, Scores]] = field(default_factory=dict)
    starts: dict[str, Start] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Session:
    """Measures by `plan`; `scripts` are loaded before a lane is opened."""

    site: Site
    plan: Plan
    options: BrowserOptions
    progress: Progress
    scripts: tuple[str, ...] = ()
    found: Measured = field(default_factory=Measured)

    async def run(self) -> Measured:
        """Raises UserError: NO_BROWSER."""
        if self.plan.starts:
            for lane in self.plan.lanes:
                await self._start(lane)
        await self._take_turns()
        if self.plan.counted:
            await self._count(self.plan.sizes[0])
        return self.found

    # --- starts ---------------------------------------------------------------------------------------------------

    async def _start(self, lane: Lane) -> None:
        """A browser that has compiled and stored nothing yet, and then a second visit to the same page."""
        self.progress(f"starting {lane.name}")
        size = self.plan.sizes[0]
        async with open_browser(self.site.origin, self.options) as browser:
            page = await BenchPage.open(browser, self.site)
            try:
                cold = await self._opened(await page.alone(lane), size)
                warm = await self._opened(await page.alone(lane), size)
            except LaneFailed as failure:
                self.found.failed[lane.name] = str(failure)
                return
        self.found.starts[lane.name] = Start(cold_ms=cold.first_ms, warm_ms=warm.first_ms, urls=tuple(cold.urls))

    async def _opened(self, page: LanePage, size: Size) -> Opened:
        opened = await page.open(size, page.lane.paths[0], scripts=self.scripts)
        self.found.renderer = self.found.renderer or opened.renderer
        return opened

    async def _open_all(self, browser: Browser, size: Size) -> tuple[BenchPage, dict[str, LanePage]]:
        page = await BenchPage.open(browser, self.site)
        pages = {}
        for number, lane in enumerate(self.plan.lanes):
            if lane.name in self.found.failed:
                continue
            self.progress(f"opening {lane.name}")
            pages[lane.name] = await page.add(lane, number)
            try:
                await self._opened(pages[lane.name], size)
            except LaneFailed as failure:
                self.found.failed[lane.name] = str(failure)
                del pages[lane.name]
        return page, pages

    # --- turns ----------------------------------------------------------------------------------------------------

    async def _take_turns(self) -> None:
        async with open_browser(self.site.origin, self.options) as browser:
            self.found.browser = browser.version
            page, pages = await self._open_all(browser, self.plan.own_size)
            await self._ask_all(pages)
            for size in self.plan.sizes:
                for lane in pages.values():
                    await lane.resize(size)
                await self._rounds(page, pages, size)

    async def _ask_all(self, pages: dict[str, LanePage]) -> None:
        """What each answers where nothing need be resized, so that all see the same."""
        for entry in self.plan.entries(self.plan.own_size, frozenset(pages)):
            self.progress(f"asking {entry.name}")
            try:
                block = await pages[entry.lane.name].block(entry.path, PICTURES, 0)
            except LaneFailed as failure:
                self.found.failed[entry.name] = str(failure)
                continue
            self.found.answers[entry] = {sample.picture: tuple(sample.scores) for sample in block.samples}

    async def _rounds(self, page: BenchPage, pages: dict[str, LanePage], size: Size) -> None:
        rows = {entry: Row(entry) for entry in self.plan.entries(size, frozenset(pages))}
        self.found.rows += rows.values()
        overhead = await self._overhead(page, pages)
        deadline = time.monotonic() + self.plan.seconds
        for number, turn in enumerate(rounds(list(rows), self.plan)):
            if number and time.monotonic() > deadline:
                return
            self.progress(f"measuring at {size}: round {number + 1}")
            for entry in turn:
                await self._measure(page, pages[entry.lane.name], rows[entry], overhead)

    async def _overhead(self, page: BenchPage, pages: dict[str, LanePage]) -> float:
        """Milliseconds of the main thread that a frame costs beyond what the game does in it."""
        some = next(iter(pages.values()), None)
        if some is None:
            return 0.0
        await some.idle(2)
        before = await page.busy_ms()
        own = await some.idle(_IDLE_FRAMES)
        return (await page.busy_ms() - before - own) / _IDLE_FRAMES

    async def _measure(self, page: BenchPage, lane: LanePage, row: Row, overhead: float) -> None:
        """One block; the first prediction after a change of lanes does not count."""
        if row.entry.name in self.found.failed:
            return
        path, first = row.entry.path, len(row.samples)
        wanted = min(self.plan.block, self.plan.frames - first)
        try:
            await lane.block(path, 1, first)
            before = await page.busy_ms()
            block = await lane.block(path, wanted, first)
            busy = await page.busy_ms() - before
        except LaneFailed as failure:
            self.found.failed[row.entry.name] = str(failure)
            return
        row.samples += block.samples
        row.busy.append((busy - block.game_ms - overhead * block.frames) / wanted)
        row.tensors.append(block.tensors)

    # --- counts ---------------------------------------------------------------------------------------------------

    async def _count(self, size: Size) -> None:
        """The same predictions in a browser whose heap has room for all that they allocate."""
        options = replace(self.options, flags=_COUNTING)
        async with open_browser(self.site.origin, options) as browser:
            page, pages = await self._open_all(browser, size)
            for row in self._rows(size):
                if row.entry.lane.name not in pages:
                    continue
                self.progress(f"counting {row.entry.name} at {size}")
                row.heap = await self._counted(page, pages[row.entry.lane.name], row.entry)

    async def _counted(self, page: BenchPage, lane: LanePage, entry: Entry) -> Heap | None:
        try:
            await lane.block(entry.path, 2, 0)
            heaps = [await page.heap()]
            for number in range(self.plan.counted):
                await lane.block(entry.path, 1, number)
                heaps.append(await page.heap())
        except LaneFailed as failure:
            self.found.failed.setdefault(entry.name, str(failure))
            return None
        return allocated(heaps)

    def _rows(self, size: Size) -> Iterator[Row]:
        return (row for row in self.found.rows if row.entry.size == size and row.entry.name not in self.found.failed)


def allocated(heaps: Sequence[Heap]) -> Heap | None:
    """By how much a heap grew from one prediction to the next, in the median of those between which nothing was freed;
    None where that happened each time."""
    steps = [(b.objects - a.objects, b.buffers - a.buffers) for a, b in pairwise(heaps)]
    grown = [step for step in steps if min(step) >= 0]
    if not grown:
        return None
    objects, buffers = zip(*grown, strict=True)
    return Heap(median(objects), median(buffers))


async def usable_gpu(options: BrowserOptions, origin: str) -> Gpu:
    """`hardware` where Chromium draws WebGL 2 without being told to do so in software."""
    async with open_browser(origin, replace(options, gpu="hardware")) as browser:
        context = await new_context(browser)
        page = await context.new_page()
        await page.goto(origin + PAGE)
        renderer = await page.evaluate(RENDERER)
        await context.close()
    return "hardware" if renderer else "software"
