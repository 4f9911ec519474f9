"""One build open in one page: loads it, waits for its model, predicts, looks. Every wait has a deadline."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from PIL import Image
from playwright.async_api import Browser, FloatRect, Frame, Page
from playwright.async_api import Error as PlaywrightError
from pydantic import BaseModel, TypeAdapter, ValidationError

from builder.harness import loading, starting, wire
from builder.harness.browser import heap_bytes, new_context
from builder.harness.loading import Progress, Seen
from builder.harness.pagelog import PageListener
from builder.harness.results import Backend, ModelInfo, PageLog, Prediction
from builder.harness.text import clean

POLL_SECONDS = 0.1
ANSWER_SECONDS = 20.0
_LAST_SECONDS = 3.0  # for a page that left the question before unanswered
_RENDER_SECONDS = 10.0
_SHOT_SECONDS = 60.0
_MAX_FRAMES = 8
_MAX_CANVASES = wire.MAX_STARTS
# Only what the game drew: no loading bar, logo or page background.
_CANVAS_ALONE = (
    f"* {{ visibility: hidden !important }} iframe, canvas[{wire.CANVAS_MARK}] {{ visibility: visible !important; "
    "background: none !important }"
)
_M = TypeVar("_M", bound=BaseModel)
_T = TypeVar("_T")


class PageSilent(Exception):
    """The page did not answer, crashed, or answered nonsense; the message says which."""


class GamePage:
    """A page with a build on it; made by `open_page`."""

    def __init__(self, page: Page, listener: PageListener, renderer: str, timeout: float) -> None:
        self._page = page
        self._listener = listener
        self._timeout = timeout
        self._renderer = renderer
        self._silent = False  # its newest answer is overdue
        self._held = False
        self._frame: Frame = page.main_frame  # where the game is
        self._opened = time.monotonic()
        self.unseen = ""  # why the canvas could not be looked at, the last time that it was tried

    def log(self) -> PageLog:
        """What the page said so far."""
        return self._listener.log()

    @property
    def crashed(self) -> bool:
        """True once the page has died."""
        return self._listener.crashed

    # --- loading --------------------------------------------------------------------------------------------------

    async def load(self, url: str, wait: loading.Wait, progress: Progress) -> wire.WireModel:
        """Opens `url` and waits until the model that is meant is ready.

        Raises:
            UserError: what kept the build or its model from loading, or that the wait's slug names none of its models.
        """
        await self._open(url)
        seen = await self._wait(wait, progress)
        if seen.trouble and not seen.crashed:  # a page that is merely slow gets a last chance
            self._silent = False
            seen = await self._look(ANSWER_SECONDS)
        model = wait.ready(seen.bridge)
        if model is not None and not seen.crashed:
            return model
        raise wait.failure(seen, rendered=not seen.crashed and await self._shows_something())

    async def start(self, url: str, progress: Progress) -> None:
        """Opens `url` and waits until the game has started, whatever it contains.

        Raises:
            UserError: what kept the build from starting.
        """
        wait = loading.StartWait(self._timeout)
        await self._open(url)
        seen = await self._wait(wait, progress)
        phase = starting.phase(seen.watch)
        shown = phase == "absent" and not seen.crashed and await self._shows_something()
        if seen.crashed or not (shown or phase == "started"):
            raise wait.failure(seen)

    async def _open(self, url: str) -> None:
        self._opened = time.monotonic()
        try:
            await self._page.goto(url, wait_until="commit", timeout=self._timeout * 1000)
        except PlaywrightError as error:
            raise loading.not_opened(error.message) from None

    async def _wait(self, wait: loading.Wait | loading.StartWait, progress: Progress) -> Seen:
        while True:
            left = self._timeout - (time.monotonic() - self._opened)
            seen = await self._look(max(1.0, left))
            progress(loading.describe(seen))
            if wait.is_over(seen):
                return seen
            await asyncio.sleep(POLL_SECONDS)

    async def _look(self, seconds: float) -> Seen:
        """The page as it is now; each of its answers is waited for so many seconds."""
        watch = await self._watch(seconds)
        bridge, trouble = await self._snapshot(seconds)
        now = time.monotonic()
        return Seen(
            bridge=bridge,
            watch=watch,
            log=self.log(),
            elapsed=now - self._opened,
            quiet=now - self._listener.activity,
            crashed=self._listener.crashed,
            trouble=trouble,
        )

    async def _watch(self, seconds: float) -> wire.WireWatch:
        """What became of Unity's loader; from the first frame in which one was called, where the game is then."""
        for frame in dict.fromkeys([self._frame, *self._page.frames[:_MAX_FRAMES]]):
            try:
                answer = await self._within(frame.evaluate(wire.WATCH), seconds)
                watch = starting.NO_WATCH if answer is None else _valid(wire.WireWatch, answer)
            except PageSilent:
                watch = starting.NO_WATCH
            if watch.starts:
                self._frame = frame
                return watch
        return starting.NO_WATCH

    async def watch(self) -> wire.WireWatch:
        """What became of Unity's loader until now."""
        return await self._watch(ANSWER_SECONDS)

    @property
    def seconds(self) -> float:
        """How long ago the page was opened."""
        return time.monotonic() - self._opened

    async def _snapshot(self, seconds: float) -> tuple[wire.WireBridge | None, str]:
        """The page object, None while there is none; and why it could not be read, if so."""
        try:
            answer = await self._ask(wire.SNAPSHOT, None, seconds)
            return (None if answer is None else _valid(wire.WireBridge, answer)), ""
        except PageSilent as error:  # also while the page navigates: the next poll may succeed
            return None, str(error)

    async def _shows_something(self) -> bool:
        colors = await self.colors()
        return colors is not None and colors > 1

    async def model(self, state: wire.WireModel) -> ModelInfo:
        """The model behind `state`, with the labels of its contract."""
        contract = _valid(wire.WireContract, await self._ask(wire.CONTRACT, state.handle, ANSWER_SECONDS))
        labels, task = tuple(contract.labels), contract.task or "classification"
        return ModelInfo(state.handle, contract.name, state.slug, state.contract_hash, labels, task)

    # --- predicting -----------------------------------------------------------------------------------------------

    async def predict(self, handle: int, image: dict[str, object]) -> Prediction | str:
        """The model's answer to a probe, or the text of its refusal."""
        question = {"handle": handle, "image": image}
        answer = _valid(wire.WireAnswer, await self._ask(wire.PREDICT, question, self._timeout))
        return answer.error if answer.prediction is None else answer.prediction.prediction()

    async def history(self, handle: int) -> list[Prediction]:
        """The newest predictions that the game itself asked for, oldest first."""
        answer = await self._ask(wire.HISTORY, handle, ANSWER_SECONDS)
        return [entry.prediction() for entry in _valid_list(answer)]

    async def _models(self) -> list[wire.WireModel]:
        answer = await self._ask(wire.SNAPSHOT, None, ANSWER_SECONDS)
        return [] if answer is None else _valid(wire.WireBridge, answer).models

    async def backends(self) -> list[tuple[str, str]]:
        """(slug, backend) of every model that is ready; none from a page that answers no more."""
        try:
            return [(model.slug, model.backend) for model in await self._models() if model.phase == "ready"]
        except PageSilent:
            return []

    async def trials(self) -> list[str]:
        """How each backend did where `auto` tried several; the page's first model tries for all."""
        try:
            return next(([str(trial) for trial in model.trials] for model in await self._models() if model.trials), [])
        except PageSilent:
            return []

    async def ready(self) -> list[tuple[str, int]]:
        """(slug, handle) of every model that is ready, one per slug."""
        models = {model.slug: model.handle for model in reversed(await self._models()) if model.phase == "ready"}
        return sorted(models.items())

    async def tensors(self, handle: int) -> int | None:
        """Live tensors of the whole page as the model's newest inference left them; None where the page cannot say."""
        counts = [int(model.resting_tensors) for model in await self._models() if model.handle == handle]
        return counts[0] if counts and counts[0] >= 0 else None

    async def heap_bytes(self) -> int | None:
        """What the page's JavaScript objects take, garbage not counted; None where the browser does not say."""
        return await self._within(heap_bytes(self._page), ANSWER_SECONDS)

    async def soaked(self) -> wire.WireSoak:
        """What soak.js counted since the last call; for a page that was opened with `soak`."""
        return _valid(wire.WireSoak, await self._ask(wire.SOAK, None, ANSWER_SECONDS))

    # --- looking --------------------------------------------------------------------------------------------------

    @property
    def renderer(self) -> str:
        """What draws WebGL in this browser, as its driver says."""
        return self._renderer

    async def wait_for_colors(self, settle: float = 0.0, *, last: bool = False) -> int | None:
        """`colors`, waiting a while for more than one, which must still be there `settle` seconds later. After the
        `last` look the game draws no more, so that a picture of the page and the browser's end come soon."""
        deadline = time.monotonic() + _RENDER_SECONDS + 2 * settle
        while True:
            colors = await self._colors_held(last)
            if settle and colors is not None and colors > 1:  # perhaps nothing but a splash screen, up to here
                await self._hold(False)
                await asyncio.sleep(settle)
                colors, settle = await self._colors_held(last), 0.0
            if (colors is not None and colors > 1) or time.monotonic() > deadline or self._silent:
                return colors
            await self._hold(False)
            await asyncio.sleep(POLL_SECONDS)

    async def _colors_held(self, held: bool) -> int | None:
        """`colors` of a game that draws no more, if `held`, until `_hold` says so."""
        await self._hold(held)
        return await self.colors()

    async def colors(self) -> int | None:
        """How many colours the game's canvas shows, counted up to 256, of several canvases the least; None without
        one. The game's canvases are those that a loader was given, else the largest of the page."""
        counts: list[int] = []
        self.unseen = ""
        try:
            for number in range(_MAX_CANVASES):
                count = await self._colors_of(number)
                if count is None:
                    break
                counts.append(count)
        except PageSilent as error:
            self.unseen = str(error)
            return None
        return min(counts, default=None)

    async def _colors_of(self, number: int) -> int | None:
        place = await self._ask(wire.CANVAS, number, ANSWER_SECONDS)
        if place is None:
            return None
        canvas, (left, top) = _valid(wire.WireCanvas, place), await self._offset()
        clip = FloatRect(x=canvas.x + left, y=canvas.y + top, width=canvas.width, height=canvas.height)
        return count_colors(await self._shoot(clip, _CANVAS_ALONE))

    async def _offset(self) -> tuple[float, float]:
        """Where the game's frame lies in the page."""
        if self._frame == self._page.main_frame:
            return 0.0, 0.0
        element = await self._within(self._frame.frame_element(), ANSWER_SECONDS)
        box = await self._within(element.bounding_box(), ANSWER_SECONDS)
        return (box["x"], box["y"]) if box else (0.0, 0.0)

    async def screenshot(self) -> bytes | None:
        """The page as the player sees it, PNG; None when the page no longer draws."""
        try:
            return None if self._silent else await self._shoot()
        except PageSilent:
            return None

    async def _shoot(self, clip: FloatRect | None = None, style: str | None = None) -> bytes:
        # A heavy scene drawn in software by a busy machine takes its time for a single frame.
        seconds = max(ANSWER_SECONDS, min(self._timeout, _SHOT_SECONDS))
        already, self._held = self._held, True
        await self._ask(wire.HOLD, True, seconds)
        try:
            return await self._within(self._page.screenshot(timeout=seconds * 1000, clip=clip, style=style), seconds)
        finally:
            await self._hold(already)

    async def _hold(self, held: bool) -> None:
        """Whether the game's frames wait, so that a heavy scene leaves time for a picture."""
        self._held = held
        with suppress(PageSilent):
            await self._ask(wire.HOLD, held, ANSWER_SECONDS)

    # --- talking to the page --------------------------------------------------------------------------------------

    async def _ask(self, script: str, argument: object, seconds: float) -> object:
        return await self._within(self._frame.evaluate(script, argument), seconds)

    async def _within(self, call: Coroutine[Any, Any, _T], seconds: float) -> _T:
        limit = min(seconds, _LAST_SECONDS) if self._silent else seconds
        try:
            answer = await asyncio.wait_for(call, limit)
            self._silent = False
            return answer
        except TimeoutError:
            self._silent = True
            msg = f"the page did not answer within {limit:.0f} s"
        except PlaywrightError as error:
            crashed = self._listener.crashed or "crash" in error.message.lower()
            msg = "the page crashed" if crashed else clean(error.message.partition("\n")[0], 300)
        raise PageSilent(msg)


