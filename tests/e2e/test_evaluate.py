"""`evaluate` on the fake build: resumed after a kill, in shards, and with the mistakes that users make."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder.harness.serve import serve
from tests.verifying import FAKE_BUILD, FAKE_COLORS, FAKE_LABELS, Outcome, color_picture, fake_scores, run_command, save

pytestmark = pytest.mark.browser
COUNT = 120
_DEADLINE = 120.0


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A list of pictures; every tenth has a wrong label."""
    folder = tmp_path_factory.mktemp("data")
    rows = ["image,label,group:user,box"]
    for i in range(COUNT):
        color = FAKE_LABELS[i % 3]
        save(color_picture(FAKE_COLORS[color], i), folder / f"{i}.png")
        label = FAKE_LABELS[(i + 1) % 3] if i % 10 == 0 else color
        rows.append(f"{i}.png,{label},u{i % 5},{'4 4 16 12' if i % 2 else ''}")
    (folder / "data.csv").write_text("\n".join(rows) + "\n", "utf-8")
    return folder / "data.csv"


def evaluate(data: Path, *arguments: str, build: Path = FAKE_BUILD) -> Outcome:
    return run_command("evaluate", str(build), "--data", str(data), "--timeout", "60", *arguments)


def report(path: Path) -> dict[str, Any]:
    """Without what only times make different."""
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return {key: found[key] for key in found if key not in ("seconds", "rate", "memory", "resumed")}


@pytest.fixture(scope="module")
def whole_file(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "r.json"
    files = ("--report", str(path.with_suffix(".html")), "--junit", str(path.with_suffix(".xml")))
    outcome = evaluate(data, "--json", str(path), *files)
    assert outcome.code == 0, outcome.out + outcome.err
    return path


@pytest.fixture(scope="module")
def whole(whole_file: Path) -> dict[str, Any]:
    return report(whole_file)


def test_the_figures_are_those_of_the_formula(whole: dict[str, Any], data: Path) -> None:
    figures = whole["figures"]
    assert figures["accuracy"] == pytest.approx(0.9) and figures["pictures"] == COUNT
    assert "own runtime" in whole["model"]["way"]
    for i in (0, 1, 77):
        picture = color_picture(FAKE_COLORS[FAKE_LABELS[i % 3]], i)
        if i % 2:  # the square of 16 around (12, 10)
            picture = picture[2:18, 4:20]
        assert whole["pictures"][i]["scores"] == pytest.approx(fake_scores(picture).tolist(), abs=1e-9)


def test_every_report_is_written_and_an_older_one_compared_with(whole_file: Path, data: Path, tmp_path: Path) -> None:
    page = whole_file.with_suffix(".html").read_text("utf-8")
    assert page.count("<article") == 24 and "accuracy 0.9000 of 120 pictures" in page  # 12 mistakes and 12 others
    suite = ET.parse(whole_file.with_suffix(".xml")).getroot().find("testsuite")
    assert suite is not None and (suite.get("tests"), suite.get("failures")) == ("3", "0")
    old = json.loads(whole_file.read_text("utf-8"))
    old["pictures"][0]["label"] = old["pictures"][0]["label"].replace("green", "red")  # so it was right before
    (tmp_path / "old.json").write_text(json.dumps(old), "utf-8")
    merged = ("merge-reports", str(whole_file), "--compare", str(tmp_path / "old.json"))
    outcome = run_command(*merged)
    assert outcome.code == 1 and "  0.png passed, and fails now" in outcome.lines


def kill_midway(data: Path, results: Path, *arguments: str) -> int:
    """Starts an evaluation, kills it with its browser after the first batch; gives the number of lines that it left."""
    lines, log = results / "predictions.jsonl", results.with_suffix(".log")
    command = [sys.executable, "-m", "builder", "evaluate", str(FAKE_BUILD), "--data", str(data), *arguments]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "--results", str(results)], stdout=out, stderr=out, start_new_session=True
        )
    deadline = time.monotonic() + _DEADLINE
    while not lines.exists() or not lines.read_bytes().count(b"\n"):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.02)
        assert process.poll() is None and time.monotonic() < deadline, log.read_text()
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return lines.read_bytes().count(b"\n")


