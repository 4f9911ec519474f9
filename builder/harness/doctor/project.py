"""Rules about a Unity project, before it is built: its publishing settings, and the models in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from builder.harness.doctor.findings import Finding, Host
from builder.harness.doctor.models import on_disk

SETTINGS = Path("ProjectSettings") / "ProjectSettings.asset"
_COMPRESSION = {"0": "gzip", "1": "brotli", "2": "none"}
_MAX_BYTES = 4 * 1024 * 1024


def is_project(path: Path) -> bool:
    """True for a folder with Unity's settings in it."""
    return (path / SETTINGS).is_file()


def examine_project(root: Path, host: Host | None) -> Iterator[Finding]:
    """What its settings mean for `host`, and whether its models are as they were generated."""
    text = (root / SETTINGS).read_bytes()[:_MAX_BYTES].decode("utf-8", "replace")
    settings = dict(re.findall(r"^\s*(webGL\w+): *(\S+)\s*$", text, re.M))
    yield from _compression(settings, host)
    yield from _threads(settings, host)
    yield from on_disk(root / "Assets")


def _compression(settings: dict[str, str], host: Host | None) -> Iterator[Finding]:
    kind = _COMPRESSION.get(settings.get("webGLCompressionFormat", ""), "none")
    fallback = settings.get("webGLDecompressionFallback") == "1"
    if kind == "none" or fallback:
        return
    hopeless = host == "github-pages"
    yield Finding(
        severity="error" if hopeless else "warning",
        rule="project-encoding",
        what=f"The build will be packed by {kind}, without Decompression Fallback.",
        why="GitHub Pages cannot be told to send Content-Encoding."
        if hopeless
        else "The host must send Content-Encoding.",
        next_step="Project Settings, Player, Publishing Settings: turn Decompression Fallback on; or set the host up "
        "(run doctor on the build with --host).",
        where=SETTINGS.as_posix(),
    )


def _threads(settings: dict[str, str], host: Host | None) -> Iterator[Finding]:
    if settings.get("webGLThreadsSupport") == "1":
        yield Finding(
            severity="error" if host == "github-pages" else "warning",
            rule="project-isolation",
            what="The build will use threads.",
            why="Browsers allow them on pages with COOP and COEP headers only.",
            next_step="Turn threads off, or publish on a host that sends both headers.",
            where=SETTINGS.as_posix(),
        )
