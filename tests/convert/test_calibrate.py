"""The search for better scales: it keeps what lowers the error of the answers, and stops in time."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.convert.calibrate import candidates, search
from builder.convert.quantize import Quantization, Rule

EIGHT = Quantization(rules=(Rule("uint8", "*"),))


def made(*, better: set[str], names: list[str], calls: int = 100) -> tuple[Any, list[set[str]]]:
    """A search where `mse` lowers the error by 1 for the weights in `better`, and raises it by 1 for the others."""
    seen: list[set[str]] = []

    async def judge(tried: Quantization) -> float:
        seen.append({name for name in names if tried.scales_of(name) == "mse"})
        return 10 + sum(-1 if name in better else 1 for name in seen[-1])

    return asyncio.run(search(EIGHT, names, judge, lambda: len(seen) >= calls)), seen


def test_each_weight_gets_the_scale_that_serves_the_answers() -> None:
    found, _ = made(better={"b", "d"}, names=list("abcde"))
    assert dict(found.quantization.chosen) == {"b": "mse", "d": "mse"}
    assert (found.first, found.least, found.tried, found.candidates) == (10, 8, 5, 5)


def test_all_together_come_first() -> None:
    found, seen = made(better={"a", "b", "c"}, names=list("abcd"))
    assert seen[:2] == [set(), set("abcd")]
    assert {name for name, scales in found.quantization.chosen.items() if scales == "mse"} == set("abc")


def test_it_stops_when_the_time_is_over() -> None:
    found, seen = made(better={"c"}, names=list("abc"), calls=3)
    assert (found.tried, len(seen), found.least) == (1, 3, 10)
    found, seen = made(better={"c"}, names=list("abc"), calls=1)
    assert (found.tried, len(seen), dict(found.quantization.chosen)) == (0, 1, {})


def test_candidates_are_the_weights_that_clipping_changes_most_first() -> None:
    random = np.random.default_rng(1)
    bell = random.normal(0, 1, (300, 300)).astype(np.float32)
    tail = bell.copy()
    tail[0, 0] = 9
    weights: dict[str, NDArray[Any]] = {
        "flat": random.uniform(-1, 1, (50, 50)).astype(np.float32),
        "bell": bell,
        "tail": tail,
        "whole": np.arange(5, dtype=np.int32),
        "infinite": np.array([[np.inf, 1]], np.float32),
        "empty": np.zeros((0, 2), np.float32),
    }
    found = candidates(weights, EIGHT)
    assert found[:2] == ["tail", "bell"]
    assert set(found) <= {"tail", "bell", "flat"}
    assert candidates(weights, Quantization(rules=(Rule("uint16", "*"),))) == []
