"""The report as text, table, JSON and XML; foreign text stays harmless in each."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ET
from pathlib import Path

from rich.console import Console

from builder.errors import NO_BRIDGE, problem
from builder.harness import files, report
from builder.harness.cases import Case
from builder.harness.results import (
    CaseResult,
    Check,
    ConsoleLine,
    ModelInfo,
    PageLog,
    Prediction,
    RunResult,
    Start,
    Tensors,
)
from builder.harness.text import clean

EVIL = "[red]x[/red] \x1b[2J\u202e\ud800]]>\x00<b>"
SAFE = "[red]x[/red] \ufffd[2J\ufffd\ufffd]]>\ufffd<b>"


def run(*, log: PageLog | None = None) -> RunResult:
    good = Case(id="happy/a.png", image=Path("a.png"), where="a", label="happy", minimum=0.5)
    bad = Case(id=EVIL, image=Path("b.png"), where="b", scores=(0.1, 0.9), source="camera", query="s=1")
    return RunResult(
        build="WebGL",
        browser="Chromium 1",
        renderer="SwiftShader",
        backend_asked="auto",
        backend_used="wasm",
        model=ModelInfo(1, "Faces", "faces", "ab" * 32, ("happy", "sad")),
        cases=(
            CaseResult(good, Prediction((0.75, 0.25), 0, "probe", 1, 12.5), ()),
            CaseResult(bad, Prediction((0.5, float("nan")), 0, "camera", 9, 7.5), ("the score of sad is not finite",)),
        ),
        checks=(Check("backend", True, "wasm"), Check("tensors", False, "1 leaked")),
        tensors=Tensors(before=1, after=2),
        log=log or PageLog(),
        start=Start(api="createUnityInstance", instances=1, progress=1.0, seconds=2.5),
    )


def test_foreign_text_is_cleaned_and_cut() -> None:
    assert clean(EVIL) == SAFE
    assert clean("a\nb\tc") == "a b c"
    assert clean("x" * 50, 10) == "x" * 9 + "…"


def test_plain_report_has_one_fact_a_line() -> None:
    lines = list(report.plain(run(log=PageLog(page_errors=("boom",)))))
    assert "backend: wasm (asked for auto)" in lines
    assert "model: Faces (faces), contract abababababab" in lines
    assert "PASS probe happy/a.png: expected happy >= 0.5; got happy 0.7500; 12 ms" in lines
    assert f"FAIL camera {SAFE}: expected 2 scores within 0.01; got happy 0.5000; 8 ms" in lines
    assert "  the score of sad is not finite" in lines
    assert "FAIL check tensors: 1 leaked" in lines
    assert lines[lines.index("uncaught errors:") + 1] == "  boom"
    assert f"note: {report.PROBE_REMARK}" in lines and f"note: {report.CAMERA_REMARK}" in lines
    assert lines[-1] == "FAIL: 1 of 2 cases fail; failed checks: tensors"


def test_markup_and_control_characters_have_no_meaning_on_a_terminal() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=200, color_system=None)
    report.print_run(console, run())
    assert "[red]x[/red]" in screen.getvalue() and "\x1b[2J" not in screen.getvalue()


def test_a_failed_load_shows_the_last_console_lines() -> None:
    screen = io.StringIO()
    lines = tuple(ConsoleLine("log", f"line {i}") for i in range(30))
    report.print_failure(Console(file=screen, width=200), PageLog(console=lines, dropped_lines=7, dialogs=("no",)))
    text = screen.getvalue().splitlines()
    assert text[0] == "console (17 lines before these):" and text[20] == "  log: line 29"
    assert text[21:] == ["dialogs:", "  no"]


def test_json_report_is_complete_and_strict() -> None:
    data = json.loads(files.json_report(run(), 1))
    assert (data["report"], data["passed"], data["exit_code"]) == (1, False, 1)
    assert data["tensors"] == {"before": 1, "after": 2}
    first, second = data["cases"]
    assert first["expected"] == {"label": "happy", "min": 0.5, "scores": None, "tolerance": None}
    assert first["prediction"] == {"path": "probe", "top": 0, "scores": [0.75, 0.25], "execute_ms": 12.5}
    assert second["prediction"]["scores"] == [0.5, "nan"] and second["id"] == SAFE
    assert second["source"] == "camera" and second["reasons"] == ["the score of sad is not finite"]


def test_json_of_a_failed_load_names_the_problem() -> None:
    problems = [problem(NO_BRIDGE, reason="none appeared within 5 s")]
    data = json.loads(files.json_failure(problems, PageLog(page_errors=("boom",)), 4))
    assert data["problems"][0]["id"] == "NO_BRIDGE" and data["exit_code"] == 4
    assert data["page"]["uncaught_errors"] == ["boom"]


def test_junit_counts_cases_and_checks() -> None:
    suite = ET.fromstring(files.junit_report(run(log=PageLog(page_errors=("boom",))))).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "2", "0")
    assert [case.get("name") for case in suite.findall("testcase")] == ["happy/a.png", SAFE, "backend", "tensors"]
    assert suite.findtext("system-err") == "boom"


def test_junit_of_a_failed_load_is_an_error() -> None:
    suite = ET.fromstring(files.junit_failure([problem(NO_BRIDGE, reason="none appeared within 5 s")], PageLog())).find(
        "testsuite"
    )
    assert suite is not None and (suite.get("tests"), suite.get("errors")) == ("1", "1")
    error = suite.find("testcase/error")
    assert error is not None and error.get("type") == "NO_BRIDGE"
