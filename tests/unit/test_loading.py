"""When to wait on, when to give up, and which model is meant."""

from __future__ import annotations

from builder.harness.loading import QUIET_SECONDS, Wait, describe
from builder.harness.results import PageLog
from builder.harness.visits import plan
from builder.harness.wire import Phase, WireBridge, WireModel
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


def test_a_silent_page_gets_all_its_time() -> None:
    assert not ANY.is_over(None, LOG, elapsed=59, quiet=59)
    assert ANY.is_over(None, LOG, elapsed=60, quiet=0)


def test_a_page_that_had_an_error_and_fell_silent_is_given_up() -> None:
    assert not ANY.is_over(None, TROUBLE, elapsed=30, quiet=QUIET_SECONDS - 1)
    assert ANY.is_over(None, TROUBLE, elapsed=30, quiet=QUIET_SECONDS)
    assert ANY.is_over(None, LOG, elapsed=0, quiet=0, crashed=True)


def test_a_loading_model_is_waited_for_whatever_else_went_wrong() -> None:
    assert not ANY.is_over(bridge(faces="loading"), TROUBLE, elapsed=30, quiet=30)
    assert describe(bridge(faces="loading")) == "loading faces: 25%"
    assert not ANY.is_over(bridge(faces="ready", hands="loading"), LOG, elapsed=30, quiet=0)


def test_the_only_model_or_the_named_one_is_meant() -> None:
    only, both = bridge(faces="ready"), bridge(hands="failed", faces="ready")
    assert ANY.is_over(only, LOG, elapsed=1, quiet=0) and ANY.ready(only) == only.models[0]
    assert ANY.ready(both) is None and FACES.ready(both) == both.models[1]
    assert ANY.ready(None) is None and ANY.ready(bridge(faces="disposed")) is None


def test_a_failed_model_ends_the_wait_only_if_it_is_meant() -> None:
    both = bridge(hands="failed", faces="loading")
    assert ANY.is_over(both, LOG, elapsed=1, quiet=0) and not FACES.is_over(both, LOG, elapsed=1, quiet=0)


def test_a_name_that_no_model_has_is_given_up_once_the_page_is_silent() -> None:
    hands = bridge(hands="ready")
    assert not FACES.is_over(hands, LOG, elapsed=30, quiet=1)
    assert FACES.is_over(hands, LOG, elapsed=30, quiet=QUIET_SECONDS)


def test_cases_are_grouped_into_visits_by_query_and_by_film() -> None:
    a, b, c = case(label="a", query="x=1"), case(label="b"), case(label="c", source="camera", query="?y=2")
    visits = plan([a, b, c, a], "all=1")
    assert [(visit.cases, visit.query, visit.camera) for visit in visits] == [
        ((b,), "?all=1", False),
        ((a, a), "?all=1&x=1", False),
        ((c,), "?all=1&y=2", True),
    ]
