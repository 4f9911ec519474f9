"""Listens to a page: console, uncaught errors, dialogs, failed requests. Everything is cut and counted."""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from collections.abc import Mapping
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Dialog, Download, Page, Request, Response, WebSocket
from playwright.async_api import Error as PlaywrightError

from builder.harness.results import ConsoleLine, PageLog
from builder.harness.text import clean

MAX_LINES = 300
MAX_OTHERS = 50
_MAX_LINE = 1000
_UNITY_FILE = re.compile(
    r"(?:^|/)(?!StreamingAssets/)(?:[^/]+/)?[^/]*\.(?:framework\.js|js|wasm|data|symbols\.json)\.(?:br|gz)$"
)


class PageListener:
    """Collects what happens on one page of `context`. `activity` is the monotonic time of the newest event."""

    def __init__(self, context: BrowserContext, page: Page, origin: str) -> None:
        self._origin = origin
        self._page = page
        self._lines: deque[ConsoleLine] = deque(maxlen=MAX_LINES)
        self._line_count = 0
        self._lists: dict[str, list[str]] = {"page_errors": [], "dialogs": [], "failed_requests": [], "blocked": []}
        self._tasks: set[asyncio.Task[None]] = set()
        self.activity = time.monotonic()
        self.crashed = False
        self._listen(context)

    def _listen(self, context: BrowserContext) -> None:
        page = self._page
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self._add("page_errors", str(error)))
        page.on("dialog", self._on_dialog)
        page.on("crash", self._on_crash)
        page.on("download", self._on_download)
        page.on("requestfailed", self._on_request_failed)
        page.on("response", self._on_response)
        page.on("websocket", self._on_websocket)
        context.on("page", self._on_popup)

    def log(self) -> PageLog:
        """All that was heard so far."""
        lists = {name: tuple(texts) for name, texts in self._lists.items()}
        return PageLog(tuple(self._lines), self._line_count - len(self._lines), **lists)

    def _add(self, name: str, text: str) -> None:
        self.activity = time.monotonic()
        texts = self._lists[name]
        cleaned = clean(text, _MAX_LINE)
        if len(texts) < MAX_OTHERS and cleaned not in texts:
            texts.append(cleaned)

    def _on_console(self, message: ConsoleMessage) -> None:
        self.activity = time.monotonic()
        self._line_count += 1
        self._lines.append(ConsoleLine(message.type, clean(message.text, _MAX_LINE)))

    def _on_dialog(self, dialog: Dialog) -> None:
        self._add("dialogs", dialog.message)
        self._spawn(dialog)

    def _on_popup(self, popup: Page) -> None:
        if popup is not self._page:
            self._add("blocked", f"a window: {popup.url}")
            self._spawn(popup)

    def _on_download(self, download: Download) -> None:
        self._add("blocked", f"a download: {download.url}")

    def _on_crash(self, _page: Page) -> None:
        self.crashed = True

    def _spawn(self, what: Dialog | Page) -> None:
        task = asyncio.ensure_future(_dismiss(what))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _on_request_failed(self, request: Request) -> None:
        url, failure = request.url, request.failure or "failed"
        if not self._own(url):
            self._foreign(url)
        elif "ERR_ABORTED" not in failure:  # Unity aborts requests of its own in the course of things
            self._add("failed_requests", f"{self._short(url)}: {failure}")

    def _on_response(self, response: Response) -> None:
        self.activity = time.monotonic()
        if not self._own(response.url):
            return
        if response.status >= 400:
            self._add("failed_requests", f"{self._short(response.url)}: {response.status}")
        elif complaint := misconfigured(self._short(response.url), response.headers):
            self._add("failed_requests", f"{self._short(response.url)}: {complaint}")

    def _on_websocket(self, socket: WebSocket) -> None:
        self._foreign(socket.url)

    def _foreign(self, url: str) -> None:
        parts = urlsplit(url[:2000])
        if parts.scheme not in ("data", "blob", "about"):
            self._add("blocked", f"{parts.scheme}://{parts.netloc}")

    def _own(self, url: str) -> bool:
        return url.startswith(self._origin + "/")

    def _short(self, url: str) -> str:
        return urlsplit(url[:2000]).path.lstrip("/")


def misconfigured(path: str, headers: Mapping[str, str]) -> str:
    """What a host does wrong with a file of Unity's, "" if nothing; `.unityweb` may go out as it is."""
    wanted = {"br": "br", "gz": "gzip"}.get(path.rpartition(".")[2])
    if wanted is None or not _UNITY_FILE.search(path) or headers.get("content-encoding", "") == wanted:
        return ""
    if "text/html" in headers.get("content-type", ""):
        return "the host answered with a page instead"
    return f"sent without Content-Encoding: {wanted}"


async def _dismiss(what: Dialog | Page) -> None:
    try:
        await (what.dismiss() if isinstance(what, Dialog) else what.close())
    except PlaywrightError:
        return  # it is gone already
