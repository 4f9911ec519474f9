"""`bench` in a real Chromium: all ways of the project's tiny models, the same answers, and what cannot be measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from builder.errors import MISSING_SHARD, NOTHING_MEASURED
from tests.commands import Outcome
from tests.models import Form, tiny_model
from tests.processes import run

pytestmark = pytest.mark.browser
GAME_WAYS = ("texture", "pixels", "camera", "probe")


def bench(model: Path, folder: Path, *more: str) -> tuple[Outcome, dict[str, Any]]:
    """A run as short as can be, and its JSON."""
    file = folder / "bench.json"
    done = run("bench", model, "--frames", "4", "--seconds", "1", "--source", "160x120", "--json", file, *more)
    return done, json.loads(file.read_text("utf-8")) if file.is_file() else {}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("bench")
    tiny_model(folder / "hands", size=(64, 48))
    return bench(folder / "hands", folder)


def test_all_ways_on_all_backends_are_measured_and_answer_alike(measured: tuple[Outcome, dict[str, Any]]) -> None:
    done, found = measured
    assert done.code == 0, done.err
    assert found["notMeasured"] == {}
    ways = {(row["contender"], row["backend"], row["path"]) for row in found["rows"]}
    expected = {("bridge", backend, way) for backend in ("webgl", "wasm") for way in GAME_WAYS}
    assert ways == expected | {("plain", "webgl", "canvas"), ("plain", "wasm", "canvas")}
    assert found["answersDiffer"] == []
    assert all(worst < 1e-3 for name, worst in found["differences"].items() if "camera" not in name)


def test_figures_fit_together(measured: tuple[Outcome, dict[str, Any]]) -> None:
    _, found = measured
    for row in found["rows"]:
        assert row["latencyMs"]["median"] > 0
        assert row["seenMs"]["median"] >= row["latencyMs"]["median"] * 0.9
        assert row["tensorsGrew"] == 0
        assert row["allocatedBytes"]["objects"] > 0
        # Stages are of the newest picture alone, and so compare with nothing.
        assert 0 <= row["blockingMs"]["median"] <= row["seenMs"]["p95"]
    assert {name for name in found["rows"][0]["stages"]} >= {"submitMs", "executeMs"}


def test_what_is_downloaded_is_what_the_lane_fetched(measured: tuple[Outcome, dict[str, Any]]) -> None:
    _, found = measured
    starts = found["starts"]
    assert all(start["coldMs"] > 0 and start["warmMs"] > 0 for start in starts.values())
    wasm = starts["bridge wasm"]["download"]["raw"] - starts["bridge webgl"]["download"]["raw"]
    assert wasm > 400_000  # the WebAssembly file


def test_without_a_terminal_the_answer_is_text_and_names_what_drew(measured: tuple[Outcome, dict[str, Any]]) -> None:
    done, found = measured
    assert "\x1b" not in done.out + done.err
    assert done.err == ""
    assert f"renderer: {found['renderer']}" in done.out
    assert ("say nothing about a GPU" in done.out) == found["software"]


def test_a_model_with_gray_whole_planes_is_measured_too(tmp_path: Path) -> None:
    form = Form(integer="int32", planar=True)
    tiny_model(tmp_path / "plants", format="graph", size=(40, 32), form=form, normalize="none")
    done, found = bench(tmp_path / "plants", tmp_path, "--backend", "wasm")
    assert done.code == 0, done.err
    assert {row["backend"] for row in found["rows"]} == {"wasm"}


def test_a_broken_model_is_the_error_that_generate_gives(tmp_path: Path) -> None:
    tiny_model(tmp_path / "hands")
    next((tmp_path / "hands").glob("*.bin")).unlink()
    done, found = bench(tmp_path / "hands", tmp_path)
    assert (done.code, found) == (MISSING_SHARD.exit_code, {})
    assert f"error {MISSING_SHARD.code}" in done.err


def test_a_model_that_no_backend_runs_is_not_measured(tmp_path: Path) -> None:
    tiny_model(tmp_path / "hands", format="graph")
    weights = next((tmp_path / "hands").glob("*.bin"))
    largest = b"\xff\xff\x7f\x7f"  # of all finite numbers: their sums are none
    weights.write_bytes(largest * (weights.stat().st_size // 4))
    done, found = bench(tmp_path / "hands", tmp_path, "--backend", "wasm")
    assert (done.code, found) == (NOTHING_MEASURED.exit_code, {})
    assert f"error {NOTHING_MEASURED.code}" in done.err
    assert "bridge wasm: " in done.err


def test_a_size_that_is_none_is_bad_usage(tmp_path: Path) -> None:
    tiny_model(tmp_path / "hands")
    for size in ("640", "0x480", "640x", "640x99999", "٣x4"):
        done = run("bench", tmp_path / "hands", "--source", size)
        assert done.code == 2
        assert "is not a size like 640x480" in done.err
