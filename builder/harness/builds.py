"""What to open: a folder, in which the build is looked for, or an address that the user names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from builder.errors import BAD_OPTION, NOT_A_BUILD, fail
from builder.harness.text import clean

INDEX = "index.html"
# Where repositories and exporters put a site, searched when the folder itself is none.
USUAL_FOLDERS = ("docs", "public", "dist", "build", "Build", "www", "WebGL", "web", "html")
MAX_FOLDERS = 200
_MAX_PAGE_BYTES = 2 * 1024 * 1024
_LOADERS = ("*.loader.js", "UnityLoader.js", "*.wasm", "*.wasm.*")
_CALLS = re.compile(rb"createUnityInstance|UnityLoader\s*\.\s*instantiate")


@dataclass(frozen=True, slots=True)
class Target:
    """A build to be opened: the folder `root`, or else the address `url`, of which only the origin is reached."""

    name: str
    root: Path | None
    url: str = ""

    @property
    def origin(self) -> str:
        """`https://host[:port]` of an address."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


def is_address(text: str) -> bool:
    """True for what is to be opened on a host."""
    return text.lower().startswith(("http://", "https://"))


def named(url: str) -> Target:
    """The build at an address.

    Raises:
        UserError: BAD_OPTION for an address without a host, or with a name and password in it.
    """
    try:
        parts = urlsplit(url)
        reason = "" if parts.hostname and parts.port != 0 else "it names no host"
    except ValueError as error:
        raise fail(BAD_OPTION, option="BUILD", value=clean(url, 200), reason=clean(str(error), 200)) from None
    if "@" in parts.netloc or not url.isprintable():
        reason = "it holds a user name or characters that belong in no address"
    if reason:
        raise fail(BAD_OPTION, option="BUILD", value=clean(url.rpartition("@")[2], 200), reason=reason)
    address = parts._replace(scheme=parts.scheme.lower(), netloc=_netloc(parts.scheme.lower(), parts.netloc.lower()))
    return Target(str(parts.hostname), None, address._replace(path=parts.path or "/", fragment="").geturl())


def _netloc(scheme: str, netloc: str) -> str:
    """Without the scheme's own port, as the browser writes it."""
    return netloc.removesuffix({"http": ":80", "https": ":443"}[scheme])


def find_build(path: Path, name: str = "") -> Target:
    """The build in the folder `path`: the folder itself, or the one build below it.

    Raises:
        UserError: NOT_A_BUILD.
    """
    name = name or path.resolve().name
    if not path.is_dir():
        raise fail(NOT_A_BUILD, path, reason="it is not a folder")
    if _is_build(path):
        return Target(name, path)
    found = _below(path)
    if len(found) > 1:
        listed = ", ".join(clean(str(each.relative_to(path)), 100) for each in found[:8])
        raise fail(NOT_A_BUILD, path, reason=f"it holds {len(found)} builds, so name one: {listed}")
    if not found:
        raise fail(NOT_A_BUILD, path, reason=f"{'Build' if (path / INDEX).is_file() else INDEX} is missing")
    return Target(name, found[0])


def _below(path: Path) -> list[Path]:
    """The builds in usual folders, else in any folder one or two levels down."""
    usual = [path / name for name in USUAL_FOLDERS if (path / name).is_dir()]
    found = [folder for folder in usual if _is_build(folder)]
    if not found:
        found = [folder for folder in _folders(path) if _is_build(folder)]
    return list({each.resolve(): each for each in found}.values())  # `build` and `Build` may be one


def _folders(path: Path) -> Iterator[Path]:
    level = [path]
    for _ in range(2):
        level = [each for folder in level for each in _children(folder)][:MAX_FOLDERS]
        yield from level


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(each for each in folder.iterdir() if each.is_dir() and not each.is_symlink())
    except OSError:
        return []


def _is_build(folder: Path) -> bool:
    """index.html, and beside it the folder Build, or a loader's call in the page, or a loader's files."""
    page = folder / INDEX
    if not page.is_file():
        return False
    return (folder / "Build").is_dir() or _calls_loader(page) or _has_loader(folder)


def _calls_loader(page: Path) -> bool:
    try:
        with page.open("rb") as file:
            return bool(_CALLS.search(file.read(_MAX_PAGE_BYTES)))
    except OSError:
        return False


def _has_loader(folder: Path) -> bool:
    places = [folder, *_children(folder)[:MAX_FOLDERS]]
    return any(next(place.glob(pattern), None) for place in places for pattern in _LOADERS)
