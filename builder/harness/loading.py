"""Decides, without a page at hand, whether a build and its model have loaded, may still load, or failed; says why."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from builder.errors import (
    ABI_MISMATCH,
    BAD_OPTION,
    BUILD_FAILED_TO_LOAD,
    MODEL_DID_NOT_LOAD,
    NO_BRIDGE,
    RUNTIME_UNAVAILABLE,
    UserError,
    fail,
)
from builder.harness import starting
from builder.harness.results import PageLog
from builder.harness.starting import NO_WATCH
from builder.harness.text import clean
from builder.harness.wire import PAGE_OBJECT_VERSION, WireBridge, WireModel, WireWatch

Progress = Callable[[str], None]

# A page that had an error and then says and fetches nothing for so long will not load any more.
QUIET_SECONDS = 15.0
_RUNTIME_SCRIPT = re.compile(r"(?:^|/)tfjs-bridge/runtime/[^/]+\.js: ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A page at one moment: `elapsed` seconds after it was opened, `quiet` seconds after its last event. `trouble`: why
    the page object could not be read, if so."""

    log: PageLog
    bridge: WireBridge | None = None
    watch: WireWatch = field(default=NO_WATCH)
    elapsed: float
    quiet: float
    crashed: bool = False
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class StartWait:
    """Waits for the build alone, for `timeout` seconds at most."""

    timeout: float

    def is_over(self, seen: Seen) -> bool:
        """True when the build has started, or is known not to, or shows no sign of a loader."""
        phase = starting.phase(seen.watch)
        if seen.crashed or seen.elapsed >= self.timeout or phase in ("started", "failed"):
            return True
        waiting = phase == "loading" and not starting.is_stuck(seen.watch, seen.log)
        return not waiting and seen.quiet >= QUIET_SECONDS

    def failure(self, seen: Seen) -> UserError:
        """Why the build did not start."""
        return not_loaded(seen, self.timeout)


def not_loaded(seen: Seen, timeout: float) -> UserError:
    """BUILD_FAILED_TO_LOAD with the plainest sign of why."""
    if seen.crashed:
        return fail(BUILD_FAILED_TO_LOAD, reason="the page crashed")
    known = [*starting.troubles(seen.watch, seen.log), *([seen.trouble] if seen.trouble else [])]
    return fail(BUILD_FAILED_TO_LOAD, reason=known[0] if known else starting.unfinished(seen.watch, timeout))


@dataclass(frozen=True, slots=True)
class Wait:
    """What is waited for: the model `slug`, or with None the only one; for `timeout` seconds at most. `hopeless`: the
    build is known to carry no model, so that it is not waited for once the game has started."""

    slug: str | None
    timeout: float
    hopeless: bool = False

    def is_over(self, seen: Seen) -> bool:
        """True when the wait has succeeded or can no longer succeed."""
        if seen.crashed or seen.elapsed >= self.timeout or self._broken(seen.bridge):
            return True
        if seen.bridge is None or not seen.bridge.models:
            return self._is_given_up(seen)
        if any(model.phase == "loading" for model in seen.bridge.models):
            return False
        return bool(self._wanted(seen.bridge)) or seen.quiet >= QUIET_SECONDS

    def _is_given_up(self, seen: Seen) -> bool:
        """Whether no model will appear any more."""
        phase = starting.phase(seen.watch)
        if phase == "failed" or (phase == "started" and self.hopeless):
            return True
        waiting = phase == "loading" and not starting.is_stuck(seen.watch, seen.log)
        return not waiting and bool(starting.troubles(seen.watch, seen.log)) and seen.quiet >= QUIET_SECONDS

    def ready(self, bridge: WireBridge | None) -> WireModel | None:
        """The model, when exactly one is meant and it is ready."""
        wanted = [] if bridge is None or bridge.version != PAGE_OBJECT_VERSION else self._wanted(bridge)
        return wanted[0] if len(wanted) == 1 and wanted[0].phase == "ready" else None

    def _broken(self, bridge: WireBridge | None) -> bool:
        if bridge is None:
            return False
        failed = any(model.phase == "failed" for model in self._wanted(bridge))
        return failed or bridge.version != PAGE_OBJECT_VERSION

    def _wanted(self, bridge: WireBridge) -> list[WireModel]:
        """The models meant, one per slug."""
        models = {m.slug: m for m in reversed(bridge.models) if m.phase != "disposed"}
        return [m for m in models.values() if self.slug is None or m.slug == self.slug]

    def failure(self, seen: Seen, *, rendered: bool) -> UserError:
        """Why nothing was ready when the wait was over."""
        bridge = seen.bridge
        if not seen.crashed and bridge is not None:
            if bridge.version != PAGE_OBJECT_VERSION:
                return fail(ABI_MISMATCH, actual=f"{bridge.version:g}", expected=PAGE_OBJECT_VERSION)
            if bridge.models:
                return self._model_failure(bridge)
        return self._build_failure(seen, rendered=rendered)

    def _model_failure(self, bridge: WireBridge) -> UserError:
        wanted, slugs = self._wanted(bridge), sorted({model.slug for model in bridge.models})
        if not wanted:
            return _bad_option(self.slug or "left out", slugs)
        for model in wanted:
            if model.phase == "failed":
                reason = model.error.message if model.error else "it gives no reason."
                return fail(MODEL_DID_NOT_LOAD, model=model.slug, reason=reason)
        for model in wanted:
            if model.phase == "loading":
                reason = f"it was still loading after {self.timeout:g} s ({model.progress:.0%})."
                return fail(MODEL_DID_NOT_LOAD, model=model.slug, reason=reason)
        return _bad_option("left out", slugs)

    def _build_failure(self, seen: Seen, *, rendered: bool) -> UserError:
        for request in seen.log.failed_requests:
            if _RUNTIME_SCRIPT.search(request):
                return fail(RUNTIME_UNAVAILABLE, url=request.rpartition(": ")[0], reason=_answer(request))
        phase = starting.phase(seen.watch)
        started = phase == "started" or (phase == "absent" and rendered)
        if not started or seen.crashed or seen.watch.stops:
            return not_loaded(seen, self.timeout)
        if self.hopeless:
            return fail(NO_BRIDGE, reason="its StreamingAssets hold none")
        return fail(NO_BRIDGE, reason=f"none appeared within {self.timeout:g} s")


def _answer(request: str) -> str:
    """`x.js: 404` → how the host answered, or what the browser said of the request."""
    said = request.rpartition(": ")[2]
    return f"the host answered with status {said}" if said.isdecimal() else said


def _bad_option(value: str, slugs: Sequence[str]) -> UserError:
    count = "1 model" if len(slugs) == 1 else f"{len(slugs)} models"
    return fail(BAD_OPTION, option="--model", value=value, reason=f"the page has loaded {count}: {', '.join(slugs)}")


def not_opened(message: str) -> UserError:
    """The failure of a page whose document did not even begin to load."""
    return fail(BUILD_FAILED_TO_LOAD, reason=clean(message.partition("\n")[0], 300))


def describe(seen: Seen) -> str:
    """The stage of loading in a few words, for a progress display."""
    if seen.bridge is None or not seen.bridge.models:
        loading = [start.progress for start in seen.watch.starts if start.phase == "loading"]
        return "loading the build" + (f": {min(loading):.0%}" if loading else "")
    models = [model for model in seen.bridge.models if model.phase == "loading"]
    return f"loading {models[0].slug}: {models[0].progress:.0%}" if models else "the model is ready"
