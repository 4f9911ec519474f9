"""A lane open in a browser: a frame of the page with one game and one contender, or a page with that alone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from playwright.async_api import Browser, BrowserContext, CDPSession, Frame, Page
from playwright.async_api import Error as PlaywrightError
from pydantic import BaseModel, ValidationError

from builder.harness.bench import wire
from builder.harness.bench.plan import Lane, Size
from builder.harness.browser import new_context
from builder.harness.text import clean

PAGE = "/bench.html"
_M = TypeVar("_M", bound=BaseModel)
# A refusal comes back as text: an exception that Playwright passes on has the page's stack in it.
_CALL = """async ([name, ...request]) => {
  try {
    return { answer: await globalThis.tfjsBench[name](...request), error: "" };
  } catch (thrown) {
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    return { answer: null, error: text.slice(0, 1500) || "no reason given" };
  }
}"""
_ADD_FRAME = """([name, url]) => new Promise((done, failed) => {
  const frame = Object.assign(document.createElement("iframe"), { name, src: url, onerror: failed });
  frame.onload = () => done();
  document.body.appendChild(frame);
})"""


class LaneFailed(Exception):
    """The lane cannot be opened or measured; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where `page` is served, and what every lane is told of the model."""

    origin: str
    setup: Mapping[str, object]
    timeout: float
    page: str = PAGE


@dataclass(frozen=True, slots=True)
class Heap:
    """Bytes of objects on JavaScript's heap, and of the buffers that some of them stand for."""

    objects: float
    buffers: float


class LanePage:
    """`frame` holds `lane`."""

    def __init__(self, lane: Lane, frame: Frame, site: Site) -> None:
        self.lane, self._frame, self._site = lane, frame, site

    async def open(self, size: Size, path: str, *, scripts: tuple[str, ...] = ()) -> wire.Opened:
        """Loads all that the lane needs, up to its first prediction. Raises LaneFailed."""
        lane = self.lane
        setup = {**self._site.setup, **lane.setup, "contender": lane.contender, "backend": lane.backend}
        for script in scripts:
            await self._call("loadScript", script)
        return _valid(wire.Opened, await self._call("open", setup | {"size": asdict(size)}, path))

    async def resize(self, size: Size) -> None:
        """Gives the game pictures of another size. Raises LaneFailed."""
        await self._call("resize", asdict(size))

    async def block(self, path: str, predictions: int, first: int) -> wire.Block:
        """So many predictions. Raises LaneFailed."""
        request = {"path": path, "predictions": predictions, "first": first}
        return _valid(wire.Block, await self._call("block", request))

    async def idle(self, frames: int) -> float:
        """Frames of the game alone; the milliseconds of its own work. Raises LaneFailed."""
        return float(await self._call("idle", frames))

    async def _call(self, name: str, *request: object) -> Any:  # noqa: ANN401
        try:
            call = self._frame.evaluate(_CALL, [name, *request])
            answer: Any = await asyncio.wait_for(call, self._site.timeout)
        except TimeoutError:
            msg = f"it did not answer within {self._site.timeout:.0f} s"
            raise LaneFailed(msg) from None
        except PlaywrightError as error:
            text = error.message.partition("\n")[0]
            raise LaneFailed("the page crashed" if "crash" in text.lower() else clean(text, 300)) from None
        if answer["error"]:
            raise LaneFailed(clean(answer["error"], 1000).rstrip("."))
        return answer["answer"]


def _valid(model: type[_M], answer: object) -> _M:
    try:
        return model.model_validate(answer)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise LaneFailed(clean(f"the page gave an unexpected {place or 'answer'}: {first['msg']}", 300)) from None


class BenchPage:
    """A page that holds any number of lanes side by side; one main thread, one heap, one clock."""

    def __init__(self, context: BrowserContext, page: Page, inspector: CDPSession, site: Site) -> None:
        self._context, self._page, self._inspector, self._site = context, page, inspector, site

    @classmethod
    async def open(cls, browser: Browser, site: Site) -> BenchPage:
        context = await new_context(browser)
        page = await context.new_page()
        inspector = await context.new_cdp_session(page)
        await inspector.send("Performance.enable")
        await page.goto(site.origin + site.page)
        return cls(context, page, inspector, site)

    async def add(self, lane: Lane, number: int) -> LanePage:
        """A frame for the lane, which is not open yet."""
        name = f"lane{number}"
        await self._page.evaluate(_ADD_FRAME, [name, self._site.origin + self._site.page])
        frame = self._page.frame(name=name)
        assert frame is not None
        return LanePage(lane, frame, self._site)

    async def alone(self, lane: Lane) -> LanePage:
        """The page itself, loaded anew, for the lane alone."""
        await self._page.goto(self._site.origin + self._site.page)
        return LanePage(lane, self._page.main_frame, self._site)

    async def busy_ms(self) -> float:
        """Milliseconds that the main thread has worked since the page began."""
        answer = await self._inspector.send("Performance.getMetrics")
        found = {metric["name"]: metric["value"] for metric in answer["metrics"]}
        return float(found["TaskDuration"]) * 1000

    async def heap(self) -> Heap:
        """What the page's JavaScript holds, garbage included."""
        answer = await self._inspector.send("Runtime.getHeapUsage")
        return Heap(float(answer["usedSize"]), float(answer.get("backingStorageSize", 0)))

    async def close(self) -> None:
        await self._context.close()
