"""Decides, without a page at hand, whether a build has loaded, may still load, or failed; and says why."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
from builder.harness.results import PageLog
from builder.harness.text import clean
from builder.harness.wire import PAGE_OBJECT_VERSION, WireBridge, WireModel

Progress = Callable[[str], None]

# A page that had an error and then says and fetches nothing for so long will not load any more.
QUIET_SECONDS = 15.0
_RUNTIME_SCRIPT = re.compile(r"(?:^|/)tfjs-bridge/runtime/[^/]+\.js: ")


@dataclass(frozen=True, slots=True)
class Wait:
    """What is waited for: the model `slug`, or with None the only one; for `timeout` seconds at most."""

    slug: str | None
    timeout: float

    def is_over(
        self, bridge: WireBridge | None, log: PageLog, elapsed: float, quiet: float, *, crashed: bool = False
    ) -> bool:
        """True when the wait has succeeded or can no longer succeed. `quiet`: seconds since the page's last event."""
        if crashed or elapsed >= self.timeout or self._broken(bridge):
            return True
        if bridge is None or not bridge.models:
            return bool(_troubles(log)) and quiet >= QUIET_SECONDS
        if any(model.phase == "loading" for model in bridge.models):
            return False
        return bool(self._wanted(bridge)) or quiet >= QUIET_SECONDS

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

    def failure(
        self, bridge: WireBridge | None, log: PageLog, trouble: str, *, rendered: bool, crashed: bool
    ) -> UserError:
        """Why nothing was ready when the wait was over. `trouble`: what the page object answered instead, if so."""
        if crashed:
            return fail(BUILD_FAILED_TO_LOAD, reason="the page crashed")
        if bridge is not None and bridge.version != PAGE_OBJECT_VERSION:
            return fail(ABI_MISMATCH, actual=f"{bridge.version:g}", expected=PAGE_OBJECT_VERSION)
        if bridge is not None and bridge.models:
            return self._model_failure(bridge)
        return self._build_failure(log, trouble, rendered=rendered)

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

    def _build_failure(self, log: PageLog, trouble: str, *, rendered: bool) -> UserError:
        for request in log.failed_requests:
            if _RUNTIME_SCRIPT.search(request):
                return fail(RUNTIME_UNAVAILABLE, url=request.rpartition(": ")[0], reason=_answer(request))
        troubles = _troubles(log)
        if trouble:
            troubles.append(trouble)
        if rendered:
            return fail(NO_BRIDGE, seconds=f"{self.timeout:g}")
        nothing = f"no picture and no model appeared within {self.timeout:g} s"
        return fail(BUILD_FAILED_TO_LOAD, reason=troubles[0] if troubles else nothing)


def _answer(request: str) -> str:
    """`x.js: 404` → how the host answered, or what the browser said of the request."""
    said = request.rpartition(": ")[2]
    return f"the host answered with status {said}" if said.isdecimal() else said


def _troubles(log: PageLog) -> list[str]:
    """What speaks against a build that did not load, the plainest sign first."""
    return [*log.failed_requests, *log.page_errors, *log.dialogs]


def _bad_option(value: str, slugs: Sequence[str]) -> UserError:
    count = "1 model" if len(slugs) == 1 else f"{len(slugs)} models"
    return fail(BAD_OPTION, option="--model", value=value, reason=f"the page has loaded {count}: {', '.join(slugs)}")


def not_opened(message: str) -> UserError:
    """The failure of a page whose document did not even begin to load."""
    return fail(BUILD_FAILED_TO_LOAD, reason=clean(message.partition("\n")[0], 300))


def describe(bridge: WireBridge | None) -> str:
    """The stage of loading in a few words, for a progress display."""
    if bridge is None or not bridge.models:
        return "loading the build"
    loading = [model for model in bridge.models if model.phase == "loading"]
    return f"loading {loading[0].slug}: {loading[0].progress:.0%}" if loading else "the model is ready"
