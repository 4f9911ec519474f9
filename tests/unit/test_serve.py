"""The build's files go out with the right type and encoding, and nothing else goes out."""

from __future__ import annotations

import gzip
import socket
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import brotli
import pytest

from builder.harness.serve import content_encoding, content_type, find, serve
from tests.player.compress import Compression, compressed, remark


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("game.wasm", "application/wasm"),
        ("game.wasm.br", "application/wasm"),
        ("game.wasm.gz", "application/wasm"),
        ("game.framework.js.unityweb", "text/javascript; charset=utf-8"),
        ("game.wasm.code.unityweb", "application/wasm"),
        ("game.data.gz", "application/octet-stream"),
        ("contract.json", "application/json"),
        ("GAME.WASM", "application/wasm"),
        ("group1-shard1of1", "application/octet-stream"),
        ("abcdef.unityweb", "application/octet-stream"),
    ],
)
def test_type_follows_the_name_beneath_the_compression(name: str, expected: str) -> None:
    assert content_type(name) == expected


BROTLI = b"\x6b\x8d\x00UnityWeb Compressed Content (brotli)\x00"


@pytest.mark.parametrize(
    ("name", "start", "expected"),
    [
        ("a.js.gz", gzip.compress(b"x"), "gzip"),
        ("a.js.unityweb", gzip.compress(b"x"), "gzip"),
        ("a.js.unityweb", BROTLI, "br"),
        ("a.js.unityweb", b"var x = 1;", None),
        ("a.js.br", BROTLI, "br"),
        ("a.wasm.br", b"\x0b\x02\x80", "br"),
        ("a.wasm.br", b"\0asm\x01", None),
        ("a.js.br", gzip.compress(b"x"), "gzip"),
        ("a.js.gz", b"var x = 1;", None),
        ("a.bin", gzip.compress(b"x"), None),
    ],
)
def test_encoding_follows_the_bytes(name: str, start: bytes, expected: str | None) -> None:
    assert content_encoding(name, start) == expected


@pytest.mark.parametrize(("compression", "encoding"), [("gzip", "gzip"), ("brotli", "br")])
def test_what_unity_writes_is_known_by_its_bytes(compression: Compression, encoding: str) -> None:
    content = b"var unityFramework = 1;\n" * 100
    packed = compressed(content, compression)
    assert content_encoding("a.js.unityweb", packed[:256]) == encoding
    assert (gzip.decompress if compression == "gzip" else brotli.decompress)(packed) == content
    assert remark(compression) in packed[:64]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    build = tmp_path / "build"
    (build / "Build").mkdir(parents=True)
    (build / "index.html").write_text("<html>")
    (build / "Build" / "a b%.wasm").write_bytes(b"\0asm")
    (tmp_path / "secret.txt").write_text("secret")
    (build / "link.txt").symlink_to(tmp_path / "secret.txt")
    (build / "folder-link").symlink_to(tmp_path)
    (build / "inner.txt").symlink_to(build / "index.html")
    return build.resolve()


@pytest.mark.parametrize("path", ["/", "/index.html", "/index.html?query=1#part", "//index.html", "/inner.txt"])
def test_files_of_the_build_are_found(root: Path, path: str) -> None:
    served = find(root, path)
    assert served is not None and served.path == root / "index.html" and served.size == 6


def test_escapes_in_urls_are_resolved_once(root: Path) -> None:
    served = find(root, "/Build/a%20b%25.wasm")
    assert served is not None and served.content_type == "application/wasm"


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/Build/..%2f..%2fsecret.txt",
        "/Build/../index.html",
        "/..\\secret.txt",
        "/%5c..%5csecret.txt",
        "/link.txt",
        "/folder-link/secret.txt",
        "/C:/windows",
        "/index.html%00",
        "/Build",
        "/Build/",
        "/absent.js",
        "secret.txt",
        "/" + "x" * 5000,
    ],
)
def test_nothing_outside_and_no_listing_is_found(root: Path, path: str) -> None:
    assert find(root, path) is None


def test_mounts_answer_below_their_names_and_lead_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "index.html").write_text("page", "utf-8")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "a b.json").write_text("{}", "utf-8")
    (tmp_path / "secret.txt").write_text("secret", "utf-8")
    mounts: dict[str, Path] = {}
    with serve(tmp_path / "page", mounts=mounts) as origin:
        assert fetched(f"{origin}/m/a%20b.json") is None
        mounts["m"] = (tmp_path / "model").resolve()
        assert fetched(f"{origin}/m/a%20b.json") == b"{}"
        assert fetched(f"{origin}/index.html") == b"page"
        for path in ("/m/../secret.txt", "/m/%2e%2e/secret.txt", "/model/a%20b.json", "/m", "/m/"):
            assert fetched(origin + path) is None, path


def fetched(url: str) -> bytes | None:
    address = urlsplit(url)
    connection = HTTPConnection(str(address.hostname), int(address.port or 0), timeout=10)
    try:
        connection.request("GET", address.path)
        response = connection.getresponse()
        return response.read() if response.status == 200 else None
    finally:
        connection.close()


# --- by raw sockets: what no well-behaved client would send ---------------------------------------------------------


def said(origin: str, request: bytes) -> bytes:
    """All that the server answers to these bytes."""
    address = urlsplit(origin)
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def asked(origin: str, path: bytes, host: str | None = None) -> bytes:
    host = origin.removeprefix("http://") if host is None else host
    return said(origin, b"GET " + path + b" HTTP/1.1\r\nHost: " + host.encode() + b"\r\nConnection: close\r\n\r\n")


@pytest.mark.parametrize(
    "path",
    [
        b"/../secret.txt",
        b"/%2e%2e/secret.txt",
        b"/%252e%252e/secret.txt",
        b"/Build/%2e%2e%2f%2e%2e%2fsecret.txt",
        b"/..%5csecret.txt",
        b"/..\\secret.txt",
        b"/link.txt",
        b"/folder-link/secret.txt",
        b"/index.html%00.js",
        b"/C:/secret.txt",
        b"/C%3a/secret.txt",
        b"//secret.txt",
        b"/..%c0%afsecret.txt",
        b"http://example.com/../secret.txt",
    ],
)
def test_no_request_on_the_wire_leads_out_of_the_build(root: Path, path: bytes) -> None:
    absolute = str(root.parent / "secret.txt").encode()
    with serve(root) as origin:
        assert asked(origin, b"/index.html").startswith(b"HTTP/1.1 200 ")
        for wanted in (path, absolute, b"/" + absolute, b"file://" + absolute):
            answer = asked(origin, wanted)
            assert b"secret" not in answer.partition(b"\r\n\r\n")[2], wanted
            assert answer.split(b" ")[1:2] == [b"404"], wanted


def test_only_the_servers_own_name_is_answered_and_only_on_loopback(root: Path) -> None:
    with serve(root) as origin:
        assert origin.startswith("http://127.0.0.1:")
        for host in ("example.com", "127.0.0.1", "localhost", ""):
            assert asked(origin, b"/index.html", host).startswith(b"HTTP/1.1 404 "), host
        port = int(urlsplit(origin).port or 0)
        with pytest.raises(OSError), socket.create_connection(("127.0.0.2", port), timeout=5):
            pass
