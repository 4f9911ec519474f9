"""A Chromium that a Playwright server starts, on this machine or another, cut off like one of our own.

The server must be started with `--unsafe`, or it drops Chromium's flags without a word. All of the browser's
connections go through its tunnel to this process, which opens none but those to the build's own origin.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from playwright.async_api import Browser, async_playwright
from playwright.async_api import Error as PlaywrightError

from builder.errors import NO_BROWSER, UserError, fail
from builder.harness.browser import BrowserOptions, arguments
from builder.harness.text import clean

_CONNECT_MS = 60_000
_TELLING = "--enable-automation"  # without it Chromium does not say what flags it has


def remote_arguments(origin: str, options: BrowserOptions) -> list[str]:
    """Chromium's flags but for the proxy, which is the server's own tunnel."""
    given = [flag for flag in arguments(origin, 9, options) if not flag.startswith("--proxy-")]
    tunnel = ", EXCLUDE 127.0.0.1"
    return [flag + tunnel if flag.startswith("--host-resolver-rules") else flag for flag in given] + [_TELLING]


def tunnelled(endpoint: str) -> str:
    """The address at which the server sends every connection of the browser to its client, and opens none itself."""
    parts = urlsplit(endpoint)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name not in ("proxy", "launch-options")]
    return urlunsplit(parts._replace(query=urlencode([*query, ("proxy", "*")])))


class ServerLost(UserError):
    """A server that cannot be reached, or starts no browser; another may."""


@dataclass(slots=True)
class Servers:
    """Several servers, of which the least busy one opens the next browser. `lost`: why some are asked no more."""

    endpoints: tuple[str, ...]
    lost: dict[str, ServerLost] = field(default_factory=dict)
    _busy: Counter[str] = field(default_factory=Counter)

    @asynccontextmanager
    async def open(self, origin: str, options: BrowserOptions) -> AsyncIterator[Browser]:
        """`connect_browser` on one of them; raises what the last one raised when all are lost."""
        async with AsyncExitStack() as stack:
            yield await self._connected(stack, origin, options)

    async def _connected(self, stack: AsyncExitStack, origin: str, options: BrowserOptions) -> Browser:
        error: ServerLost | None = None
        while left := [each for each in self.endpoints if each not in self.lost]:
            endpoint = min(left, key=lambda each: self._busy[each])
            self._busy[endpoint] += 1
            stack.callback(self._busy.subtract, [endpoint])
            try:
                return await stack.enter_async_context(connect_browser(endpoint, origin, options))
            except ServerLost as lost:
                self.lost[endpoint] = error = lost
        raise error or next(iter(self.lost.values()))


@asynccontextmanager
async def connect_browser(endpoint: str, origin: str, options: BrowserOptions) -> AsyncIterator[Browser]:
    """A Chromium of the server at `endpoint` (ws:// or wss://) that reaches nothing but `origin`. The `executable` of
    the options is a path on the server; so would be the film of a `camera`.

    Raises:
        UserError: NO_BROWSER, also where the server left out a flag that cuts the browser off.
    """
    own, flags = urlsplit(origin), remote_arguments(origin, options)
    launch: dict[str, Any] = {"args": flags, "headless": not options.headed}
    if options.executable is not None:
        launch["executablePath"] = str(options.executable)
    async with async_playwright() as playwright:
        try:
            browser = await playwright.chromium.connect(
                tunnelled(endpoint),
                expose_network=f"{own.hostname}:{own.port or (443 if own.scheme == 'https' else 80)}",
                headers={"x-playwright-launch-options": json.dumps(launch)},
                timeout=_CONNECT_MS,
            )
        except PlaywrightError as error:
            reason = f"{clean(endpoint, 200)} cannot be used ({clean(error.message.partition(chr(10))[0], 200)})"
            raise ServerLost(fail(NO_BROWSER, reason=reason).problems) from None
        try:
            if missing := await _missing(browser, flags):
                reason = f"{clean(endpoint, 200)} starts Chromium without {missing}: give run-server --unsafe"
                raise fail(NO_BROWSER, reason=reason)
            yield browser
        finally:
            await browser.close()


async def _missing(browser: Browser, flags: list[str]) -> str:
    """The first flag that the browser runs without, "" if it has them all, and the tunnel is its last proxy."""
    session = await browser.new_browser_cdp_session()
    try:
        found = (await session.send("Browser.getBrowserCommandLine"))["arguments"]
    except PlaywrightError:
        return _TELLING
    proxies = [flag for flag in found if flag.startswith("--proxy-server=")]
    missing = [flag for flag in flags if flag not in found]
    tunnel = [] if proxies[-1:] and proxies[-1].startswith("--proxy-server=socks5://127.0.0.1:") else ["a tunnel"]
    return next(iter([*missing, *tunnel]), "")
