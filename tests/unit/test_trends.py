"""A soak's samples: what is a trend and what is scatter; and how they are taken, by a clock of the test's own."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

from builder.harness.page import GamePage, PageSilent
from builder.harness.results import ModelInfo, Prediction, SoakSample
from builder.harness.soak import Soaking
from builder.harness.trends import METRICS, check_all, trend
from builder.harness.wire import WireSoak
from tests.verifying import color_picture

MB = 1024 * 1024
STEADY = SoakSample(
    seconds=0,
    tensors=5,
    js_heap_bytes=20 * MB,
    gpu_bytes=80 * MB,
    frame_ms=16.6,
    frames_per_second=60,
    prediction_ms=30,
    predictions_per_second=30,
)
NAMES = [metric.check for metric in METRICS]
# What each grows by an hour of soaking, little more than it may.
LEAKS = {"tensors": 3, "js_heap_bytes": 3 * MB, "gpu_bytes": 10 * MB, "frame_ms": 16, "prediction_ms": 32}


def soaked(leaks: dict[str, float], noise: float = 0.0, count: int = 120) -> list[SoakSample]:
    """An hour in which the named fields grow evenly by so much; times scatter by the share `noise`, heaps a bit."""
    random, made = np.random.default_rng(3), []
    for place in np.linspace(0, 1, count):
        grown = {name: getattr(STEADY, name) + leaks.get(name, 0) * place for name in LEAKS}
        for name in ("frame_ms", "prediction_ms"):
            grown[name] *= 1 + noise * random.random()
        grown["js_heap_bytes"] *= 1 + noise / 100 * random.random()
        whole = {name: int(grown[name]) for name in ("tensors", "js_heap_bytes", "gpu_bytes")}
        made.append(replace(STEADY, **(grown | whole), seconds=3600 * float(place)))
    return made


def failed(samples: list[SoakSample]) -> list[str]:
    return [check.name for check in check_all(samples, model=True, silence="") if not check.passed]


@pytest.mark.parametrize("noise", [0.0, 0.5, 2.0])
def test_what_only_scatters_is_no_trend(noise: float) -> None:
    assert failed(soaked({}, noise)) == []


@pytest.mark.parametrize(("key", "name"), list(zip(LEAKS, NAMES, strict=True)))
def test_each_thing_that_grows_is_named_and_no_other(key: str, name: str) -> None:
    assert failed(soaked({key: LEAKS[key]}, 0.1)) == [name]
    assert failed(soaked({key: -LEAKS[key]}, 0.1)) == []


def test_growth_within_the_warm_up_counts_for_nothing() -> None:
    samples = [
        replace(each, js_heap_bytes=min(20, 2 + n) * MB, frame_ms=max(16.6, 90 - 4 * n))
        for n, each in enumerate(soaked({}))
    ]
    assert failed(samples) == []


def test_one_step_is_no_trend_and_many_are() -> None:
    """A level that was loaded once; one that is loaded again and again, and never let go."""
    once = [replace(each, gpu_bytes=(80 + 40 * (n > 100)) * MB) for n, each in enumerate(soaked({}))]
    assert failed(once) == []
    often = [replace(each, gpu_bytes=(80 + 10 * (n // 20)) * MB) for n, each in enumerate(soaked({}))]
    assert failed(often) == ["soak-gpu"]


def test_the_line_is_that_of_theil_and_sen_and_outliers_do_not_bend_it() -> None:
    random = np.random.default_rng(5)
    x = np.sort(random.random(40)) * 100
    y = 3 * x + random.normal(0, 2, 40)
    y[::5] += 500  # a fifth
    slopes = [(y[j] - y[i]) / (x[j] - x[i]) for i in range(40) for j in range(i + 1, 40)]
    found = trend(x, y)
    assert found.growth / found.seconds == pytest.approx(float(np.median(slopes)))
    assert found.growth / found.seconds == pytest.approx(3, abs=0.3)
    assert found.steadiness > 0.5


def test_too_few_samples_and_a_lost_page_are_failures() -> None:
    few = check_all(soaked({}, count=9), model=False, silence="")
    assert [check.name for check in few] == ["soak-js-heap", "soak-gpu", "soak-frame-time"]
    assert all(not check.passed and "not judged: 7 samples" in check.detail for check in few)
    (lost,) = check_all(soaked({})[:40], model=True, silence="the page crashed")
    assert not lost.passed and lost.detail == "the page was lost after 1180 s: the page crashed"


class Page:
    """Answers after `seconds` by its own clock; dies after `lives` predictions."""

    def __init__(self, seconds: float, lives: int = 10**9) -> None:
        self.seconds, self.lives, self.now, self.asked = seconds, lives, 100.0, 0

    async def predict(self, handle: int, image: dict[str, object]) -> Prediction | str:
        self.now += self.seconds
        self.asked += 1
        if self.asked > self.lives:
            reason = "the page crashed"
            raise PageSilent(reason)
        return Prediction((1.0,), 0, "probe", 1, 1.0)

    async def soaked(self) -> WireSoak:
        return WireSoak(gpu_bytes=7, frames=30, frame_ms=16.5)

    async def tensors(self, handle: int) -> int:
        return self.asked

    async def heap_bytes(self) -> int:
        return 1000


def soak(page: Page, seconds: float) -> Soaking:
    model = ModelInfo(1, "Colors", "colors", "c0ffee", ("red",))
    soaking = Soaking(seconds, lambda: page.now, lambda text: None)
    untyped: Any = page
    asyncio.run(soaking.run(cast(GamePage, untyped), model, [color_picture((1, 2, 3))]))
    return soaking


def test_samples_are_spread_over_the_time() -> None:
    page = Page(0.125)
    samples = soak(page, 600).samples
    assert len(samples) == 120 and samples[-1].seconds == pytest.approx(600)
    assert page.asked == 600 / 0.125
    assert {each.prediction_ms for each in samples} == {125.0}
    assert {each.predictions_per_second for each in samples} == {8.0}
    assert {each.frames_per_second for each in samples} == {6.0}
    assert [each.tensors for each in samples[:2]] == [40, 80]


def test_a_slow_model_is_sampled_after_each_prediction() -> None:
    assert len(soak(Page(30.0), 600).samples) == 20
    assert len(soak(Page(30.0), 60).samples) == 14  # so many, that they can be judged


def test_a_page_that_dies_keeps_what_was_sampled() -> None:
    soaking = soak(Page(1.0, lives=300), 600)
    assert len(soaking.samples) == 60 and soaking.silence == "the page crashed"
    assert [check.name for check in soaking.checks(None)] == ["soak"]
