"""`verify` on the player dressed as builds of all generations of Unity, good and broken."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from builder.harness import loading, page
from tests.e2e.game import Build, Tiny, picture_640x480
from tests.player.dress import DAMAGES, FORMS, dress
from tests.processes import descendants
from tests.verifying import Outcome, run_verify, save

pytestmark = [pytest.mark.browser, pytest.mark.player]

ALONE = ("--no-predict", "--settle", "0", "--timeout", "60")
IN_CI = ("2018", "2021-hashed", "pwa", "framed")


def slow_unless_in_ci(names: Iterator[str]) -> list[Any]:
    return [name if name in IN_CI else pytest.param(name, marks=pytest.mark.slow) for name in names]


def cases(model: Tiny, folder: Path) -> Path:
    picture = picture_640x480()
    save(picture, folder / "0.png")
    entry = {"image": "0.png", "scores": model.expected(picture).tolist(), "tolerance": 0.002}
    (folder / "cases.json").write_text(json.dumps([entry]))
    return folder / "cases.json"


def verdicts(report: Path) -> dict[str, bool | None]:
    found: dict[str, bool | None] = json.loads(report.read_text("utf-8"))["verdicts"]
    return found


@pytest.mark.parametrize("name", slow_unless_in_ci(iter(FORMS)))
def test_a_good_build_of_any_generation_loads_renders_and_predicts(small: Build, tmp_path: Path, name: str) -> None:
    build = dress(small.folder, tmp_path / "build", FORMS[name])
    report = tmp_path / "r.json"
    outcome = run_verify(
        build,
        "--cases",
        str(cases(small.model, tmp_path)),
        "--backend",
        "wasm",
        "--timeout",
        "120",
        "--json",
        str(report),
    )
    assert outcome.code == 0, outcome.out + outcome.err
    assert verdicts(report) == {"loaded": True, "rendered": True, "predicts": True}
    start = json.loads(report.read_text("utf-8"))["start"]
    assert start["api"] == ("UnityLoader" if name == "2018" else "createUnityInstance")
    assert start["instances"] == 1 and start["progress"] == 1


def test_a_zip_of_a_build_that_lost_its_models_still_loads_and_renders(small: Build, tmp_path: Path) -> None:
    build = dress(small.folder, tmp_path / "build", FORMS["6000"])
    shutil.rmtree(build / "deploy" / "site" / "StreamingAssets")
    archive = Path(shutil.make_archive(str(tmp_path / "game"), "zip", build))
    outcome = run_verify(archive, *ALONE, "--json", str(tmp_path / "r.json"))
    assert outcome.code == 0 and "build: game" in outcome.lines, outcome.out + outcome.err
    assert outcome.lines[-1] == "PASS: loaded, rendered"
    assert verdicts(tmp_path / "r.json") == {"loaded": True, "rendered": True, "predicts": None}


# --- broken ---------------------------------------------------------------------------------------------------------

NOT_LOADED = "error 503 BUILD_FAILED_TO_LOAD: The build did not load: "
# What is said, on stderr of what does not load, else on stdout.
REASONS = {
    "missing-wasm": NOT_LOADED + "Build/game.wasm.gz: 404.",
    "truncated-data": NOT_LOADED,
    "missing-loader": NOT_LOADED + "Build/game.loader.js: 404.",
    "script-error": NOT_LOADED + "Unexpected token ';'.",
    "endless": NOT_LOADED + "createUnityInstance was still loading after 8 s (50%).",
    "flat": "FAIL check rendered: the canvas is one flat colour",
    "failed-level": "  The level cannot be read",
    "stopped": "FAIL check loaded: the game started, then stopped with an error",
}
# Whatever is broken: the time-out, the browser's start and end, the wait for a picture, all on a busy machine.
HASTY = ("--no-predict", "--settle", "1", "--timeout", "8")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page on which something went wrong is given up after two quiet seconds, a picture is waited for as long."""
    monkeypatch.setattr(loading, "QUIET_SECONDS", 2.0)
    monkeypatch.setattr(page, "_RENDER_SECONDS", 2.0)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("name", list(DAMAGES))
def test_a_broken_build_gets_its_reason_and_leaves_no_process(small: Build, tmp_path: Path, name: str) -> None:
    build = dress(small.folder, tmp_path / "build", FORMS["2020"])
    DAMAGES[name](build)
    before = descendants()
    outcome = run_verify(build, *HASTY, "--json", str(tmp_path / "r.json"))
    loads = not REASONS[name].startswith(NOT_LOADED)
    assert outcome.code == (1 if loads else 4), outcome.out + outcome.err
    assert REASONS[name] in (outcome.out if loads else outcome.err), outcome.out + outcome.err
    checks = {check["name"]: check for check in json.loads((tmp_path / "r.json").read_text("utf-8"))["checks"]}
    assert not checks["loaded"]["passed"] or not checks["rendered"]["passed"]
    assert descendants() <= before


class _Unaware(SimpleHTTPRequestHandler):
    """A host that knows nothing of compression."""

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""


@contextmanager
def unaware_host(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Unaware, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def at_unaware_host(small: Build, tmp_path: Path, form: str) -> Outcome:
    build = dress(small.folder, tmp_path / "build", FORMS[form])
    with unaware_host(build) as origin:
        return run_verify(f"{origin}/index.html?every=0", *ALONE)


@pytest.mark.usefixtures("impatient")
def test_a_host_that_sends_brotli_without_saying_so_is_named(small: Build, tmp_path: Path) -> None:
    outcome = at_unaware_host(small, tmp_path, "pwa")
    assert outcome.code == 4
    assert NOT_LOADED + "Build/game." in outcome.err
    assert ".br: sent without Content-Encoding: br." in outcome.err


def test_a_build_on_a_host_that_the_user_names_loads(small: Build, tmp_path: Path) -> None:
    outcome = at_unaware_host(small, tmp_path, "plain-elsewhere")
    assert outcome.code == 0 and outcome.lines[-1] == "PASS: loaded, rendered", outcome.out + outcome.err
