"""Everything that can go wrong in `verify`: the exit code and the very words."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.commands import make_project
from tests.verifying import FAKE_BUILD, FAKE_COLORS, Outcome, class_folder, run_verify, verify

PATIENT = ("--timeout", "60")
HASTY = ("--timeout", "5")  # for what never happens
NOT_LOADED = "error 503 BUILD_FAILED_TO_LOAD: The build did not load: "
NO_MODEL = "error 505 MODEL_DID_NOT_LOAD: The model colors did not load: "
BAD_OPTION = "error 305 BAD_OPTION: --model cannot be "


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return class_folder(tmp_path_factory.mktemp("cases"), {"red": FAKE_COLORS["red"]})


def faulty(cases: Path, fault: str, *arguments: str) -> Outcome:
    return verify(FAKE_BUILD, cases, "--query", f"fault={fault}", *(arguments or PATIENT))


# --- 2: usage and input ---------------------------------------------------------------------------------------------


def test_a_missing_build_is_bad_usage(cases: Path, tmp_path: Path) -> None:
    outcome = verify(tmp_path / "absent", cases)
    assert outcome.code == 2 and "does not exist" in outcome.err


def test_bad_cases_are_found_before_the_browser_starts(tmp_path: Path) -> None:
    listing = tmp_path / "cases.json"
    listing.write_text('[{"image": "a.png", "labl": "red"}]')
    outcome = verify(FAKE_BUILD, listing, "--browser", "/absent")
    assert outcome.code == 2
    assert (
        "error 500 BAD_CASES: The cases cannot be used: cases.0.labl: unknown key; did you mean `label`?" in outcome.err
    )


@pytest.mark.browser
def test_an_unknown_label_is_bad_input(tmp_path: Path) -> None:
    folder = class_folder(tmp_path, {"rad": (200, 0, 0)})
    outcome = verify(FAKE_BUILD, folder, *PATIENT)
    assert outcome.code == 2
    assert (
        "error 500 BAD_CASES: The cases cannot be used: the model has no label `rad`; did you mean `red`?"
        in outcome.err
    )


@pytest.mark.browser
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), BAD_OPTION + "left out: the page has loaded 2 models: colors, shapes."),
        (("--model", "colours"), BAD_OPTION + "colours: the page has loaded 2 models: colors, shapes."),
    ],
)
def test_one_of_several_models_must_be_named(cases: Path, arguments: tuple[str, ...], message: str) -> None:
    outcome = faulty(cases, "two-models", *(PATIENT if not arguments else HASTY), *arguments)
    assert outcome.code == 2 and message in outcome.err


@pytest.mark.browser
@pytest.mark.parametrize(("label", "code"), [("red", 2), ("green", 1)])
def test_a_report_that_cannot_be_written_hides_neither_the_result_nor_other_reports(
    tmp_path: Path, label: str, code: int
) -> None:
    folder = class_folder(tmp_path / "cases", {label: FAKE_COLORS["red"]})
    (tmp_path / "file").write_text("")
    reports = ("--json", str(tmp_path / "file" / "report.json"), "--junit", str(tmp_path / "report.xml"))
    outcome = verify(FAKE_BUILD, folder, *PATIENT, *reports)
    assert outcome.code == code
    assert "error 509 REPORT_NOT_WRITTEN: The report could not be written: File exists." in outcome.err
    assert (tmp_path / "report.xml").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--timeout", "nan"), "Invalid value for '--timeout': it is not a number"),
        (("--soak", "10"), "'10' is not a time from 5s to 24h, like 90s, 10m or 2h"),
        (("--soak", "25h"), "is not a time from 5s to 24h"),
        (("--force",), "--force goes with --update-golden."),
    ],
)
def test_flags_without_a_sense(cases: Path, arguments: tuple[str, ...], message: str) -> None:
    outcome = verify(FAKE_BUILD, cases, *arguments)
    assert outcome.code == 2 and message in outcome.err


@pytest.mark.parametrize(
    "useless", [("--model", "colors"), ("--workers", "2"), ("--backend", "wasm"), ("--json", "a.json")]
)
def test_golden_vectors_are_not_computed_by_flags_that_say_how_to_check(
    tmp_path: Path, useless: tuple[str, str]
) -> None:
    project = make_project(tmp_path / "project")
    outcome = run_verify(FAKE_BUILD, "--update-golden", str(project), *useless)
    assert outcome.code == 2
    assert f"--update-golden checks nothing: leave out {useless[0]}." in outcome.err


# --- 3: the browser -------------------------------------------------------------------------------------------------


def test_no_browser_at_all(cases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    outcome = verify(FAKE_BUILD, cases)
    assert outcome.code == 3
    assert (
        "error 502 NO_BROWSER: No usable Chromium: Playwright's own Chromium is not installed; none of chromium, "
        "chromium-browser, google-chrome, google-chrome-stable, chrome, msedge is on PATH." in outcome.err
    )


def test_a_chosen_browser_that_is_absent_or_no_browser(cases: Path, tmp_path: Path) -> None:
    outcome = verify(FAKE_BUILD, cases, "--browser", str(tmp_path / "absent"))
    assert outcome.code == 3
    assert f"error 502 NO_BROWSER: No usable Chromium: {tmp_path / 'absent'} is no file." in outcome.err
    script = tmp_path / "browser"
    script.write_text("#!/bin/sh\nexit 1\n")
    script.chmod(0o755)
    outcome = verify(FAKE_BUILD, cases, "--browser", str(script))
    assert outcome.code == 3 and f"No usable Chromium: {script} did not start (" in outcome.err


# --- 4: the build ---------------------------------------------------------------------------------------------------


def test_a_folder_that_is_no_build(cases: Path, tmp_path: Path) -> None:
    outcome = verify(tmp_path, cases)
    assert outcome.code == 4
    assert "error 501 NOT_A_BUILD: This is not a WebGL build: index.html is missing." in outcome.err
    (tmp_path / "index.html").write_text("<p>")
    assert "This is not a WebGL build: Build is missing." in verify(tmp_path, cases).err


@pytest.mark.browser
@pytest.mark.parametrize(
    ("fault", "arguments", "message"),
    [
        ("never", HASTY, NOT_LOADED + "createUnityInstance was still loading after 5 s (0%)."),
        ("page-error", HASTY, NOT_LOADED + "engine is undefined."),
        ("missing-file", HASTY, NOT_LOADED + "Build/absent.wasm: 404."),
        (
            "no-bridge",
            HASTY,
            "error 504 NO_BRIDGE: The build loaded, but it shows no TfjsBridge model: none appeared within 5 s.",
        ),
        (
            "no-runtime",
            HASTY,
            "error 101 RUNTIME_UNAVAILABLE: The runtime script "
            "StreamingAssets/tfjs-bridge/runtime/tfjs-bridge.000000000000.js did not load: the host answered with "
            "status 404.",
        ),
        ("loading", HASTY, NO_MODEL + "it was still loading after 5 s (40%)."),
        ("failed", PATIENT, NO_MODEL + "model.json is not the file that was generated."),
        ("version", PATIENT, "error 100 ABI_MISMATCH: ABI 2 does not fit ABI 1."),
    ],
)
def test_a_build_that_does_not_load(cases: Path, fault: str, arguments: tuple[str, ...], message: str) -> None:
    outcome = faulty(cases, fault, *arguments)
    assert outcome.code == 4 and message in outcome.err and outcome.out == "", outcome.err


@pytest.mark.browser
def test_a_build_without_models_is_told_at_once_and_passes_without_predictions(cases: Path, tmp_path: Path) -> None:
    build = Path(shutil.copytree(FAKE_BUILD, tmp_path / "build", ignore=shutil.ignore_patterns("StreamingAssets")))
    query = ("--query", "fault=no-bridge")
    outcome = verify(build, cases, *query)
    message = "error 504 NO_BRIDGE: The build loaded, but it shows no TfjsBridge model: its StreamingAssets hold none."
    assert outcome.code == 4 and message in outcome.err
    outcome = run_verify(build, *query, "--no-predict", "--settle", "0")
    assert outcome.code == 0 and outcome.lines[-1] == "PASS: loaded, rendered"


def test_cases_are_of_no_use_without_predictions(cases: Path) -> None:
    outcome = verify(FAKE_BUILD, cases, "--no-predict")
    assert outcome.code == 2 and "--no-predict goes without --cases." in outcome.err


@pytest.mark.browser
def test_a_failed_load_shows_the_console_and_still_writes_reports(cases: Path, tmp_path: Path) -> None:
    json_file, junit, png = tmp_path / "r.json", tmp_path / "r.xml", tmp_path / "new" / "r.png"
    files = ("--json", str(json_file), "--junit", str(junit), "--screenshot", str(png))
    outcome = faulty(cases, "failed", *PATIENT, *files)
    assert "  log: Colors is ready" in outcome.err
    report = json.loads(json_file.read_text("utf-8"))
    assert report["problems"][0]["id"] == "MODEL_DID_NOT_LOAD" and report["exit_code"] == outcome.code == 4
    assert 'type="MODEL_DID_NOT_LOAD"' in junit.read_text("utf-8") and png.read_bytes().startswith(b"\x89PNG")


# --- wrong files ----------------------------------------------------------------------------------------------------


@pytest.fixture
def stale_build(tmp_path: Path) -> Path:
    """The fake build with another file in place of the weights; its page never asks for them."""
    build = Path(shutil.copytree(FAKE_BUILD, tmp_path / "build"))
    (build / "StreamingAssets" / "tfjs-bridge" / "colors" / "weights.bin").write_bytes(bytes(16))
    return build


# SHA-256 of 16 zero bytes, and of the bytes 0 to 15.
STALE = (
    "colors/weights.bin has another content: its SHA-256 begins with 374708fff771, its contract says be45cb2605bf "
    "(model colors)"
)


@pytest.mark.browser
def test_a_wrong_file_that_no_page_asks_for_fails_the_run_beside_good_cases(
    cases: Path, stale_build: Path, tmp_path: Path
) -> None:
    json_file, junit = tmp_path / "r.json", tmp_path / "r.xml"
    outcome = verify(stale_build, cases, *PATIENT, "--json", str(json_file), "--junit", str(junit))
    assert outcome.code == 1 and outcome.lines[-1] == "FAIL: 1 of 1 cases pass; failed checks: files"
    at = outcome.lines.index("FAIL check files: 1 not as generated, in all 1 model, 4 files")
    assert outcome.lines[at + 1] == f"  {STALE}"
    assert json.loads(json_file.read_text("utf-8"))["checks"][0]["reasons"] == [STALE]
    assert STALE in junit.read_text("utf-8")


@pytest.mark.browser
def test_a_failed_load_tells_of_wrong_files_too(cases: Path, stale_build: Path, tmp_path: Path) -> None:
    json_file, junit = tmp_path / "r.json", tmp_path / "r.xml"
    files = ("--json", str(json_file), "--junit", str(junit))
    outcome = verify(stale_build, cases, *PATIENT, "--query", "fault=failed", *files)
    assert outcome.code == 4 and NO_MODEL + "model.json is not the file that was generated." in outcome.err
    assert f"  {STALE}" in outcome.err.splitlines()
    report = json.loads(json_file.read_text("utf-8"))
    assert [check["name"] for check in report["checks"]] == ["files"] and not report["checks"][0]["passed"]
    assert STALE in junit.read_text("utf-8")


def test_nothing_to_check() -> None:
    outcome = run_verify(FAKE_BUILD)
    assert outcome.code == 2
    assert (
        "error 508 NOTHING_TO_CHECK: There is nothing to check: --cases is left out, and the build carries no golden "
        "vector that fits its contract." in outcome.err
    )


def test_a_stale_golden_vector_alone_is_named(tmp_path: Path) -> None:
    build = Path(shutil.copytree(FAKE_BUILD, tmp_path / "build"))
    golden = {"golden": 1, "contract_sha256": "ab" * 32, "seed": 1, "scores": [0.2, 0.3, 0.5]}
    (build / "StreamingAssets/tfjs-bridge/colors/golden.json").write_text(json.dumps(golden))
    outcome = run_verify(build)
    assert outcome.code == 2 and "error 508 NOTHING_TO_CHECK" in outcome.err
    assert "colors/golden.json is stale: it was made for the contract abababababab" in outcome.err


def test_golden_vectors_need_sound_files_and_a_project(stale_build: Path, cases: Path, tmp_path: Path) -> None:
    assert "NOT_A_PROJECT" in run_verify(stale_build, "--update-golden", str(tmp_path)).err
    project = make_project(tmp_path / "project")
    outcome = run_verify(stale_build, "--update-golden", str(project))
    assert outcome.code == 4 and f"error 506 DAMAGED_BUILD: The build's files cannot be used: {STALE}." in outcome.err
    outcome = run_verify(stale_build, "--update-golden", str(project), "--cases", str(cases))
    assert outcome.code == 2 and "--update-golden checks nothing: leave out --cases" in outcome.err


@pytest.mark.parametrize("workers", ["0", "33", "two"])
def test_a_number_of_workers_out_of_range(cases: Path, workers: str) -> None:
    outcome = verify(FAKE_BUILD, cases, "--workers", workers)
    assert outcome.code == 2 and "Invalid value for '--workers'" in outcome.err


# --- 1: cases and checks --------------------------------------------------------------------------------------------


@pytest.mark.browser
def test_a_wrong_expectation_fails(tmp_path: Path) -> None:
    outcome = verify(FAKE_BUILD, class_folder(tmp_path, {"red": FAKE_COLORS["blue"]}), *PATIENT)
    assert outcome.code == 1 and outcome.lines[-1] == "FAIL: 1 of 1 cases fail"
    assert any(line.startswith("  expected red, got blue 0.6") for line in outcome.lines)


@pytest.mark.browser
@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("blank", "FAIL check rendered: the canvas is one flat colour"),
        ("leak", "FAIL check tensors: 1 leaked: 6 after warm-up, 7 after the last prediction"),
        ("cpu", "FAIL check backend: asked for auto, but colors runs on cpu"),
        ("reject", "  the prediction failed: An inference failed: \ufffd[31mout of memory\ufffd[0m."),
        ("nan", "  the score of green is not a finite number"),
        ("short", "  got 2 scores for 3 labels"),
        ("wrong-top", "  the prediction names blue as best, but red scores higher"),
        (
            "nonsense",
            "  tfjsBridge gave an unexpected prediction.path: Input should be 'pixels', 'texture', 'camera' or 'probe'",
        ),
    ],
)
def test_a_run_that_fails(cases: Path, fault: str, message: str) -> None:
    outcome = faulty(cases, fault)
    assert outcome.code == 1 and message in outcome.lines, outcome.out + outcome.err


@pytest.mark.browser
@pytest.mark.parametrize("fault", ["hang", "spin"])
def test_a_prediction_that_never_comes(cases: Path, fault: str) -> None:
    outcome = faulty(cases, fault, "--timeout", "8")
    assert outcome.code == 1 and "  the page did not answer within 8 s" in outcome.lines
    assert "FAIL check tensors: not counted: the page did not answer within 8 s" in outcome.lines


@pytest.mark.browser
def test_a_game_that_does_not_look_at_the_camera(tmp_path: Path, cases: Path) -> None:
    listing = tmp_path / "cases.json"
    listing.write_text(json.dumps([{"image": str(cases / "red" / "a.png"), "label": "red", "source": "camera"}]))
    outcome = verify(FAKE_BUILD, listing, "--timeout", "8")
    assert outcome.code == 1
    assert "  the game predicted nothing from the camera within 8 s" in outcome.lines
