"""Which cases share one opening of the page, and what one such visit finds out."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from pathlib import Path

from playwright.async_api import Browser
from playwright.async_api import Error as PlaywrightError

from builder.errors import BUILD_FAILED_TO_LOAD, UserError, fail
from builder.harness import evaluate, feed, starting
from builder.harness.browser import BrowserOptions, open_browser
from builder.harness.camera import write_film
from builder.harness.cases import Case, check_against
from builder.harness.golden import Golden
from builder.harness.images import RgbImage, read_rgb
from builder.harness.loading import Progress, Wait
from builder.harness.page import GamePage, PageSilent, open_page
from builder.harness.remote import Servers
from builder.harness.results import Backend, Check, Gpu, ModelInfo, PageLog, RunResult
from builder.harness.soak import MAX_PICTURES, Soaking
from builder.harness.text import clean

MAX_WORKERS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How to run; `timeout` in seconds holds for loading the build and its model, and for each prediction. Without
    `predict` no model is looked for, and the picture must hold for `settle` seconds. `soak`: seconds to keep it busy,
    0 for no soak. `shard` is (number from 1, count): a part of the cases. `connect`: addresses of Playwright
    servers that open the browsers, `workers` each."""

    backend: Backend = "auto"
    gpu: Gpu = "software"
    executable: Path | None = None
    headed: bool = False
    timeout: float = 120.0
    slug: str | None = None
    query: str = ""
    workers: int = 1
    allow_blank: bool = False
    predict: bool = True
    settle: float = 5.0
    isolated: bool = False
    soak: float = 0.0
    shard: tuple[int, int] | None = None
    connect: tuple[str, ...] = ()


