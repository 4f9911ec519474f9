"""A finished build in a browser, for code that is not asynchronous: the browser's event loop has a thread of its own,
so that the test may run another (pytest-playwright's does)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from builder.cli.building import opened
from builder.harness import starting
from builder.harness.browser import BrowserOptions, open_browser
from builder.harness.builds import is_address
from builder.harness.evaluate import best
from builder.harness.images import ImageRefused, RgbImage, page_image, read_rgb
from builder.harness.loading import Wait
from builder.harness.page import GamePage, PageSilent, open_page
from builder.harness.results import ModelInfo, PageLog
from builder.harness.run import published
from builder.harness.visits import RunOptions, address

T = TypeVar("T")


class BuildError(Exception):
    """The build gave no answer; the message says why, and what its page said last."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What the model says of a picture: `scores` by label; `ms` of the inference."""

    label: str
    score: float
    scores: Mapping[str, float] = field(repr=False)
    ms: float = field(repr=False)


class UnityBuild:
    """A build that has loaded; made by `opened_build`."""

    def __init__(self, loop: _Loop, page: GamePage, model: ModelInfo | None) -> None:
        self._loop, self._page, self._model = loop, page, model

    @property
    def labels(self) -> tuple[str, ...]:
        """The model's classes; none without a model."""
        return self._model.labels if self._model else ()

    def predict(self, picture: str | Path | Image.Image | NDArray[np.uint8]) -> Guess:
        """The model's answer to a picture: a file, a Pillow image, or uint8 [height, width, 3].

        It is handed to the model directly; the game's own way to it, from a camera or a texture, is not exercised.

        Raises:
            BuildError: the build has no model, or gave no answer.
            ValueError: it is no picture.
        """
        if self._model is None:
            msg = "no model was looked for: --unity-no-predict"
            raise BuildError(msg)
        answer = self._ask(self._page.predict(self._model.handle, page_image(_pixels(picture))))
        if isinstance(answer, str):
            raise self._failed(answer)
        if len(answer.scores) != len(self.labels) or not np.isfinite(answer.scores).all():
            reason = f"its {len(answer.scores)} scores are not one number for each label"
            raise self._failed(reason)
        top = best(answer.scores)
        scores = dict(zip(self.labels, answer.scores, strict=True))
        return Guess(self.labels[top], answer.scores[top], scores, answer.execute_ms)

    @property
    def rendered(self) -> bool:
        """True when the canvas shows more than one colour, for which it is waited 10 s."""
        colors = self._ask(self._page.wait_for_colors())
        return colors is not None and colors > 1

    @property
    def running(self) -> bool:
        """False once the game has stopped with an error after it had loaded."""
        return not self._page.crashed and not self._ask(self._page.watch()).stops

    @property
    def log(self) -> PageLog:
        """What the page said and did until now."""
        return self._loop.run(self._log())

    @property
    def errors(self) -> tuple[str, ...]:
        """Uncaught errors, then error lines of the console; what stopped the game, where that was seen."""
        watch = self._ask(self._page.watch())
        return tuple(dict.fromkeys([*watch.stops, *self.log.errors]))

    def screenshot(self, path: str | Path | None = None) -> bytes:
        """The page as the player sees it, PNG; also written to `path`, if one is given.

        Raises:
            BuildError: the page no longer draws.
        """
        picture = self._ask(self._page.screenshot())
        if picture is None:
            reason = "it no longer draws"
            raise self._failed(reason)
        if path is not None:
            Path(path).write_bytes(picture)
        return picture

    def _ask(self, question: Coroutine[Any, Any, T]) -> T:
        try:
            return self._loop.run(question)
        except PageSilent as error:
            raise self._failed(str(error)) from None

    async def _log(self) -> PageLog:
        return self._page.log()  # inside the thread in which it grows

    def _failed(self, reason: str) -> BuildError:
        return BuildError(
            "\n".join([f"the build did not answer: {reason}", *starting.signs(starting.NO_WATCH, self.log)])
        )


def _pixels(picture: str | Path | Image.Image | NDArray[np.uint8]) -> RgbImage:
    if isinstance(picture, str | Path):
        try:
            return read_rgb(Path(picture))
        except ImageRefused as refused:
            msg = f"the picture {picture} {refused}"
            raise ValueError(msg) from None
    pixels = np.asarray(picture.convert("RGB") if isinstance(picture, Image.Image) else picture)
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        msg = f"a picture is uint8 [height, width, 3], and this is {pixels.dtype} {list(pixels.shape)}"
        raise ValueError(msg)
    return pixels


@contextmanager
def opened_build(
    build: str | Path,
    *,
    channel: str | None = None,
    slow_mo: float = 0.0,
    executable: str | Path | None = None,
    **how: Any,  # noqa: ANN401 - RunOptions names them
) -> Iterator[UnityBuild]:
    """A folder, a ZIP or an address, loaded. `how` are `RunOptions`.

    Raises:
        UserError: whatever keeps the browser, the build or its model from loading.
    """
    options = RunOptions(executable=Path(executable) if executable else None, **how)
    browser = BrowserOptions(
        executable=options.executable, gpu=options.gpu, headed=options.headed, channel=channel, slow_mo=slow_mo
    )
    source = str(build) if is_address(str(build)) else Path(build)
    with opened(source) as target, published(target, options) as (origin, url), _loop() as loop:
        stack = AsyncExitStack()
        try:
            yield loop.run(_open(stack, loop, (origin, url), browser, options))
        finally:
            loop.run(stack.aclose())


async def _open(
    stack: AsyncExitStack, loop: _Loop, place: tuple[str, str], how: BrowserOptions, options: RunOptions
) -> UnityBuild:
    origin, url = place[0], address(place[1], f"?{options.query.lstrip('?')}" if options.query else "")
    browser = await stack.enter_async_context(open_browser(origin, how))
    page = await stack.enter_async_context(open_page(browser, origin, options.backend, options.timeout))
    if not options.predict:
        await page.start(url, _silent)
        return UnityBuild(loop, page, None)
    state = await page.load(url, Wait(slug=options.slug, timeout=options.timeout), _silent)
    return UnityBuild(loop, page, await page.model(state))


def _silent(_text: str) -> None:
    """Nobody watches the progress."""


class _Loop:
    """An event loop in a thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@contextmanager
def _loop() -> Iterator[_Loop]:
    loop = _Loop()
    try:
        yield loop
    finally:
        loop.close()
