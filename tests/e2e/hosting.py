"""A host as strict as hosts can be: it serves one build by the rules of a content security policy, and from another
origin only what it is told to share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from builder.harness.serve import HOST, find


@dataclass
class Host:
    """`folder` below the path `base`. Pages at `routes` are its index.html; `headers` go out with every answer."""

    folder: Path
    base: str = "/"
    routes: frozenset[str] = frozenset()
    headers: Mapping[str, str] = field(default_factory=dict)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def __init__(self, host: Host, *given: Any) -> None:  # noqa: ANN401
        self._host = host
        super().__init__(*given)

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        below = "/index.html" if path in self._host.routes else "/" + path.removeprefix(self._host.base)
        known = path in self._host.routes or path.startswith(self._host.base)
        served = find(self._host.folder, below) if known else None
        content = served.path.read_bytes() if served else b""
        self.send_response(HTTPStatus.OK if served else HTTPStatus.NOT_FOUND)
        self.send_header("Content-Type", served.content_type if served else "text/plain")
        self.send_header("Content-Length", str(len(content)))
        for name, value in self._host.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Silence: the page tells what failed."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that closes a connection half-way is no error of ours."""


@contextmanager
def hosting(host: Host) -> Iterator[str]:
    """Serves on a free loopback port; yields the origin. What `host` holds may change meanwhile."""
    server = _Server((HOST, 0), partial(_Handler, host))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
