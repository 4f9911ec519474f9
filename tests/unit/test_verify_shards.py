"""Shards of a `verify`: parted, written, read back and put together as one run, with a stand-in for the browser."""

from __future__ import annotations

import asyncio
import json
import math
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from builder.errors import BAD_OPTION, BAD_REPORT, UserError, problem
from builder.errors import BUILD_FAILED_TO_LOAD as FAILED
from builder.harness import files, report
from builder.harness.builds import Target
from builder.harness.cases import Case
from builder.harness.html.of_run import page
from builder.harness.html.render import html
from builder.harness.loading import Progress
from builder.harness.merging import is_of_verify, merge_runs
from builder.harness.results import (
    CaseResult,
    Check,
    ConsoleLine,
    ModelInfo,
    PageLog,
    Prediction,
    RunResult,
    SoakSample,
    Start,
    Tensors,
)
from builder.harness.run import run
from builder.harness.tasks.detection import Found, FoundBox
from builder.harness.visits import Findings, RunOptions, Visit, Visitor
from tests.verifying import FAKE_BUILD, color_picture, run_command, run_verify, save

NAMES = "abcdefghij"
BOXES = {"boxes": [{"label": "cat", "box": [0.1, 0.2, 0.3, 0.4]}]}
BOX = FoundBox(index=0, score=0.75, box=[0.1, 0.2, 0.3, 0.4])


@pytest.fixture
def cases(tmp_path: Path) -> tuple[Case, ...]:
    picture = save(color_picture((1, 2, 3)), tmp_path / "a.png")
    classes = [
        Case(id=name, image=picture, where=name, label="cat", minimum=0.5, query=f"s={i % 2}")
        for i, name in enumerate(NAMES)
    ]
    return (*classes, Case(id="boxes", image=picture, where="boxes", expect=BOXES))


def answer(case: Case) -> CaseResult:
    """Right, but of the third and the fifth case; boxes for the last one."""
    if case.expect:
        return CaseResult(case, Prediction((), None, "probe", 1, 9.0, "detection", Found(boxes=[BOX])), ())
    if case.id == "c":
        return CaseResult(case, Prediction((0.25, math.nan), 1, "probe", 1, 3.0), ("expected cat", "a score is none"))
    if case.id == "e":
        return CaseResult(case, None, ("the page crashed",))
    return CaseResult(case, Prediction((0.75, 0.25), 0, "probe", 1, 3.0), ())


async def visit(_self: Visitor, visit: Visit, _progress: Progress) -> Findings:
    leaked = any(case.id == "f" for case in visit.cases)
    found = RunResult(
        build="game",
        browser="Chromium 1",
        renderer="SwiftShader",
        backend_asked="auto",
        backend_used="webgl" if visit.query.endswith("1") else "wasm",
        model=ModelInfo(1, "Pets", "pets", "ab" * 32, ("cat", "dog")),
        cases=tuple(answer(case) for case in visit.cases),
        checks=(Check("loaded", True, "1 of 1"), Check("tensors", not leaked, "4 leaked" if leaked else "none leaked")),
        tensors=Tensors(before=5, after=9 if leaked else 5),
        log=PageLog(page_errors=("boom",), dialogs=("hello",)),
        start=Start(api="createUnityInstance", instances=1, progress=1.0, seconds=2.5),
    )
    return Findings(result=found, screenshot=None)


@pytest.fixture(autouse=True)
def no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Visitor, "visit", visit)


def verified(cases: Sequence[Case], shard: tuple[int, int] | None = None, query: str = "") -> RunResult:
    target = Target(name="game", root=None, url="https://games.test/")
    return asyncio.run(run(target, cases, RunOptions(shard=shard, query=query), lambda text: None)).result


def written(cases: Sequence[Case], folder: Path, count: int) -> list[Path]:
    paths = []
    for number in range(1, count + 1):
        paths.append(folder / f"{number}.json")
        paths[-1].write_text(files.json_report(verified(cases, (number, count)), 1), "utf-8")
    return paths


def every_report(found: RunResult) -> list[object]:
    """As JSON, JUnit, text and HTML; the HTML without the pictures, which a report does not carry."""
    shown = html(page(Findings(result=replace(found, cases=()), screenshot=None), None))
    return [json.loads(files.json_report(found, 1)), files.junit_report(found), list(report.plain(found)), shown]


@pytest.mark.parametrize("count", [1, 4, 7, 11])
def test_shards_merged_equal_one_run(cases: tuple[Case, ...], tmp_path: Path, count: int) -> None:
    whole = verified(cases)
    merged = merge_runs(written(cases, tmp_path, count)[::-1]).result
    assert every_report(merged) == every_report(whole)
    assert not merged.passed and [each.case.id for each in merged.cases] == [*NAMES, "boxes"]
    assert [each.case.id for each in merged.cases if each.reasons] == ["c", "e"]
    assert (merged.backend_used, merged.tensors) == ("wasm, webgl", Tensors(before=5, after=9))
    assert "PASS probe boxes: expected cat; got cat 0.7500; 9 ms" in report.plain(merged)


