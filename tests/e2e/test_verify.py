"""`verify` on the fake build: what passes, what is reported, and that a hostile page gets nowhere."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import socket
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import async_playwright

from builder.harness.page import GamePage
from builder.harness.results import Prediction
from builder.harness.serve import serve
from tests.e2e.browsing import Loop
from tests.verifying import (
    FAKE_BUILD,
    FAKE_COLORS,
    class_folder,
    color_picture,
    fake_scores,
    run_command,
    save,
    verify,
)

pytestmark = pytest.mark.browser
PATIENT = ("--timeout", "60")


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return class_folder(tmp_path_factory.mktemp("cases"), FAKE_COLORS)


def test_a_good_build_passes_and_every_report_says_so(cases: Path, tmp_path: Path) -> None:
    json_file, junit, png = tmp_path / "r.json", tmp_path / "r.xml", tmp_path / "r.png"
    files = ("--json", str(json_file), "--junit", str(junit), "--screenshot", str(png))
    outcome = verify(FAKE_BUILD, cases, *PATIENT, "--backend", "wasm", *files)
    assert outcome.code == 0 and outcome.err == ""
    assert outcome.lines[-1] == "PASS: 3 of 3 cases pass"
    assert "backend: wasm (asked for wasm)" in outcome.lines and "SwiftShader" in outcome.out
    report = json.loads(json_file.read_text("utf-8"))
    assert report["passed"] and [case["id"] for case in report["cases"]] == ["blue/a.png", "green/a.png", "red/a.png"]
    expected = fake_scores(color_picture(FAKE_COLORS["blue"]))
    assert report["cases"][0]["prediction"]["scores"] == pytest.approx(expected.tolist(), abs=1e-9)
    suite = ET.parse(junit).getroot().find("testsuite")
    assert suite is not None and (suite.get("tests"), suite.get("failures")) == ("9", "0")
    assert png.read_bytes().startswith(b"\x89PNG")


def test_reference_vectors_see_an_image_that_is_upside_down(tmp_path: Path) -> None:
    picture = color_picture(FAKE_COLORS["green"])
    picture[:8] = (250, 240, 20)
    scores = fake_scores(picture).tolist()
    save(picture, tmp_path / "upright.png")
    save(picture[::-1], tmp_path / "flipped.png")
    listing = tmp_path / "cases.json"
    listing.write_text(json.dumps([{"image": f"{n}.png", "scores": scores} for n in ("upright", "flipped")]))
    outcome = verify(FAKE_BUILD, listing, *PATIENT)
    worst = max(abs(fake_scores(picture[::-1]) - scores))
    assert outcome.code == 1 and outcome.lines[-1] == "FAIL: 1 of 2 cases fail"
    assert any(line.startswith(f"  scores differ by {worst:.3g} at label ") for line in outcome.lines)


def test_a_camera_case_reaches_the_games_own_prediction(tmp_path: Path) -> None:
    save(color_picture(FAKE_COLORS["blue"]), tmp_path / "blue.png")
    scores = fake_scores(color_picture(FAKE_COLORS["blue"])).tolist()
    entries = [
        {"image": "blue.png", "label": "blue", "source": "camera", "query": "source=camera", "scores": scores},
        {"image": "blue.png", "scores": scores, "tolerance": 1e-6},
    ]
    (tmp_path / "cases.json").write_text(json.dumps(entries))
    outcome = verify(FAKE_BUILD, tmp_path / "cases.json", *PATIENT, "--json", str(tmp_path / "r.json"))
    assert outcome.code == 0, outcome.out
    report = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert [case["prediction"]["path"] for case in report["cases"]] == ["camera", "probe"]


def test_the_model_can_be_chosen(cases: Path) -> None:
    outcome = verify(FAKE_BUILD, cases, *PATIENT, "--query", "fault=two-models", "--model", "shapes")
    assert outcome.code == 0 and "model: Colors (shapes), contract c0ffeec0ffee" in outcome.lines


def test_a_flat_canvas_may_be_allowed(cases: Path) -> None:
    outcome = verify(FAKE_BUILD, cases, *PATIENT, "--query", "fault=blank", "--allow-blank")
    assert outcome.code == 0 and "PASS check rendered: the canvas is one flat colour" in outcome.lines


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        ("dialogs", "  really?"),
        ("popups", "  a window: about:blank"),
        ("markup", "  [red]bold[/red] \ufffd[2J \ufffd evil \ufffd"),
    ],
)
def test_mischief_is_reported_and_changes_nothing(cases: Path, fault: str, line: str) -> None:
    outcome = verify(FAKE_BUILD, cases, *PATIENT, "--query", f"fault={fault}")
    assert outcome.code == 0 and line in outcome.lines


def test_downloads_are_refused(cases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = verify(FAKE_BUILD, cases, *PATIENT, "--query", "fault=download")
    assert outcome.code == 0 and "  a download: blob:http://127.0.0.1:" in outcome.out
    assert list(tmp_path.iterdir()) == []


def test_a_flood_on_the_console_is_bounded(cases: Path, tmp_path: Path) -> None:
    arguments = ("--query", "fault=flood", "--json", str(tmp_path / "r.json"), "--timeout", "120")
    outcome = verify(FAKE_BUILD, cases, *arguments)
    assert outcome.code == 0, outcome.err
    page = json.loads((tmp_path / "r.json").read_text("utf-8"))["page"]
    assert len(page["console"]) == 300 and page["dropped_console_lines"] >= 1700
    assert max(len(entry["text"]) for entry in page["console"]) == 1000


# --- a soak ---------------------------------------------------------------------------------------------------------

HELD = ("soak-tensors", "soak-js-heap", "soak-gpu")
SLOW = ("soak-frame-time", "soak-prediction-time")


def soaked(cases: Path, folder: Path, fault: str) -> dict[str, bool]:
    """The soak's checks, whether they passed."""
    report = ("--json", str(folder / "r.json"), "--report", str(folder / "r.html"))
    verify(FAKE_BUILD, cases, *PATIENT, "--query", f"fault={fault}", "--soak", "5s", *report)
    found = json.loads((folder / "r.json").read_text("utf-8"))
    assert len(found["soak"]) >= 14 and found["soak"][-1]["seconds"] >= 5
    assert (folder / "r.html").read_text("utf-8").count("<polyline") == 7
    return {check["name"]: check["passed"] for check in found["checks"] if check["name"].startswith("soak")}


