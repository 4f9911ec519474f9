"""One `verify`: serves the build, visits it once per way of feeding it, and puts the findings together."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from playwright.async_api import Browser
from playwright.async_api import Error as PlaywrightError

from builder.errors import BUILD_FAILED_TO_LOAD, NOT_A_BUILD, UserError, fail
from builder.harness import evaluate, feed
from builder.harness.browser import BrowserOptions, open_browser
from builder.harness.camera import write_film
from builder.harness.cases import Case, check_against
from builder.harness.images import read_rgb
from builder.harness.loading import Progress
from builder.harness.page import GamePage, PageSilent, open_page
from builder.harness.results import Backend, Check, Gpu, ModelInfo, PageLog, RunResult
from builder.harness.serve import serve
from builder.harness.text import clean


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How to run; `timeout` in seconds holds for loading the build and its model, and for each prediction."""

    backend: Backend = "auto"
    gpu: Gpu = "software"
    executable: Path | None = None
    headed: bool = False
    timeout: float = 120.0
    slug: str | None = None
    query: str = ""
    allow_blank: bool = False
    isolated: bool = False


class RunFailed(UserError):
    """The build did not get as far as predicting; `log` is what its page said, `screenshot` what it showed (PNG)."""

    def __init__(self, error: UserError, log: PageLog, screenshot: bytes | None) -> None:
        super().__init__(error.problems)
        self.log = log
        self.screenshot = screenshot


