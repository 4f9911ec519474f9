"""Serves a WebGL build on loopback as a well-configured host would: right types, right encodings, nothing else."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

HOST = "127.0.0.1"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".wasm": "application/wasm",
    ".data": "application/octet-stream",
    ".bin": "application/octet-stream",
    ".txt": "text/plain; charset=utf-8",
    ".xml": "application/xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
    ".ico": "image/x-icon",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".ogg": "audio/ogg",
    ".wav": "audio/wav",
    ".woff2": "font/woff2",
}
UNKNOWN_TYPE = "application/octet-stream"
_COMPRESSED = (".gz", ".br", ".unityweb")
_SNIFFED_BYTES = 256
_GZIP_MAGIC = b"\x1f\x8b"
_UNITY_REMARK = b"UnityWeb Compressed Content ("  # Unity writes it into the head of each file that it packs
_BROTLI_MARK = _UNITY_REMARK + b"brotli)"
_PLAIN_STARTS = (b"\0asm", b"UnityWebData", b"var ", b"function", b"(function", b"{")


@dataclass(frozen=True, slots=True)
class Served:
    """A file of the build with the headers it goes out with."""

    path: Path
    size: int
    content_type: str
    encoding: str | None


def content_type(name: str) -> str:
    """The media type by the name beneath a compression suffix: `a.wasm.br` is `application/wasm`."""
    suffixes = [s.lower() for s in Path(name).suffixes]
    while suffixes and suffixes[-1] in (*_COMPRESSED, ".code"):  # 2018: `game.wasm.code.unityweb`
        suffixes.pop()
    return TYPES.get(suffixes[-1], UNKNOWN_TYPE) if suffixes else UNKNOWN_TYPE


def content_encoding(name: str, start: bytes) -> str | None:
    """`gzip`, `br` or None for a file of the build, by its first bytes: the suffix `.unityweb` says nothing, and a
    compressed file is sometimes published under its name after it was unpacked, or under a name without a suffix."""
    gzipped = start.startswith(_GZIP_MAGIC)
    if _UNITY_REMARK in start and (gzipped or _BROTLI_MARK in start):
        return "gzip" if gzipped else "br"
    suffix = Path(name).suffix.lower()
    if suffix not in _COMPRESSED:
        return None
    if gzipped:
        return "gzip"
    # Brotli has no magic number: what is called .br and is no known plain content is taken for it.
    return "br" if suffix == ".br" and not start.startswith(_PLAIN_STARTS) else None


def find(root: Path, url_path: str) -> Served | None:
    """The file that `url_path` names below `root` (a resolved folder), or None. No link and no `..` leads out of it."""
    relative = unquote(url_path.partition("#")[0].partition("?")[0])
    parts = [part for part in relative.split("/") if part]
    if not relative.startswith("/") or any(_suspicious(part) for part in parts):
        return None
    try:
        path = root.joinpath(*parts).resolve(strict=True)
        if path.is_dir() and relative.endswith("/"):
            path = (path / "index.html").resolve(strict=True)
        if not path.is_relative_to(root) or not path.is_file():
            return None
        with path.open("rb") as file:
            start = file.read(_SNIFFED_BYTES)
        encoding = content_encoding(path.name, start)
        return Served(path, path.stat().st_size, content_type(path.name), encoding)
    except (OSError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class _Site:
    """What is served: the folder `root`, and below `/name/` each folder of `mounts`."""

    root: Path
    mounts: Mapping[str, Path]

    def find(self, url_path: str) -> Served | None:
        name, _, rest = url_path.removeprefix("/").partition("/")
        return find(self.mounts[name], "/" + rest) if name in self.mounts else find(self.root, url_path)


def _suspicious(part: str) -> bool:
    return part in (".", "..") or any(c in part for c in "\\:\0")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def __init__(self, site: _Site, isolated: bool, request: Any, client: Any, server: _Server) -> None:  # noqa: ANN401
        self._site = site
        self._isolated = isolated
        self._port = server.server_port
        super().__init__(request, client, server)

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        served = self._site.find(self.path) if self._own_host() else None
        if served is None:
            self._send_nothing(body=body)
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", served.content_type)
        self.send_header("Content-Length", str(served.size))
        if served.encoding:
            self.send_header("Content-Encoding", served.encoding)
        self._end_headers()
        if body:
            self._send_file(served)

    def _own_host(self) -> bool:
        # A foreign page that rebinds its name to 127.0.0.1 sends its own name here.
        return self.headers.get("Host") == f"{HOST}:{self._port}"

    def _send_nothing(self, *, body: bool) -> None:
        # Browsers ask for an icon of their own accord: its absence is no fault of the build.
        icon = self.path == "/favicon.ico"
        text = b"" if icon else b"not found\n"
        self.send_response(HTTPStatus.NO_CONTENT if icon else HTTPStatus.NOT_FOUND)
        if not icon:
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(text)))
        self._end_headers()
        if body:
            self.wfile.write(text)

    def _end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        if self._isolated:
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
            self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        self.end_headers()

    def _send_file(self, served: Served) -> None:
        with served.path.open("rb") as file:
            shutil.copyfileobj(file, self.wfile, 256 * 1024)

    def log_message(self, format: str, *args: object) -> None:
        """Silence: the page's own log tells what failed."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that closes a connection half-way is no error of ours."""


@contextmanager
def serve(root: Path, *, isolated: bool = False, mounts: Mapping[str, Path] | None = None) -> Iterator[str]:
    """Serves the folder `root` on a free loopback port; yields the origin, like `http://127.0.0.1:40123`.

    `isolated` adds the COOP and COEP headers that WebAssembly threads need. `mounts`: further, resolved folders by the
    first segment of their paths; looked up for each request, so that the caller may change them.
    """
    site = _Site(root.resolve(strict=True), {} if mounts is None else mounts)
    server = _Server((HOST, 0), partial(_Handler, site, isolated))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
