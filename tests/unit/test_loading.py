"""When to wait on, when to give up, and which model is meant."""

from __future__ import annotations

from builder.harness.loading import QUIET_SECONDS, Seen, StartWait, Wait, describe
from builder.harness.results import PageLog
from builder.harness.starting import check_loaded, troubles
from builder.harness.visits import plan
from builder.harness.wire import Phase, WireBridge, WireModel, WireStart, WireWatch
from tests.unit.test_evaluate import case

LOG, TROUBLE = PageLog(), PageLog(page_errors=("boom",))
ANY, FACES = Wait(slug=None, timeout=60), Wait(slug="faces", timeout=60)


def bridge(**phases: Phase) -> WireBridge:
    """A page object with a model in each of these phases."""
    models = [
        WireModel(
            handle=n,
            slug=slug,
            contract_hash="",
            phase=phase,
            progress=0.25,
            error=None,
            backend="",
            resting_tensors=0,
            trials=[],
        )
        for n, (slug, phase) in enumerate(phases.items(), 1)
    ]
    return WireBridge(version=1, abi=1, generator="", renderer="", models=models)


def seen(
    bridge: WireBridge | None, log: PageLog = LOG, elapsed: float = 1, quiet: float = 0, crashed: bool = False
) -> Seen:
    return Seen(bridge=bridge, log=log, elapsed=elapsed, quiet=quiet, crashed=crashed)


def start(phase: str, progress: float = 0.9, reason: str = "") -> WireStart:
    """A call of createUnityInstance for one file."""
    call = {"api": "createUnityInstance", "phase": phase, "progress": progress, "reason": reason}
    return WireStart.model_validate({**call, "files": ["/Build/a.wasm.br"]})


def watched(
    *starts: WireStart,
    log: PageLog = LOG,
    elapsed: float = 1,
    quiet: float = 0,
    said: tuple[list[str], list[str]] = ([], []),
) -> Seen:
    """A page on which loaders were called, with the loader's errors and with what stopped the game."""
    watch = WireWatch(starts=list(starts), complaints=said[0], stops=said[1])
    return Seen(watch=watch, log=log, elapsed=elapsed, quiet=quiet)


def test_a_silent_page_gets_all_its_time() -> None:
    assert not ANY.is_over(seen(None, LOG, elapsed=59, quiet=59))
    assert ANY.is_over(seen(None, LOG, elapsed=60, quiet=0))


def test_a_page_that_had_an_error_and_fell_silent_is_given_up() -> None:
    assert not ANY.is_over(seen(None, TROUBLE, elapsed=30, quiet=QUIET_SECONDS - 1))
    assert ANY.is_over(seen(None, TROUBLE, elapsed=30, quiet=QUIET_SECONDS))
    assert ANY.is_over(seen(None, LOG, elapsed=0, quiet=0, crashed=True))


def test_a_loading_model_is_waited_for_whatever_else_went_wrong() -> None:
    assert not ANY.is_over(seen(bridge(faces="loading"), TROUBLE, elapsed=30, quiet=30))
    assert describe(seen(bridge(faces="loading"))) == "loading faces: 25%"
    assert not ANY.is_over(seen(bridge(faces="ready", hands="loading"), LOG, elapsed=30, quiet=0))


def test_the_only_model_or_the_named_one_is_meant() -> None:
    only, both = bridge(faces="ready"), bridge(hands="failed", faces="ready")
    assert ANY.is_over(seen(only, LOG, elapsed=1, quiet=0)) and ANY.ready(only) == only.models[0]
    assert ANY.ready(both) is None and FACES.ready(both) == both.models[1]
    assert ANY.ready(None) is None and ANY.ready(bridge(faces="disposed")) is None


def test_a_failed_model_ends_the_wait_only_if_it_is_meant() -> None:
    both = bridge(hands="failed", faces="loading")
    assert ANY.is_over(seen(both, LOG, elapsed=1, quiet=0)) and not FACES.is_over(seen(both, LOG, elapsed=1, quiet=0))


def test_a_name_that_no_model_has_is_given_up_once_the_page_is_silent() -> None:
    hands = bridge(hands="ready")
    assert not FACES.is_over(seen(hands, LOG, elapsed=30, quiet=1))
    assert FACES.is_over(seen(hands, LOG, elapsed=30, quiet=QUIET_SECONDS))


def test_cases_are_grouped_into_visits_by_query_and_by_film() -> None:
    a, b, c = case(label="a", query="x=1"), case(label="b"), case(label="c", source="camera", query="?y=2")
    visits = plan([a, b, c, a], "all=1")
    assert [(visit.cases, visit.query, visit.camera) for visit in visits] == [
        ((b,), "?all=1", False),
        ((a, a), "?all=1&x=1", False),
        ((c,), "?all=1&y=2", True),
    ]


# --- without a model ------------------------------------------------------------------------------------------------

ALONE = StartWait(timeout=60)


def test_a_build_is_waited_for_while_its_loader_works_whatever_other_scripts_say() -> None:
    assert not ALONE.is_over(watched(start("loading"), log=TROUBLE, elapsed=59, quiet=59))
    assert not ALONE.is_over(watched(start("started"), start("loading")))
    assert ALONE.is_over(watched(start("started"))) and ALONE.is_over(watched(start("failed")))
    assert ALONE.is_over(watched(start("loading"), elapsed=60))


def test_a_loader_that_lacks_a_file_of_its_own_or_complains_is_given_up_once_the_page_is_silent() -> None:
    lost = PageLog(failed_requests=("Build/a.wasm.br: 404",))
    other = PageLog(failed_requests=("TemplateData/favicon.ico: 404",))
    assert ALONE.is_over(watched(start("loading"), log=lost, quiet=QUIET_SECONDS))
    assert not ALONE.is_over(watched(start("loading"), log=lost, quiet=QUIET_SECONDS - 1))
    assert not ALONE.is_over(watched(start("loading"), log=other, quiet=QUIET_SECONDS))
    assert ALONE.is_over(watched(start("loading"), said=(["Unable to parse"], []), quiet=QUIET_SECONDS))


def test_the_plainest_reason_comes_first() -> None:
    log = PageLog(page_errors=("x is undefined",), failed_requests=("logo.png: 404", "Build/a.wasm.br: 404"))
    page = watched(start("failed", reason="no wasm"), log=log, said=(["see the console"], []))
    expected = ["Build/a.wasm.br: 404", "no wasm", "see the console", "x is undefined", "logo.png: 404"]
    assert troubles(page.watch, page.log) == expected
    assert troubles(watched().watch, log)[0] == "logo.png: 404"
    assert "createUnityInstance was still loading after 60 s (90%)" in str(ALONE.failure(watched(start("loading"))))


def test_a_game_that_stopped_has_not_loaded() -> None:
    assert check_loaded(watched(start("started")).watch, model=False).passed
    stopped = watched(start("started"), said=([], ["memory access out of bounds"]))
    assert not check_loaded(stopped.watch, model=False).passed


def test_a_build_without_models_is_not_waited_for_once_it_has_started() -> None:
    hopeless = Wait(slug=None, timeout=60, hopeless=True)
    assert hopeless.is_over(watched(start("started"))) and not ANY.is_over(watched(start("started")))
    assert "its StreamingAssets hold none" in str(hopeless.failure(watched(start("started")), rendered=False))