def test_a_healthy_game_keeps_what_it_has_over_a_soak(cases: Path, tmp_path: Path) -> None:
    found = soaked(cases, tmp_path, "none")
    assert [found[name] for name in HELD] == [True] * 3  # a busy machine may well slow down meanwhile
    assert set(found) == {*HELD, *SLOW}


def test_a_game_that_grows_in_every_way_is_caught_in_every_way(cases: Path, tmp_path: Path) -> None:
    assert soaked(cases, tmp_path, "grow") == dict.fromkeys((*HELD, *SLOW), False)


# --- the network ----------------------------------------------------------------------------------------------------


class Listener:
    """Counts whoever comes to a TCP and a UDP port of the same number; nobody is answered."""

    def __init__(self, host: str) -> None:
        self.tcp = socket.create_server((host, 0))
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(self.tcp.getsockname())
        self.target = f"{host}:{self.tcp.getsockname()[1]}"

    def visitors(self) -> tuple[int, int]:
        """Connections in the queue and datagrams received, so far."""
        self.tcp.setblocking(False)
        self.udp.setblocking(False)
        return _count(self._accept), _count(lambda: self.udp.recv(2048))

    def _accept(self) -> None:
        self.tcp.accept()[0].close()

    def close(self) -> None:
        self.tcp.close()
        self.udp.close()


def _count(take: Callable[[], object]) -> int:
    count = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            take()
            count += 1
    return count


