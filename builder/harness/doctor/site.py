"""A site as the rules see it: files by path, from a folder or from a host; every answer is bounded."""

from __future__ import annotations

import http.client
import os
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, urljoin, urlsplit

from builder.harness.text import clean

MAX_FILES = 20_000
MAX_REDIRECTS = 5
HEAD_BYTES = 4096
_TIMEOUT = 20.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A file's beginning, or all of it. `status` 200 is success; 0 that no host answered, and `reason` why. `headers`:
    by lower-case name, empty for a file on disk. `size`: -1 where it is not known."""

    status: int
    content: bytes = b""
    size: int = -1
    headers: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


class Site(Protocol):
    """Where a build lies. `files` is None where they cannot be listed."""

    @property
    def files(self) -> Mapping[str, int] | None:
        """Sizes in bytes by path."""

    @property
    def page(self) -> str:
        """Path of the page."""

    def get(self, path: str, limit: int = HEAD_BYTES) -> Answer:
        """At most `limit` bytes of a file."""


@dataclass(frozen=True)
class Folder:
    """A folder on disk; links are not followed."""

    root: Path
    page: str = "index.html"

    @cached_property
    def files(self) -> Mapping[str, int]:
        return dict(sorted(self._walk()))

    def _walk(self) -> Iterator[tuple[str, int]]:
        count = 0
        for folder, folders, names in os.walk(self.root):
            folders[:] = [name for name in folders if name != ".git"]
            for name in names:
                path = Path(folder) / name
                if not path.is_symlink() and count < MAX_FILES:
                    count += 1
                    yield path.relative_to(self.root).as_posix(), path.stat().st_size

    def get(self, path: str, limit: int = HEAD_BYTES) -> Answer:
        if path not in self.files:
            return Answer(404)
        try:
            with (self.root / path).open("rb") as file:
                return Answer(200, file.read(limit), self.files[path])
        except OSError as error:
            return Answer(0, reason=error.strerror or "it cannot be read")


@dataclass(frozen=True)
class Published:
    """A site on a host; only its origin is asked, also by redirects."""

    url: str
    files: None = None
    _known: dict[tuple[str, int], Answer] = field(default_factory=dict)

    @property
    def page(self) -> str:
        return ""

    def get(self, path: str, limit: int = HEAD_BYTES) -> Answer:
        key = (path, limit)
        if key not in self._known:
            self._known[key] = self._follow(urljoin(self.url, quote(path, safe="/%?=&")), limit)
        return self._known[key]

    def _follow(self, url: str, limit: int) -> Answer:
        origin = urlsplit(self.url)[:2]
        for _ in range(MAX_REDIRECTS):
            if urlsplit(url)[:2] != origin:
                return Answer(0, reason=f"it leads to another host, {clean(urlsplit(url).netloc, 100)}")
            answer = _ask(url, limit)
            if answer.status not in (301, 302, 303, 307, 308):
                return answer
            url = urljoin(url, answer.headers.get("location", ""))
        return Answer(0, reason="it redirects without end")


def _ask(url: str, limit: int) -> Answer:
    parts = urlsplit(url)
    host, port = str(parts.hostname), parts.port
    if parts.scheme == "https":
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(host, port, timeout=_TIMEOUT)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(
            "GET", target, headers={"Accept-Encoding": "gzip, br", "User-Agent": "tfjs-for-unity doctor"}
        )
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        length = headers.get("content-length", "")
        return Answer(response.status, response.read(limit), int(length) if length.isdecimal() else -1, headers)
    except (OSError, http.client.HTTPException, ssl.SSLError, ValueError) as error:
        return Answer(0, reason=clean(str(error) or type(error).__name__, 200))
    finally:
        connection.close()