def count_colors(png: bytes) -> int:
    """The colours of a picture, counted up to 256."""
    with Image.open(io.BytesIO(png)) as image:
        found = image.convert("RGB").getcolors(maxcolors=256)
    return 256 if found is None else len(found)


def _valid(model: type[_M], answer: object) -> _M:
    try:
        return model.model_validate(answer)
    except ValidationError as error:
        raise PageSilent(_nonsense(error)) from None


def _valid_list(answer: object) -> list[wire.WirePrediction]:
    try:
        return TypeAdapter(list[wire.WirePrediction]).validate_python(answer)
    except ValidationError as error:
        raise PageSilent(_nonsense(error)) from None


def _nonsense(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return clean(f"tfjsBridge gave an unexpected {place or 'answer'}: {first['msg']}", 300)


@asynccontextmanager
async def open_page(
    browser: Browser, origin: str, backend: Backend, timeout: float, *, soak: bool = False
) -> AsyncIterator[GamePage]:
    """A fresh page, told which backend to use; `timeout` in seconds holds for loading and for each prediction. `soak`:
    its WebGL objects and frames are counted."""
    context = await new_context(browser)
    renderer = await _renderer(await context.new_page())
    page = await context.new_page()
    await page.add_init_script(wire.WATCHING)
    await page.add_init_script(wire.HOLDING)
    await page.add_init_script(wire.page_config(backend))
    if soak:
        await page.add_init_script(wire.SOAKING)
    yield GamePage(page, PageListener(context, page, origin), renderer, timeout)


async def _renderer(page: Page) -> str:
    # Asked on a page of its own: the game's page could say anything.
    answer = await page.evaluate(wire.RENDERER)
    await page.close()
    return clean(str(answer), 300)
