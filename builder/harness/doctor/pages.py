"""What a page says of its build: the loader, the files that it names, what it needs from elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from posixpath import dirname, join, normpath
from urllib.parse import unquote, urlsplit

from builder.harness.doctor.site import Site

MAX_TEXT = 2 * 1024 * 1024
_STRING = r"""["'`]([^"'`\s]{1,300})["'`]"""
_FOLDER = re.compile(rf"\bbuildUrl\s*[=:]\s*{_STRING}")
_KEYS = "dataUrl|frameworkUrl|codeUrl|workerUrl|symbolsUrl|memoryUrl"
_CONFIG = re.compile(rf"\b({_KEYS})\s*:\s*(buildUrl\s*\+\s*)?{_STRING}")
_LOADER = re.compile(rf"\bloaderUrl\s*[=:]\s*(buildUrl\s*\+\s*)?{_STRING}")
_INSTANTIATE = re.compile(rf"UnityLoader\s*\.\s*instantiate\s*\(\s*[^,]{{1,100}},\s*{_STRING}")
_OLD_KEYS = ("dataUrl", "wasmCodeUrl", "wasmFrameworkUrl", "asmCodeUrl", "asmFrameworkUrl", "asmMemoryUrl")
_OUTSIDE = re.compile(r"""["'`(](?:https?:)?//([a-z0-9][a-z0-9.-]{1,200}\.[a-z]{2,24})(?::\d+)?[/"'`)?]""", re.I)


@dataclass(frozen=True, slots=True)
class Page:
    """`old`: it uses UnityLoader. `build`: the files that a loader fetches, by what the page calls them; `local`: all
    other files of the site that it names; `hosts`: of other sites that it names; `frames`: (address, allow)."""

    old: bool
    loader: str
    build: dict[str, str]
    local: tuple[str, ...]
    hosts: tuple[str, ...]
    frames: tuple[tuple[str, str], ...]
    policy: str


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.frames: list[tuple[str, str]] = []
        self.policy = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in ("script", "img", "video", "audio", "source") and "src" in given:
            self.links.append(given["src"])
        if tag == "link" and given.get("rel", "") != "canonical" and "href" in given:
            self.links.append(given["href"])
        if tag == "iframe":
            self.frames.append((given.get("src", ""), given.get("allow", "")))
        if tag == "meta" and given.get("http-equiv", "").lower() == "content-security-policy":
            self.policy = given.get("content", "")


def read_page(site: Site, path: str) -> Page:
    """The page at `path` of the site, with the JSON file that names the files of Unity 2018 and 2019."""
    text = site.get(path, MAX_TEXT).content.decode("utf-8", "replace")
    tags = _Tags()
    tags.feed(text)
    home = dirname(path)
    named = dict(_named(text, home)) | dict(_old(site, text, home))
    links = [local for link in tags.links if (local := _local(home, link))]
    loader = _loader(text, home, links)
    own = {loader, *named.values()}
    hosts = sorted({found.lower() for found in _OUTSIDE.findall(text)} - {"www.w3.org"})
    frames = tuple((_local(home, source), allow) for source, allow in tags.frames)
    others = tuple(dict.fromkeys(link for link in links if link not in own))
    return Page(bool(_INSTANTIATE.search(text)), loader, named, others, tuple(hosts), frames, tags.policy)


def _named(text: str, home: str) -> Iterator[tuple[str, str]]:
    folder = _FOLDER.search(text)
    for key, inside, name in _CONFIG.findall(text):
        yield key, _local(home, (folder[1] if inside and folder else "") + name)


def _old(site: Site, text: str, home: str) -> Iterator[tuple[str, str]]:
    found = _INSTANTIATE.search(text)
    if not found:
        return
    place = _local(home, found[1])
    yield "buildUrl", place
    try:
        listed = json.loads(site.get(place, MAX_TEXT).content)
    except ValueError:
        return
    for key in _OLD_KEYS if isinstance(listed, dict) else ():
        if isinstance(listed.get(key), str):
            yield key, _local(dirname(place), listed[key])


def _loader(text: str, home: str, links: list[str]) -> str:
    found = _LOADER.search(text)
    folder = _FOLDER.search(text)
    if found:
        return _local(home, (folder[1] if found[1] and folder else "") + found[2])
    return next((link for link in links if link.endswith((".loader.js", "UnityLoader.js"))), "")


def _local(home: str, link: str) -> str:
    """The path of a link within the site, "" for one that leads elsewhere."""
    parts = urlsplit(link.strip())
    if parts.scheme or parts.netloc or not parts.path or "{{" in link or "%UNITY" in link:
        return ""
    path = normpath(join(home, unquote(parts.path).lstrip("/")))
    return "" if path.startswith("..") else path
