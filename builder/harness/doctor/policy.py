"""Rules about what a browser allows: content policy, isolation, camera, other hosts."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from urllib.parse import urlsplit

from builder.harness.doctor.findings import Finding, Severity
from builder.harness.doctor.pages import MAX_TEXT, Page
from builder.harness.doctor.site import Answer, Published, Site
from builder.harness.serve import content_encoding

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_KEYS = ("frameworkUrl", "wasmFrameworkUrl")


def framework(site: Site, page: Page) -> bytes:
    """The framework's JavaScript, b"" where it cannot be read (Brotli without the package brotli)."""
    path = next((page.build[key] for key in _KEYS if key in page.build), "")
    answer = site.get(path, 4 * MAX_TEXT) if path else Answer(404)
    packed = content_encoding(path.rpartition("/")[2], answer.content)
    try:
        if packed == "gzip":
            return zlib.decompressobj(31).decompress(answer.content, 16 * MAX_TEXT)
        return _unbrotli(answer.content) if packed == "br" else answer.content
    except zlib.error:
        return b""


def _unbrotli(content: bytes) -> bytes:
    try:
        import brotli
    except ImportError:
        return b""
    try:
        unpacked: bytes = brotli.Decompressor().process(content)
    except brotli.error:
        return b""
    return unpacked[: 16 * MAX_TEXT]


def directives(policy: str) -> dict[str, list[str]]:
    """A Content-Security-Policy by directive."""
    parts = [part.split() for part in policy.split(";") if part.split()]
    return {part[0].lower(): [source.lower() for source in part[1:]] for part in parts}


def content_policy(site: Site, page: Page) -> Iterator[Finding]:
    """What a Content-Security-Policy must allow for the game to run."""
    header = site.get(site.page).headers.get("content-security-policy", "")
    for where, policy in (("the header Content-Security-Policy", header), ("the page's own policy", page.policy)):
        rules = directives(policy)
        scripts = rules.get("script-src", rules.get("default-src"))
        if scripts is not None:
            yield from _scripts(where, scripts, page)
        connect = rules.get("connect-src", rules.get("default-src"))
        if connect is not None and not {"'self'", "*"} & set(connect):
            yield _forbids(
                where, "'self'", "connect-src", "The loader and the models are fetched from the site itself."
            )


def _scripts(where: str, allowed: list[str], page: Page) -> Iterator[Finding]:
    if not {"'unsafe-eval'", "'wasm-unsafe-eval'"} & set(allowed):
        yield _forbids(where, "'wasm-unsafe-eval'", "script-src", "Without it no WebAssembly is compiled.")
    if page.old and "blob:" not in allowed:
        yield _forbids(where, "blob:", "script-src", "UnityLoader (2018, 2019) starts the framework from a blob.")
    if not {"'self'", "*"} & set(allowed):
        yield _forbids(where, "'self'", "script-src", "The loader and the runtime are scripts of the site itself.")


def _forbids(where: str, source: str, directive: str, why: str) -> Finding:
    return Finding(
        severity="error",
        rule="csp",
        what=f"{where[0].upper()}{where[1:]} does not allow {source} in {directive}.",
        why=why,
        next_step=f"Add {source} to {directive}.",
    )


def isolation(site: Site, script: bytes) -> Iterator[Finding]:
    """Threads need a cross-origin isolated page."""
    if b"PThread" not in script:
        return
    headers = site.get(site.page).headers
    isolated = headers.get("cross-origin-opener-policy") == "same-origin" and headers.get(
        "cross-origin-embedder-policy"
    ) in ("require-corp", "credentialless")
    if not isolated:
        yield Finding(
            severity="error" if headers else "warning",
            rule="isolation",
            what="The build uses threads, which browsers allow on cross-origin isolated pages only.",
            why="The host must send COOP same-origin and COEP require-corp"
            + ("; it does not." if headers else " with the page."),
            next_step="Send both headers (--host shows how), or build without threads.",
            where=site.page,
        )


def camera(site: Site, page: Page, script: bytes) -> Iterator[Finding]:
    """A game that looks through the camera needs HTTPS and, in a frame, permission."""
    if b"getUserMedia" not in script:
        return
    refused = list(_refused(site, page))
    yield from refused
    if not refused and not page.frames:
        what = "The game can use the camera; a page that embeds it must permit that."
        yield _camera("note", what, '<iframe allow="camera; fullscreen; autoplay">, and https.', site.page)


def _refused(site: Site, page: Page) -> Iterator[Finding]:
    policy = site.get(site.page).headers.get("permissions-policy", "").replace(" ", "")
    if "camera=()" in policy:
        yield _camera("error", "The header Permissions-Policy forbids the camera.", "Send camera=(self).", site.page)
    address = urlsplit(site.url) if isinstance(site, Published) else None
    if address and address.scheme == "http" and address.hostname not in _LOOPBACK:
        yield _camera("error", "The page comes by http.", "Publish it by https.", site.page)
    for source, allow in page.frames:
        if source and "camera" not in allow:
            what = f"The frame of {source} has no permission to use the camera."
            yield _camera("error", what, 'Add allow="camera" to the iframe.', site.page)


def _camera(severity: Severity, what: str, step: str, where: str) -> Finding:
    return Finding(
        severity=severity,
        rule="camera",
        what=what,
        why="Browsers hand out the camera on https pages only, and inside a frame only if its page allows it.",
        next_step=step,
        where=where,
    )


def outside(page: Page) -> Iterator[Finding]:
    """Other sites that the page needs."""
    if page.hosts:
        yield Finding(
            severity="warning",
            rule="outside-hosts",
            what=f"The page names other hosts: {', '.join(page.hosts[:8])}.",
            why="When such a host is slow, blocked or gone, that part of the game fails.",
            next_step="Publish what is fetched from there beside the build.",
        )


def reachable(site: Site) -> Iterator[Finding]:
    """The page itself can be had."""
    answer = site.get(site.page)
    if answer.status != 200:
        yield Finding(
            severity="error",
            rule="no-page",
            what=f"The page does not come: {answer.reason or f'the host answered {answer.status}'}.",
            why="Nothing else can be checked.",
            next_step="Check the address, and that the site is published.",
            where=site.page,
        )