def test_a_shard_has_every_nth_case_and_says_so(cases: tuple[Case, ...]) -> None:
    found = verified(cases, (2, 4))
    assert [each.case.id for each in found.cases] == ["b", "f", "j"]
    assert "shard: 2 of 4" in report.plain(found)
    with pytest.raises(UserError) as caught:
        verified(cases, (12, 12))
    assert [each.kind for each in caught.value.problems] == [BAD_OPTION]


def test_one_whole_report_keeps_its_soak_and_sheds_its_comparison(cases: tuple[Case, ...], tmp_path: Path) -> None:
    sample = SoakSample(
        seconds=1.5,
        tensors=4,
        js_heap_bytes=None,
        gpu_bytes=7,
        frame_ms=16.5,
        frames_per_second=60.0,
        prediction_ms=None,
        predictions_per_second=0.0,
    )
    whole = replace(verified(cases), soak=(sample,))
    compared = replace(whole, checks=(*whole.checks, Check("compare", False, "1 worse")))
    path = tmp_path / "whole.json"
    path.write_text(files.json_report(compared, 1), "utf-8")
    assert every_report(merge_runs([path]).result) == every_report(whole)


def refusals(paths: list[Path]) -> list[str]:
    with pytest.raises(UserError) as caught:
        merge_runs(paths)
    assert {each.kind for each in caught.value.problems} == {BAD_REPORT}
    return [each.what for each in caught.value.problems]


def test_shards_that_do_not_belong_together_are_refused(cases: tuple[Case, ...], tmp_path: Path) -> None:
    paths = written(cases, tmp_path, 3)
    assert "the shards 2 of 3 are missing" in refusals([paths[0], paths[2]])[0]
    assert "the shard 1 is given twice" in refusals([*paths, paths[0]])[0]
    stricter = (replace(cases[0], minimum=0.9), *cases[1:])
    for other in (verified(stricter, (2, 3)), verified(cases, (2, 3), "scene=2")):
        paths[1].write_text(files.json_report(other, 1), "utf-8")
        assert "it is of another list of cases than 1.json" in refusals(paths)[0]
    paths[1].write_text(files.json_failure([problem(FAILED, reason="out of memory")], PageLog(), 4), "utf-8")
    assert "its run came to no end (The build did not load: out of memory)" in refusals(paths)[0]


Change = Callable[[dict[str, object]], object]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: data.update(report=2), "report"),
        (lambda data: data.update(shard=[1, 10**12]), "shard"),
        (lambda data: data.pop("cases"), "cases"),
        (lambda data: data.update(page=[]), "page"),
    ],
)
def test_what_is_no_report_is_refused(cases: tuple[Case, ...], tmp_path: Path, change: Change, reason: str) -> None:
    path = written(cases, tmp_path, 1)[0]
    data = json.loads(path.read_text("utf-8"))
    change(data)
    path.write_text(json.dumps(data), "utf-8")
    assert f"cannot be used: {reason}" in refusals([path])[0]
    path.write_text("[1, 2", "utf-8")
    assert "it is no JSON" in refusals([path])[0]


def test_hostile_reports_stay_text_and_name_no_file(cases: tuple[Case, ...], tmp_path: Path) -> None:
    path = written(cases, tmp_path, 1)[0]
    data = json.loads(path.read_text("utf-8"))
    data["cases"][0] |= {"id": "../\x1b[2J", "image": "/etc/passwd", "passed": False, "reasons": []}
    data["page"]["console"] = [{"level": "error", "text": "a\x00b"}]
    path.write_text(json.dumps(data), "utf-8")
    merged = merge_runs([path]).result
    assert merged.cases[0].case.id == "../\ufffd[2J" and not merged.cases[0].passed
    assert merged.log.console == (ConsoleLine("error", "a\ufffdb"),)
    ET.fromstring(files.junit_report(merged))
    assert "data:image" not in html(page(Findings(result=merged, screenshot=None), None))


def test_the_command_tells_the_two_kinds_of_reports(cases: tuple[Case, ...], tmp_path: Path) -> None:
    paths = written(cases, tmp_path, 2)
    outcome = run_command("merge-reports", *map(str, paths), "--json", str(tmp_path / "whole.json"))
    assert outcome.code == 1 and outcome.lines[-1] == "FAIL: 2 of 11 cases fail; failed checks: tensors"
    assert json.loads((tmp_path / "whole.json").read_text("utf-8"))["shard"] is None
    (tmp_path / "other.json").write_text('{"evaluation": 1}', "utf-8")
    assert not is_of_verify(tmp_path / "other.json")
    assert run_command("merge-reports", str(tmp_path / "other.json")).code == 2
    assert run_command("merge-reports", str(paths[0]), str(tmp_path / "other.json")).code == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--shard", "1/2"], "--shard goes with --cases"),
        (["--shard", "3/2"], "'3/2' is not I/N"),
        (["--cases", ".", "--shard", "1/2", "--soak", "10s"], "--shard goes without --soak"),
        (["--cases", ".", "--shard", "1/2", "--compare", __file__], "--shard goes without --compare"),
    ],
)
def test_what_a_part_cannot_give_is_refused(arguments: list[str], message: str) -> None:
    outcome = run_verify(FAKE_BUILD, *arguments)
    assert outcome.code == 2 and message in " ".join(outcome.err.split())
