"""A Chromium for synchronous tests: Playwright's event loop runs in a thread of its own, so that the code under test
may run one too."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from playwright.async_api import Browser, BrowserContext, Frame, Page

from builder.harness.browser import BrowserOptions, new_context, open_browser

T = TypeVar("T")
DEADLINE_SECONDS = 60.0


@dataclass(frozen=True)
class Site:
    """A folder that is served: what lies in `folder/x` is found at `origin/x`."""

    folder: Path
    origin: str


class Loop:
    """An event loop in a thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs `work` to its end; raises what it raises, and TimeoutError after twice the deadline of a wait."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(2 * DEADLINE_SECONDS)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Tab:
    """A page in a profile of its own, with all that it said and all the addresses that it asked the network for."""

    def __init__(self, loop: Loop, context: BrowserContext, page: Page) -> None:
        self._loop, self._context, self._page = loop, context, page
        self._frame: Page | Frame = page
        self.said: list[str] = []
        self.errors: list[str] = []
        self.asked: list[str] = []
        loop.run(self._listen())

    async def _listen(self) -> None:
        # Inside the loop's thread: to listen sends messages, too.
        self._page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        self._page.on("request", lambda request: self.asked.append(request.url))
        self._page.on("pageerror", lambda error: self.errors.append(str(error)))

    def before_scripts(self, script: str) -> None:
        """Runs `script` in every document before the page's own scripts."""
        self._loop.run(self._page.add_init_script(script))

    def command(self, method: str, **parameters: object) -> None:
        """A command of the DevTools protocol."""
        self._loop.run(self._command(method, parameters))

    async def _command(self, method: str, parameters: dict[str, object]) -> None:
        session = await self._context.new_cdp_session(self._page)
        await session.send(method, parameters)

    def goto(self, url: str) -> None:
        self._loop.run(_no_answer(self._page.goto(url)))

    def enter(self, url: str) -> None:
        """From now on scripts run in the frame of this address."""
        self.wait_for(f"[...document.querySelectorAll('iframe')].some(frame => frame.src === {url!r})")
        self._loop.run(self._enter(url))

    async def _enter(self, url: str) -> None:
        frame = self._page.frame(url=url) or await self._page.wait_for_event("framenavigated", lambda f: f.url == url)
        await frame.wait_for_load_state()
        self._frame = frame

    def evaluate(self, expression: str, argument: object = None) -> Any:  # noqa: ANN401
        """The value of a JavaScript expression, or what a function gives for `argument`; promises are awaited."""
        return self._loop.run(self._frame.evaluate(expression, argument))

    def wait_for(self, condition: str, seconds: float = DEADLINE_SECONDS) -> None:
        """Waits until the JavaScript expression is true; on failure the page's own words are in the message."""
        # A function, which is made once: later on a page's content security policy forbids to make more of them.
        waiting = self._frame.wait_for_function(f"() => ({condition})", timeout=seconds * 1000)
        try:
            self._loop.run(_no_answer(waiting))
        except Exception as error:
            said = "\n".join([*self.said[-20:], *self.errors])
            msg = f"{condition}: {str(error).splitlines()[0]}\n{said}"
            raise AssertionError(msg) from None

    def js_heap(self) -> int:
        """Bytes of JavaScript's heap after a forced collection, buffers included."""
        return self._loop.run(self._collected())

    async def _collected(self) -> int:
        session = await self._context.new_cdp_session(self._page)
        await session.send("HeapProfiler.collectGarbage")
        usage = await session.send("Runtime.getHeapUsage")
        await session.detach()
        return int(usage["usedSize"] + usage["backingStorageSize"])

    def screenshot(self) -> bytes:
        """The viewport as PNG."""
        return self._loop.run(self._page.screenshot())

    def close(self) -> None:
        self._loop.run(self._context.close())


async def _no_answer(work: Coroutine[Any, Any, object]) -> None:
    await work


class Chromium:
    """One running browser that reaches nothing but `origin`."""

    def __init__(self, loop: Loop, browser: Browser, origin: str) -> None:
        self._loop, self._browser, self.origin = loop, browser, origin

    @contextmanager
    def tab(self) -> Iterator[Tab]:
        """A fresh page, closed in the end."""
        context = self._loop.run(new_context(self._browser))
        tab = Tab(self._loop, context, self._loop.run(context.new_page()))
        try:
            yield tab
        finally:
            tab.close()


@contextmanager
def chromium(origin: str, *beside: str, camera: Path | None = None, more: tuple[str, ...] = ()) -> Iterator[Chromium]:
    """Starts the browser, which reaches `origin` and the origins `beside` it, and ends it. `camera` is what its webcam
    plays, `more` are flags."""
    loop = Loop()
    reachable = ";".join(url.partition("//")[2] for url in (origin, *beside))
    flags = (f"--proxy-bypass-list=<-loopback>;{reachable}", *more)  # the last one counts
    opening = open_browser(origin, BrowserOptions(flags=flags, camera=camera))
    try:
        browser = loop.run(_entered(opening))
        yield Chromium(loop, browser, origin)
        loop.run(_left(opening))
    finally:
        loop.close()


async def _entered(opening: Any) -> Browser:  # noqa: ANN401
    browser: Browser = await opening.__aenter__()
    return browser


async def _left(opening: Any) -> None:  # noqa: ANN401
    await opening.__aexit__(None, None, None)