def own_address() -> str:
    """An address of this machine that is not loopback; loopback where there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


@pytest.fixture(params=["loopback", "own address"])
def listener(request: pytest.FixtureRequest) -> Iterator[Listener]:
    found = Listener("127.0.0.1" if request.param == "loopback" else own_address())
    yield found
    found.close()


def test_nothing_leaves_the_builds_own_origin(cases: Path, listener: Listener) -> None:
    outcome = verify(FAKE_BUILD, cases, *PATIENT, "--query", f"fault=network&target={listener.target}")
    assert outcome.code == 0, outcome.out
    assert listener.visitors() == (0, 0)
    for blocked in (f"  http://{listener.target}", f"  ws://{listener.target}", "  http://example.com"):
        assert blocked in outcome.lines


def test_a_page_that_navigates_away_gets_nowhere(cases: Path, listener: Listener) -> None:
    query = f"fault=navigate-away&target={listener.target}"
    outcome = verify(FAKE_BUILD, cases, "--timeout", "5", "--query", query)
    assert outcome.code == 4 and listener.visitors() == (0, 0)


def test_the_same_page_would_reach_out_from_an_ordinary_browser() -> None:
    """Without this, silence in the tests above would prove nothing."""
    listener, loop = Listener("127.0.0.1"), Loop()
    with serve(FAKE_BUILD) as origin:
        loop.run(_visit(f"{origin}/index.html?fault=network&target={listener.target}"))
    loop.close()
    connections, _datagrams = listener.visitors()
    listener.close()
    assert connections > 0


async def _visit(url: str) -> None:
    path = shutil.which("chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = await browser.new_page()
        await page.goto(url, wait_until="commit")
        await page.wait_for_function("globalThis.tfjsBridge")
        await browser.close()


# --- workers --------------------------------------------------------------------------------------------------------

ODD_WIDTH = 33  # of the one picture that kills its page


def listed_cases(folder: Path, names: str) -> Path:
    """One case for each letter: r, g, b are right, w is wrong, c is red and seen by the camera, x kills its page."""
    entries = []
    for n, letter in enumerate(names):
        color = {"g": "green", "b": "blue"}.get(letter, "red")
        picture = color_picture(FAKE_COLORS[color], seed=n)
        if letter == "x":
            picture = np.pad(picture, ((0, 0), (0, 1), (0, 0)), mode="edge")
            assert picture.shape[1] == ODD_WIDTH
        save(picture, folder / f"{n}{letter}.png")
        camera = {"source": "camera", "query": "source=camera"} if letter == "c" else {}
        entries.append({"image": f"{n}{letter}.png", "label": "blue" if letter == "w" else color, **camera})
    (folder / "cases.json").write_text(json.dumps(entries))
    return folder / "cases.json"


def test_three_workers_report_what_one_does(tmp_path: Path) -> None:
    listing = listed_cases(tmp_path, "rgbwcgb")
    reports = []
    for workers in (1, 3):
        json_file, junit = tmp_path / f"{workers}.json", tmp_path / f"{workers}.xml"
        arguments = ("--workers", str(workers), "--json", str(json_file), "--junit", str(junit))
        assert verify(FAKE_BUILD, listing, *PATIENT, *arguments).code == 1
        report = json.loads(json_file.read_text("utf-8"))
        del report["page"], report["start"]  # each worker's page has its own console and its own times
        for case in report["cases"]:  # a film's frames differ by what its codec makes of them
            case["prediction"].pop("scores") if case["source"] == "camera" else None
        reports.append((report, junit.read_text("utf-8")))
    assert reports[0] == reports[1]
    assert [case["passed"] for case in reports[0][0]["cases"]] == [True, True, True, False, True, True, True]


def test_shards_put_together_report_what_one_run_does(tmp_path: Path) -> None:
    listing = listed_cases(tmp_path, "rgbwg")
    names = {"whole": (), "1": ("--shard", "1/2"), "2": ("--shard", "2/2")}
    codes = [
        verify(FAKE_BUILD, listing, *PATIENT, *shard, "--json", str(tmp_path / f"{name}.report")).code
        for name, shard in names.items()
    ]
    assert codes == [1, 0, 1]
    files = [str(tmp_path / f"{name}.report") for name in ("2", "1")]
    merged = run_command("merge-reports", *files, "--json", str(tmp_path / "merged.report"))
    assert merged.code == 1 and merged.lines[-1] == "FAIL: 1 of 5 cases fail"
    reports = [json.loads((tmp_path / f"{name}.report").read_text("utf-8")) for name in ("whole", "merged")]
    for report in reports:  # each page has its own console and its own times
        del report["page"], report["start"]
        for case in report["cases"]:
            del case["prediction"]["execute_ms"]
    assert reports[0] == reports[1]
    assert [case["passed"] for case in reports[1]["cases"]] == [True, True, True, False, True]


@pytest.mark.parametrize("deaths", [1, 2])
def test_a_case_that_kills_its_page_harms_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deaths: int
) -> None:
    answer, left = GamePage.predict, [deaths]

    async def deadly(self: GamePage, handle: int, image: dict[str, object]) -> Prediction | str:
        if image["width"] == ODD_WIDTH and left[0]:
            left[0] -= 1
            session = await self._page.context.new_cdp_session(self._page)
            async with self._page.expect_event("crash"):  # or the answer may be the faster one
                killing = asyncio.ensure_future(session.send("Page.crash"))  # has no answer
                killing.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await answer(self, handle, image)

    monkeypatch.setattr(GamePage, "predict", deadly)
    outcome = verify(FAKE_BUILD, listed_cases(tmp_path, "rxgbrg"), *PATIENT, "--workers", "2")
    assert (
        "note: a page died (the page crashed, at the case 1x.png); what was left to it was run again." in outcome.lines
    )
    failed = [line for line in outcome.lines if line.startswith("FAIL")]
    if deaths == 1:
        assert outcome.code == 0 and failed == []
    else:
        dead = "FAIL probe 1x.png: expected red; got - -; - ms"
        assert outcome.code == 1 and failed[0] == dead and "  the page crashed" in outcome.lines
        assert failed[-1].startswith("FAIL: 1 of 6 cases fail")
