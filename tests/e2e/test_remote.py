"""Browsers of a Playwright server: cut off like our own, or refused."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright._impl._driver import compute_driver_executable
from playwright.async_api import Browser

from builder.errors import BAD_OPTION, NO_BROWSER, UserError
from builder.harness import remote
from builder.harness.browser import BrowserOptions
from builder.harness.page import GamePage
from builder.harness.remote import connect_browser
from builder.harness.results import Prediction
from builder.harness.serve import serve
from tests.e2e.browsing import Loop
from tests.verifying import FAKE_BUILD, FAKE_COLORS, class_folder, color_picture, save, verify

pytestmark = pytest.mark.browser

TRY = """async (addresses) => {
  const reach = (address) => fetch(address, { mode: "no-cors" }).then(() => true, () => false);
  const peer = new RTCPeerConnection({ iceServers: [{ urls: "stun:127.0.0.1:9" }] });
  const candidates = [];
  peer.createDataChannel("x");
  const gathered = new Promise((done) => {
    peer.onicecandidate = (event) => event.candidate ? candidates.push(event.candidate.candidate) : done();
  });
  await peer.setLocalDescription(await peer.createOffer());
  await gathered;
  return [await Promise.all(addresses.map(reach)), candidates.length];
}"""

# So that a server without --unsafe, too, starts the browser that it is told to.
ENVIRONMENT = {**os.environ, "PWTEST_UNDER_TEST": "1"}


class Server:
    """Starts `run-server` with flags, and gives its address."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.started = folder, list[subprocess.Popen[bytes]]()

    def __call__(self, *flags: str) -> str:
        command = [*compute_driver_executable(), "run-server", "--host", "127.0.0.1", "--port", "0", *flags]
        log = self._folder / f"server{len(self.started)}.log"
        with log.open("wb") as output:  # it may outlive us, and would hold a pipe
            self.started.append(subprocess.Popen(command, stdout=output, stderr=output, env=ENVIRONMENT))
        deadline = time.monotonic() + 30
        while not (found := re.search(r"ws://\S+", log.read_text("utf-8"))):
            assert self.started[-1].poll() is None and time.monotonic() < deadline, log.read_text("utf-8")
            time.sleep(0.05)
        return found[0]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    yield server
    for process in server.started:
        process.kill()
        process.wait()


def options() -> BrowserOptions:
    found = shutil.which("chromium")
    assert found
    return BrowserOptions(executable=Path(found))


async def tried(endpoint: str, origin: str, other: str) -> tuple[list[bool], int]:
    async with connect_browser(endpoint, origin, options()) as browser:
        page = await browser.new_page()
        await page.goto(f"{origin}/index.html")
        reached, candidates = await page.evaluate(TRY, [origin, other, other.replace("127.0.0.1", "localhost")])
        return reached, candidates


@pytest.fixture
def loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.close()


def test_a_browser_of_a_server_reaches_the_build_alone(server: Server, loop: Loop) -> None:
    with serve(FAKE_BUILD) as origin, serve(FAKE_BUILD) as other:
        assert loop.run(tried(server("--unsafe"), origin, other)) == ([True, False, False], 0)
        assert loop.run(tried(server("--unsafe"), other, other))[0] == [True, True, False]


def test_a_server_that_drops_flags_is_refused(server: Server, loop: Loop) -> None:
    with serve(FAKE_BUILD) as origin, pytest.raises(UserError) as caught:
        loop.run(tried(server(), origin, origin))
    assert [each.kind for each in caught.value.problems] == [NO_BROWSER]
    assert "give run-server --unsafe" in caught.value.problems[0].what


def test_a_server_that_is_not_there_is_named(loop: Loop) -> None:
    with pytest.raises(UserError) as caught:
        loop.run(tried("ws://127.0.0.1:9/", "http://127.0.0.1:1", "http://127.0.0.1:1"))
    assert [each.kind for each in caught.value.problems] == [NO_BROWSER]
    assert "ws://127.0.0.1:9/ cannot be used" in caught.value.problems[0].what


def test_cases_of_a_server_that_dies_run_elsewhere(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoints, used, dead = [server("--unsafe"), server("--unsafe")], list[tuple[Browser, str]](), list[str]()
    connect, answer = remote.connect_browser, GamePage.predict

    @asynccontextmanager
    async def watched(endpoint: str, origin: str, options: BrowserOptions) -> AsyncIterator[Browser]:
        async with connect(endpoint, origin, options) as browser:
            used.append((browser, endpoint))
            yield browser

    async def deadly(self: GamePage, handle: int, image: dict[str, object]) -> Prediction | str:
        if not dead:
            dead.append(next(endpoint for browser, endpoint in used if browser is self._page.context.browser))
            server.started[endpoints.index(dead[0])].kill()
        return await answer(self, handle, image)

    monkeypatch.setattr(remote, "connect_browser", watched)
    monkeypatch.setattr(GamePage, "predict", deadly)
    connections = [text for endpoint in endpoints for text in ("--connect", endpoint)]
    cases = class_folder(tmp_path, FAKE_COLORS)
    outcome = verify(FAKE_BUILD, cases, "--timeout", "60", "--browser", str(options().executable), *connections)
    assert outcome.code == 0 and outcome.lines[-1] == "PASS: 3 of 3 cases pass"
    opened = [endpoint for _, endpoint in used]
    assert opened.count(dead[0]) == 1 and set(opened) == set(endpoints)
    assert any(line.startswith("note:") and dead[0] in line for line in outcome.lines)


def test_what_a_server_cannot_do_is_refused(tmp_path: Path) -> None:
    save(color_picture(FAKE_COLORS["red"]), tmp_path / "a.png")
    (tmp_path / "c.json").write_text('[{"image": "a.png", "label": "red", "source": "camera"}]')
    outcome = verify(FAKE_BUILD, tmp_path / "c.json", "--connect", "ws://127.0.0.1:9/")
    assert outcome.code == BAD_OPTION.exit_code and "the films for cases by camera lie on this machine" in outcome.err
    outcome = verify(FAKE_BUILD, tmp_path / "c.json", "--connect", "http://127.0.0.1:9/")
    assert outcome.code == 2 and "is no address of a Playwright server" in " ".join(outcome.err.split())
