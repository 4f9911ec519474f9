"""What became of Unity's loader on a page, and in which words its failure is told. Pure: no page, no file."""

from __future__ import annotations

from collections.abc import Iterator

from builder.harness.results import Check, PageLog, Start
from builder.harness.text import clean
from builder.harness.wire import WireStart, WireWatch

SHOWN_REASONS = 5
NO_WATCH = WireWatch(starts=[], complaints=[], stops=[])


def phase(watch: WireWatch) -> str:
    """`absent` where no loader was called, else the worst of `failed`, `loading`, `started`."""
    phases = {start.phase for start in watch.starts}
    return next((each for each in ("failed", "loading", "started") if each in phases), "absent")


def start_of(watch: WireWatch, seconds: float) -> Start:
    """The evidence in `watch`."""
    apis = sorted({start.api for start in watch.starts})
    progress = min((start.progress for start in watch.starts), default=0.0)
    return Start(api=", ".join(apis), instances=len(watch.starts), progress=progress, seconds=seconds)


def is_stuck(watch: WireWatch, log: PageLog) -> bool:
    """True when something is known to have gone wrong from which a loader does not recover."""
    return bool(watch.complaints or watch.stops or list(_own_failures(watch, log)))


def troubles(watch: WireWatch, log: PageLog) -> list[str]:
    """What speaks against a build that did not load, the plainest sign first: the files that its loader asked for,
    the loader's own words, errors of scripts, then whatever else is missing."""
    own = list(_own_failures(watch, log))
    others = sorted((each for each in log.failed_requests if each not in own), key=_is_no_script)
    said = [start.reason for start in watch.starts if start.phase == "failed"]
    # Without a call of a loader, the script that is missing is the likeliest reason.
    early, late = ([], others) if watch.starts else (others, [])
    listed = [*own, *early, *said, *watch.complaints, *watch.stops, *log.page_errors, *late, *log.dialogs]
    return list(dict.fromkeys(clean(each, 1000) for each in listed if each))


def _own_failures(watch: WireWatch, log: PageLog) -> Iterator[str]:
    wanted = {path.lstrip("/") for start in watch.starts for path in start.files}
    return (each for each in log.failed_requests if each.partition(": ")[0] in wanted)


def _is_no_script(request: str) -> bool:
    return not request.partition(": ")[0].endswith(".js")


def unfinished(watch: WireWatch, seconds: float) -> str:
    """What to say of a build that gave no sign of trouble and did not start within `seconds` either."""
    if not watch.starts:
        return f"no picture and no model appeared within {seconds:g} s"
    stuck = min(watch.starts, key=_progress)
    return f"{stuck.api} was still loading after {seconds:g} s ({stuck.progress:.0%})"


def _progress(start: WireStart) -> float:
    return start.progress


def check_loaded(watch: WireWatch, *, model: bool) -> Check:
    """The check "loaded" of a page that was not given up: no instance has stopped since. `model`: one is ready."""
    if watch.stops:
        return Check(
            "loaded", False, "the game started, then stopped with an error", tuple(watch.stops[:SHOWN_REASONS])
        )
    if phase(watch) == "started":
        count = len(watch.starts)
        return Check("loaded", True, watch.starts[0].api + (f", {count} instances" if count > 1 else ""))
    what = "the model is ready" if model else "the canvas shows a picture"
    return Check("loaded", True, f"{what}; no loader of Unity's was seen to finish")


def not_loaded(reason: str) -> Check:
    """The check "loaded" of a page that was given up."""
    return Check("loaded", False, clean(reason, 1000))


def signs(watch: WireWatch, log: PageLog) -> tuple[str, ...]:
    """What may be the cause of an empty canvas: errors since the page was opened, newest of each kind."""
    listed = [*watch.stops, *watch.complaints, *log.errors, *log.failed_requests]
    return tuple(dict.fromkeys(clean(each, 300) for each in listed))[:SHOWN_REASONS]
