"""Finds a Chromium and starts it cut off from every network but one loopback port."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, Page, Playwright, async_playwright
from playwright.async_api import Error as PlaywrightError

from builder.errors import NO_BROWSER, fail
from builder.harness.results import Gpu
from builder.harness.text import clean

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
VIEWPORT = {"width": 1280, "height": 720}
TEMPORARY = "tfjs-for-unity-"  # how temporary folders begin
_LONGEST_FOLDER = 56  # a socket in it has a path of 46 characters more, and may have 103
_LAUNCH_MS = 60_000
_QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--autoplay-policy=no-user-gesture-required",
    "--mute-audio",
)
_SOFTWARE_GL = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist")
_HARDWARE_GL = ("--ignore-gpu-blocklist", "--enable-gpu")
# Games that want a camera would fail without one; the pattern that Chromium plays by default stands in for it.
_CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserOptions:
    """`executable`: the user's own choice; `camera`: a .y4m file that the fake webcam plays;
    `flags`: more of Chromium's, for measuring; `channel`: Playwright's name of a browser that is installed;
    `slow_mo`: milliseconds before each command."""

    executable: Path | None = None
    gpu: Gpu = "software"
    headed: bool = False
    camera: Path | None = None
    flags: tuple[str, ...] = ()
    channel: str | None = None
    slow_mo: float = 0.0


def candidates(chosen: Path | None, channel: str | None = None) -> Iterator[Path | None]:
    """Executables to try, best first; None is Playwright's own Chromium, or its `channel`. What the user chose
    stands alone."""
    if chosen is not None or channel:
        yield chosen
        return
    yield None
    for name in NAMES:
        found = shutil.which(name)
        if found:
            yield Path(found)


def arguments(origin: str, dead_port: int, options: BrowserOptions) -> list[str]:
    """Chromium's command line: only `origin` can be reached, every other address ends at a port that refuses."""
    own = urlsplit(origin)
    flags = [
        *_QUIET,
        *_CAMERA,
        *(_SOFTWARE_GL if options.gpu == "software" else _HARDWARE_GL),
        f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {own.hostname}",
        f"--proxy-server=http://{own.hostname}:{dead_port}",
        f"--proxy-bypass-list=<-loopback>;{own.hostname}:{own.port or (443 if own.scheme == 'https' else 80)}",
        # WebRTC speaks UDP, which no proxy catches.
        "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
        "--webrtc-ip-handling-policy=disable_non_proxied_udp",
        *options.flags,
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        flags.append("--no-sandbox")  # Chromium's sandbox refuses to run as root
    if options.camera is not None:
        flags.append(f"--use-file-for-fake-video-capture={options.camera.resolve()}")
    return flags


@contextmanager
def _dead_port() -> Iterator[int]:
    # Bound, so that nobody else can listen there; never listening, so that every connection is refused.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


@asynccontextmanager
async def open_browser(origin: str, options: BrowserOptions) -> AsyncIterator[Browser]:
    """A running Chromium that reaches nothing but `origin`.

    Raises:
        UserError: NO_BROWSER, with what was tried.
    """
    with _dead_port() as port, tempfile.TemporaryDirectory(prefix=TEMPORARY, ignore_cleanup_errors=True) as folder:
        async with async_playwright() as playwright:
            browser = await _started(_launch(playwright, arguments(origin, port, options), options, folder))
            try:
                yield browser
            finally:
                await browser.close()


async def _started(launching: Coroutine[Any, Any, Browser]) -> Browser:
    """Who is cancelled meanwhile closes what has started: half a start leaves files and processes behind."""
    start = asyncio.ensure_future(launching)
    try:
        return await asyncio.shield(start)
    except asyncio.CancelledError:
        await asyncio.wait([start])
        if not start.cancelled() and not start.exception():
            await start.result().close()
        raise


async def _launch(playwright: Playwright, flags: list[str], options: BrowserOptions, folder: str) -> Browser:
    """`folder` is for what Chromium itself would leave behind where a signal ends it."""
    tried = []
    for path in candidates(options.executable, options.channel):
        own = f"the channel {options.channel}" if options.channel else "Playwright's own Chromium"
        name = own if path is None else str(path)
        if path is not None and not path.is_file():
            tried.append(f"{name} is no file")
            continue
        # Asked to start what is not installed, Playwright leaves two temporary folders behind.
        if path is None and not options.channel and not Path(playwright.chromium.executable_path).is_file():
            tried.append(f"{name} is not installed")
            continue
        try:
            return await playwright.chromium.launch(
                executable_path=path,
                channel=None if path else options.channel,
                args=flags,
                env={**os.environ, **({"TMPDIR": folder} if len(folder) <= _LONGEST_FOLDER else {})},
                headless=not options.headed,
                slow_mo=options.slow_mo,
                timeout=_LAUNCH_MS,
            )
        except PlaywrightError as error:
            tried.append(f"{name} {_why(error)}")
    missing = (
        "" if len(tried) > 1 or options.executable or options.channel else f"; none of {', '.join(NAMES)} is on PATH"
    )
    raise fail(NO_BROWSER, reason="; ".join(tried) + missing)


def _why(error: PlaywrightError) -> str:
    if "Executable doesn't exist" in error.message:
        return "is not installed"
    return "did not start (" + clean(error.message.partition("\n")[0], 200) + ")"


async def new_context(browser: Browser) -> BrowserContext:
    """A fresh profile: Unity keeps its data in IndexedDB, and one run must not see another's."""
    return await browser.new_context(
        accept_downloads=False,
        service_workers="block",
        viewport={"width": VIEWPORT["width"], "height": VIEWPORT["height"]},
        device_scale_factor=1,
        locale="en-US",
    )


async def heap_bytes(page: Page) -> int | None:
    """What the page's JavaScript objects take after a garbage collection; raises Playwright's Error."""
    session = await page.context.new_cdp_session(page)
    try:
        await session.send("HeapProfiler.collectGarbage")
        await session.send("Performance.enable")
        metrics = (await session.send("Performance.getMetrics")).get("metrics", [])
        found = [metric["value"] for metric in metrics if metric.get("name") == "JSHeapUsedSize"]
        return int(found[0]) if found else None
    finally:
        await session.detach()
