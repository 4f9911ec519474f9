"""Who predicts: the model of a finished build through its page object, or a model folder on the reference page."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from builder.errors import NOT_EVALUABLE, UserError, fail
from builder.harness import evaluate
from builder.harness.browser import BrowserOptions, open_browser
from builder.harness.golden import scores_of
from builder.harness.images import RgbImage, page_image
from builder.harness.loading import Progress, Wait
from builder.harness.page import GamePage, PageSilent, open_page
from builder.harness.photos import prepared
from builder.harness.reference import ReferenceBackend, ReferencePage, reference_page
from builder.harness.results import Backend, Check, ModelInfo
from builder.harness.visits import RunOptions, address
from builder.spec import ModelSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """What one picture gave: `scores` one per label, `ms` of the inference."""

    scores: tuple[float, ...]
    ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """The model that predicts and what it runs on. `way` says in a sentence how pictures reach it."""

    name: str
    labels: tuple[str, ...]
    identity: str
    way: str
    backend: str
    renderer: str
    browser: str
    slug: str = ""
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What a page holds after a garbage collection; None where it cannot say."""

    tensors: int | None
    heap_bytes: int | None


class Predictor(Protocol):
    """A loaded model on a page that may die."""

    @property
    def who(self) -> Who: ...

    async def predict(self, rgb: RgbImage) -> Predictions | str:
        """For a picture [h, w, 3]; a text is the model's refusal. Raises PageSilent when the page is dead."""
        ...

    async def memory(self) -> Memory:
        """Raises PageSilent."""
        ...


class Opening(Protocol):
    """Opens a model on a fresh page; `identity` is the SHA-256 of what it is made of, "" where only its page knows."""

    @property
    def identity(self) -> str: ...

    def __call__(self, progress: Progress) -> AbstractAsyncContextManager[Predictor]: ...


def require_classifier(model: str, task: str) -> None:
    """Raises UserError: NOT_EVALUABLE."""
    if task != "classification":
        raise fail(NOT_EVALUABLE, model=model, task=task)


# --- a build --------------------------------------------------------------------------------------------------------

BUILD_WAY = "the build's own runtime, by its page object: exact, but the game's own path to it is not exercised"


@dataclass(frozen=True, slots=True)
class BuildPredictor:
    """A model of a build, through `globalThis.tfjsBridge`."""

    page: GamePage
    handle: int
    who: Who

    async def predict(self, rgb: RgbImage) -> Predictions | str:
        answer = await self.page.predict(self.handle, page_image(rgb))
        if isinstance(answer, str):
            return f"the prediction failed: {answer}"
        return _finite(answer.scores, answer.execute_ms, len(self.who.labels))

    async def memory(self) -> Memory:
        return Memory(tensors=await self.page.tensors(self.handle), heap_bytes=await self.page.heap_bytes())


@dataclass(frozen=True, slots=True)
class BuildOpening:
    """A build whose page is at `url`; the browser reaches `origin` alone."""

    origin: str
    url: str
    options: RunOptions
    identity: str = ""

    @asynccontextmanager
    async def __call__(self, progress: Progress) -> AsyncIterator[Predictor]:
        options = self.options
        how = BrowserOptions(executable=options.executable, gpu=options.gpu, headed=options.headed)
        async with (
            open_browser(self.origin, how) as browser,
            open_page(browser, self.origin, options.backend, options.timeout) as page,
        ):
            url = address(self.url, f"?{options.query.lstrip('?')}" if options.query else "")
            state = await page.load(url, Wait(slug=options.slug, timeout=options.timeout), progress)
            model = await page.model(state)
            checks = (
                evaluate.check_backend(options.backend, [(state.slug, state.backend)]),
                evaluate.check_renderer(options.gpu, page.renderer),
            )
            yield BuildPredictor(page, model.handle, _who(model, state.backend, page, browser.version, checks))


def _who(model: ModelInfo, backend: str, page: GamePage, version: str, checks: tuple[Check, ...]) -> Who:
    require_classifier(f"The model {model.slug}", model.task)
    return Who(
        name=f"{model.name} ({model.slug})",
        labels=model.labels,
        identity=model.contract_sha256,
        way=BUILD_WAY,
        backend=backend,
        renderer=page.renderer,
        browser=f"Chromium {version}",
        slug=model.slug,
        checks=checks,
    )


def _finite(scores: tuple[float, ...], ms: float, labels: int) -> Predictions | str:
    if len(scores) != labels:
        return f"got {len(scores)} scores for {labels} labels"
    if not np.isfinite(scores).all():
        return "a score is not a finite number"
    return Predictions(scores=scores, ms=ms if np.isfinite(ms) else 0.0)


# --- a model --------------------------------------------------------------------------------------------------------

MODEL_WAY = "TensorFlow.js as it is, on the tool's reference page; pictures are fitted and normalized in Python"


@dataclass(frozen=True, slots=True)
class ModelPredictor:
    """A model folder on the reference page, its input and scores made as `spec` says."""

    page: ReferencePage
    spec: ModelSpec
    who: Who

    async def predict(self, rgb: RgbImage) -> Predictions | str:
        tensor = prepared(rgb, self.spec.preprocess)[None].astype(np.dtype(self.spec.input.dtype))
        wanted = [self.spec.output.name] if self.spec.files.format == "graph-model" else None
        begun = time.perf_counter()
        try:
            outputs = await self.page.run([tensor], wanted)
        except UserError as error:
            raise PageSilent(error.problems[0].what) from error
        ms = (time.perf_counter() - begun) * 1000
        output = outputs.get(self.spec.output.name, next(iter(outputs.values())))
        return _finite(tuple(scores_of(output, self.spec.classification)), ms, len(self.spec.labels))

    async def memory(self) -> Memory:
        return Memory(tensors=None, heap_bytes=await self.page.heap_bytes())


@dataclass(frozen=True, slots=True)
class ModelOpening:
    """The model in `folder`, used as `spec` says; `identity` is the SHA-256 of what it is made of."""

    folder: Path
    name: str
    spec: ModelSpec
    identity: str
    options: RunOptions

    @asynccontextmanager
    async def __call__(self, progress: Progress) -> AsyncIterator[Predictor]:
        options = self.options
        how = BrowserOptions(executable=options.executable, gpu=options.gpu, headed=options.headed)
        async with reference_page(how, timeout=options.timeout) as page:
            progress("loading the model")
            backend = reference_backend(options.backend)
            loaded = await page.load(self.folder, backend)
            who = Who(
                name=self.name,
                labels=self.spec.labels,
                identity=self.identity,
                way=MODEL_WAY,
                backend=backend,
                renderer=loaded.renderer,
                browser=f"Chromium {page.version}",
            )
            yield ModelPredictor(page, self.spec, who)


def reference_backend(asked: Backend) -> ReferenceBackend:
    """The reference page has no choice of its own: `auto` is wasm, which is there on every machine."""
    return "wasm" if asked == "auto" else asked