def test_shards_of_which_one_was_killed_and_resumed_equal_one_run(
    whole: dict[str, Any], data: Path, tmp_path: Path
) -> None:
    results, paths = tmp_path / "results", [tmp_path / f"{number}.json" for number in (1, 2)]
    before = kill_midway(data, results, "--shard", "1/2")
    assert 0 < before < COUNT // 2
    outcome = evaluate(data, "--shard", "1/2", "--results", str(results), "--json", str(paths[0]))
    assert outcome.code == 0, outcome.out + outcome.err
    assert f"{before} answered by an earlier run" in outcome.out
    ids = [json.loads(line)["id"] for line in (results / "predictions.jsonl").read_text().splitlines()]
    assert sorted(ids) == sorted(f"{i}.png" for i in range(0, COUNT, 2))
    assert evaluate(data, "--shard", "2/2", "--json", str(paths[1])).code == 0
    outcome = run_command("merge-reports", *map(str, paths), "--json", str(tmp_path / "r.json"))
    assert outcome.code == 0, outcome.err
    assert report(tmp_path / "r.json") == whole


def test_groups_can_be_held_out(data: Path) -> None:
    outcome = evaluate(data, "--min-accuracy", "0.95", "--hold-out", "user=u0", "--class-weights", "balanced")
    # Users 0, 1, 2, 3, 4 take turns, and every tenth picture, which is wrong, is user 0's.
    assert outcome.code == 0 and "held out: accuracy 0.5000 of 24 pictures" in outcome.lines


def few(data: Path, path: Path) -> Path:
    """A list of three pictures, one of each colour, all called red."""
    path.write_text(json.dumps([{"image": str(data.parent / f"{i}.png"), "label": "red"} for i in range(3)]))
    return path


def test_a_zip_and_an_address_are_builds_too(data: Path, tmp_path: Path) -> None:
    listing = few(data, tmp_path / "data.json")
    archive = Path(shutil.make_archive(str(tmp_path / "game"), "zip", FAKE_BUILD.parent, FAKE_BUILD.name))
    report = ("--json", str(tmp_path / "r.json"))
    assert evaluate(listing, *report, build=archive).code == 0
    scores = [each["scores"] for each in json.loads((tmp_path / "r.json").read_text("utf-8"))["pictures"]]
    assert scores[2] == pytest.approx(fake_scores(color_picture(FAKE_COLORS["blue"], 2)).tolist(), abs=1e-9)
    with serve(FAKE_BUILD) as origin:
        outcome = run_command("evaluate", f"{origin}/index.html?x=1", "--data", str(listing), *report)
    assert outcome.code == 0, outcome.err
    assert scores == [each["scores"] for each in json.loads((tmp_path / "r.json").read_text("utf-8"))["pictures"]]


@pytest.mark.parametrize(
    "fault", ["reject", pytest.param("nan", marks=pytest.mark.slow), pytest.param("short", marks=pytest.mark.slow)]
)
def test_answers_that_are_none_are_failures_and_not_figures(data: Path, tmp_path: Path, fault: str) -> None:
    outcome = evaluate(few(data, tmp_path / "data.json"), "--query", f"fault={fault}", "--min-accuracy", "0.5")
    assert outcome.code == 1 and "FAIL check predicted: 0 of 3 pictures have a prediction" in outcome.lines
    assert "FAIL check accuracy: 0.0000, and at least 0.5 is asked for" in outcome.lines


def test_mistakes_are_said_before_anything_is_asked(data: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text(f"image,label\n{data.parent / '1.png'},purple\n", "utf-8")
    outcome = evaluate(bad)
    assert outcome.code == 2 and "the model has no label `purple`" in outcome.err
    outcome = evaluate(data, "--normalize", "unit")
    assert outcome.code == 2 and "a build's contract says it already" in outcome.err
    outcome = evaluate(data, "--hold-out", "user=nobody")
    assert outcome.code == 2 and "no picture is of that group" in outcome.err


def test_what_the_page_holds_stays_flat(whole_file: Path) -> None:
    memory = json.loads(whole_file.read_text())["memory"]
    heap = np.array([each["heap_bytes"] for each in memory][len(memory) // 4 :], float)
    assert len(memory) >= 30 and np.ptp(heap) < 0.2 * heap.mean()
    assert {each["tensors"] for each in memory} == {5}