@dataclass(frozen=True, slots=True)
class Visit:
    """Cases that share one opening of the page. `camera`: the one case is played to the fake webcam."""

    cases: tuple[Case, ...]
    query: str
    camera: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What one visit gave."""

    result: RunResult
    screenshot: bytes | None = field(repr=False)


def check_build(build: Path) -> None:
    """Refuses a folder that is no WebGL build.

    Raises:
        UserError: NOT_A_BUILD.
    """
    if not build.is_dir():
        raise fail(NOT_A_BUILD, build, reason="it is not a folder")
    for name, there in (("index.html", (build / "index.html").is_file()), ("Build", (build / "Build").is_dir())):
        if not there:
            raise fail(NOT_A_BUILD, build, reason=f"{name} is missing")


async def run(build: Path, cases: Sequence[Case], options: RunOptions, progress: Progress) -> Findings:
    """Checks `build` with `cases`.

    Raises:
        UserError: NOT_A_BUILD, NO_BROWSER, BAD_CASES; as RunFailed whatever kept the build or its model from loading.
    """
    check_build(build)
    visits = plan(cases, options.query)
    with serve(build, isolated=options.isolated) as origin:
        visitor = _Visitor(build.resolve().name, origin, cases, options, progress)
        found = [await visitor.visit(visit) for visit in visits]
    return merge(cases, found)


def plan(cases: Iterable[Case], query: str) -> list[Visit]:
    """One visit for the probes of each query, one for each camera case (a browser plays one film)."""
    cases = tuple(cases)
    probes = sorted((case for case in cases if case.source == "probe"), key=lambda case: case.query)
    visits = [Visit(tuple(group), _join(query, key), False) for key, group in groupby(probes, lambda case: case.query)]
    return visits + [Visit((case,), _join(query, case.query), True) for case in cases if case.source == "camera"]


def _join(*queries: str) -> str:
    joined = "&".join(query.lstrip("?") for query in queries if query)
    return f"?{joined}" if joined else ""


@dataclass(frozen=True, slots=True)
class _Visitor:
    name: str
    origin: str
    cases: Sequence[Case]
    options: RunOptions
    progress: Progress

    async def visit(self, visit: Visit) -> Findings:
        options = self.options
        with tempfile.TemporaryDirectory(prefix="tfjs-for-unity-", ignore_cleanup_errors=True) as folder:
            film = write_film(read_rgb(visit.cases[0].image), Path(folder) / "camera.y4m") if visit.camera else None
            how = BrowserOptions(executable=options.executable, gpu=options.gpu, headed=options.headed, camera=film)
            async with open_browser(self.origin, how) as browser:
                return await self._in_browser(browser, visit)

    async def _in_browser(self, browser: Browser, visit: Visit) -> Findings:
        try:
            async with open_page(browser, self.origin, self.options.backend, self.options.timeout) as page:
                return await self._on_page(page, f"Chromium {browser.version}", visit)
        except PlaywrightError as error:  # the browser itself died; what the page does is caught closer to it
            reason = f"the browser failed ({clean(error.message.partition(chr(10))[0], 300)})"
            raise fail(BUILD_FAILED_TO_LOAD, reason=reason) from None

    async def _on_page(self, page: GamePage, browser: str, visit: Visit) -> Findings:
        model, loaded = await self._load(page, visit)
        if visit.camera:
            fed = await feed.camera(page, model, visit.cases[0], self.options.timeout, self.progress)
        else:
            fed = await feed.probe(page, model, visit.cases, self.progress)
        self.progress("looking at the canvas")
        colors = await (page.colors() if self.options.allow_blank else page.wait_for_colors())
        used = await page.backends() or loaded
        checks = (
            evaluate.check_backend(self.options.backend, used),
            evaluate.check_renderer(self.options.gpu, page.renderer),
            evaluate.check_render(colors, allow_blank=self.options.allow_blank, silence=fed.silence),
            evaluate.check_tensors(fed.tensors, fed.silence),
        )
        result = RunResult(
            build=self.name,
            browser=browser,
            renderer=page.renderer,
            backend_asked=self.options.backend,
            backend_used=dict(used).get(model.slug, ""),
            model=model,
            cases=fed.results,
            checks=checks,
            tensors=fed.tensors,
            log=page.log(),
        )
        return Findings(result=result, screenshot=await page.screenshot())

    async def _load(self, page: GamePage, visit: Visit) -> tuple[ModelInfo, list[tuple[str, str]]]:
        try:
            state = await page.load(f"{self.origin}/index.html{visit.query}", self.options.slug, self.progress)
            model = await page.model(state)
        except PageSilent as error:
            failure = fail(BUILD_FAILED_TO_LOAD, reason=str(error))
            raise RunFailed(failure, page.log(), await page.screenshot()) from None
        except UserError as error:
            raise RunFailed(error, page.log(), await page.screenshot()) from None
        check_against(self.cases, model.labels)
        return model, [(state.slug, state.backend)]


def merge(cases: Sequence[Case], found: Sequence[Findings]) -> Findings:
    """The findings of all visits as one: cases in the user's order, of each check the first failure, all logs."""
    first = found[0]
    if len(found) == 1:
        return first
    runs = [each.result for each in found]
    by_case = {id(result.case): result for each in runs for result in each.cases}
    used = sorted({each.backend_used for each in runs})
    result = RunResult(
        build=first.result.build,
        browser=first.result.browser,
        renderer=first.result.renderer,
        backend_asked=first.result.backend_asked,
        backend_used=", ".join(used),
        model=first.result.model,
        cases=tuple(by_case[id(case)] for case in cases),
        checks=tuple(_first_failure(group) for group in zip(*(each.checks for each in runs), strict=True)),
        tensors=first.result.tensors,
        log=_joined(each.log for each in runs),
    )
    return Findings(result=result, screenshot=first.screenshot)


def _first_failure(checks: Sequence[Check]) -> Check:
    return next((check for check in checks if not check.passed), checks[0])


def _joined(logs: Iterable[PageLog]) -> PageLog:
    logs = tuple(logs)
    return PageLog(
        console=tuple(line for log in logs for line in log.console),
        dropped_lines=sum(log.dropped_lines for log in logs),
        page_errors=_unique(text for log in logs for text in log.page_errors),
        dialogs=_unique(text for log in logs for text in log.dialogs),
        failed_requests=_unique(text for log in logs for text in log.failed_requests),
        blocked=_unique(text for log in logs for text in log.blocked),
    )


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