class RunFailed(UserError):
    """The build did not get as far as predicting; `log` is what its page said, `screenshot` what it showed (PNG),
    `crashed` that it died, and `checks` what was known without it."""

    def __init__(self, error: UserError, log: PageLog, screenshot: bytes | None, *, crashed: bool = False) -> None:
        super().__init__(error.problems)
        self.log = log
        self.screenshot = screenshot
        self.crashed = crashed
        self.checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Visit:
    """Cases that share one opening of the page. `camera`: the one case is played to the fake webcam. `again`: these
    cases were under way on a page that died. `soak`: no cases, but the build kept busy."""

    cases: tuple[Case, ...]
    query: str
    camera: bool
    again: bool = False
    soak: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What one visit gave. `silence`: why the page answered no more after `result.cases`, "" if it went well.
    `replaced`: others have carried out what was left."""

    result: RunResult
    screenshot: bytes | None = field(repr=False)
    silence: str = ""
    replaced: bool = False


def plan(cases: Iterable[Case], query: str, workers: int = 1) -> list[Visit]:
    """Visits for the probes of each query, and one for each camera case (a browser plays one film).

    Probes of one query are cut into so many parts that all workers have about as much to do; each part loads the build
    once more, so no more than that. Without cases the build is visited once, for the checks.
    """
    cases = tuple(cases)
    if not cases:
        return [Visit((), join(query), False)]
    probes = sorted((case for case in cases if case.source == "probe"), key=lambda case: case.query)
    share = -(-len(probes) // workers) or 1
    visits = [
        Visit(part, join(query, key), False)
        for key, group in groupby(probes, lambda case: case.query)
        for part in _parts(tuple(group), share)
    ]
    return visits + [Visit((case,), join(query, case.query), True) for case in cases if case.source == "camera"]


def _parts(cases: tuple[Case, ...], share: int) -> Iterable[tuple[Case, ...]]:
    """Parts of nearly equal size, none larger than `share`."""
    count = -(-len(cases) // share)
    cuts = [len(cases) * n // count for n in range(count + 1)]
    return (cases[start:end] for start, end in pairwise(cuts))


def join(*queries: str) -> str:
    """The queries that are not empty as one, beginning with ?."""
    joined = "&".join(query.lstrip("?") for query in queries if query)
    return f"?{joined}" if joined else ""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Opens the build `name` by `url`, each time in a browser of its own that reaches only `origin`. `cases` are those
    of the whole run, `golden` the vectors that the build carries, by slug; `hopeless`: it carries no model."""

    name: str
    origin: str
    url: str
    cases: Sequence[Case]
    options: RunOptions
    golden: Mapping[str, Golden]
    hopeless: bool = False
    servers: Servers | None = None

    async def visit(self, visit: Visit, progress: Progress) -> Findings:
        """Raises UserError, as RunFailed whatever kept the build or its model from loading."""
        options = self.options
        with tempfile.TemporaryDirectory(prefix="tfjs-for-unity-", ignore_cleanup_errors=True) as folder:
            film = write_film(read_rgb(visit.cases[0].image), Path(folder) / "camera.y4m") if visit.camera else None
            how = BrowserOptions(executable=options.executable, gpu=options.gpu, headed=options.headed, camera=film)
            opened = self.servers.open(self.origin, how) if self.servers else open_browser(self.origin, how)
            async with opened as browser:
                return await self._in_browser(browser, visit, progress)

    async def _in_browser(self, browser: Browser, visit: Visit, progress: Progress) -> Findings:
        try:
            how = (self.origin, self.options.backend, self.options.timeout)
            async with open_page(browser, *how, soak=visit.soak) as page:
                return await self._on_page(page, f"Chromium {browser.version}", visit, progress)
        except PlaywrightError as error:  # the browser itself died; what the page does is caught closer to it
            reason = f"the browser failed ({clean(error.message.partition(chr(10))[0], 300)})"
            raise RunFailed(fail(BUILD_FAILED_TO_LOAD, reason=reason), PageLog(), None, crashed=True) from None

    async def _on_page(self, page: GamePage, browser: str, visit: Visit, progress: Progress) -> Findings:
        model, loaded = await self._load(page, visit, progress)
        seconds = page.seconds
        soaking = Soaking(self.options.soak, time.monotonic, progress)
        if visit.soak:
            await soaking.run(page, model, self._pictures(model))
            fed = feed.Fed((), soaking.tensors, soaking.silence)
        else:
            fed = feed.Fed((), None) if model is None else await self._feed(page, model, visit, progress)
        golden, silence = (
            (None, "")
            if fed.silence or model is None
            else await feed.golden(page, self.golden, progress, alone=not self.cases)
        )
        checks, backend = await self._checks(page, model, loaded, fed)
        watch = await page.watch()
        result = RunResult(
            build=self.name,
            browser=browser,
            renderer=page.renderer,
            backend_asked=self.options.backend,
            backend_used=backend,
            model=model,
            cases=fed.results,
            checks=(*checks, *([golden] if golden else []), *(soaking.checks(model) if visit.soak else [])),
            tensors=fed.tensors,
            log=page.log(),
            start=starting.start_of(watch, seconds),
            soak=tuple(soaking.samples),
        )
        return Findings(result=result, screenshot=await page.screenshot(), silence=fed.silence or silence)

    async def _feed(self, page: GamePage, model: ModelInfo, visit: Visit, progress: Progress) -> feed.Fed:
        if visit.camera:
            return await feed.camera(page, model, visit.cases[0], self.options.timeout, progress)
        vector = self.golden.get(model.slug)
        picture = vector.picture if vector and not visit.cases else None
        return await feed.probe(page, model, visit.cases, progress, picture)

    def _pictures(self, model: ModelInfo | None) -> list[RgbImage]:
        """What a soak predicts on: the pictures of the cases, or that of the golden vector."""
        vector = self.golden.get(model.slug) if model else None
        cases = self.cases[:MAX_PICTURES]
        return [read_rgb(case.image) for case in cases] or ([vector.picture] if vector else [])

    async def _checks(
        self, page: GamePage, model: ModelInfo | None, loaded: list[tuple[str, str]], fed: feed.Fed
    ) -> tuple[tuple[Check, ...], str]:
        """The checks of a page after its cases, and the backend that it used."""
        options, settle = self.options, 0.0 if model else self.options.settle
        colors = await (page.colors() if options.allow_blank else page.wait_for_colors(settle, last=True))
        used = (await page.backends() or loaded) if model else []
        watch = await page.watch()
        why = starting.signs(watch, page.log())
        checks = [
            starting.check_loaded(watch, model=model is not None),
            *([evaluate.check_backend(options.backend, used, await page.trials())] if model else []),
            evaluate.check_renderer(options.gpu, page.renderer),
            evaluate.check_render(
                colors, allow_blank=options.allow_blank, silence=fed.silence or page.unseen, signs=why
            ),
        ]
        if model and (self.cases or model.slug in self.golden):  # else nothing was predicted, nothing can have leaked
            checks.append(evaluate.check_tensors(fed.tensors, fed.silence))
        return tuple(checks), dict(used).get(model.slug, "") if model else ""

    async def _load(
        self, page: GamePage, visit: Visit, progress: Progress
    ) -> tuple[ModelInfo | None, list[tuple[str, str]]]:
        """The model and its backend; no model where none is asked for."""
        try:
            return await self._open(page, visit, progress)
        except PageSilent as error:
            raise await self._failed(page, fail(BUILD_FAILED_TO_LOAD, reason=str(error))) from None
        except UserError as error:
            raise await self._failed(page, error) from None

    async def _open(
        self, page: GamePage, visit: Visit, progress: Progress
    ) -> tuple[ModelInfo | None, list[tuple[str, str]]]:
        url = address(self.url, visit.query)
        if not self.options.predict:
            await page.start(url, progress)
            return None, []
        wait = Wait(slug=self.options.slug, timeout=self.options.timeout, hopeless=self.hopeless)
        state = await page.load(url, wait, progress)
        model = await page.model(state)
        check_against(self.cases, model.labels, model.task)
        return model, [(state.slug, state.backend)]

    async def _failed(self, page: GamePage, error: UserError) -> RunFailed:
        """`error` with what the page said and showed."""
        failure = RunFailed(error, page.log(), await page.screenshot(), crashed=page.crashed)
        if any(each.kind == BUILD_FAILED_TO_LOAD for each in error.problems):
            failure.checks = (starting.not_loaded(str(error.problems[0].params["reason"])),)
        return failure


def address(url: str, query: str) -> str:
    """`url` with `query` ("" or beginning with ?) added to its own."""
    if not query:
        return url
    return url + ("&" + query[1:] if "?" in url else query)
