"""What each host needs to be told, and the lines that tell it."""

from __future__ import annotations

from collections.abc import Iterator

from builder.harness.doctor.findings import Finding, Host
from builder.harness.doctor.pages import Page
from builder.harness.doctor.site import Site
from builder.harness.serve import content_type

_MB = 1024 * 1024
# Limits as the hosts state them.
_PAGES_FILE, _PAGES_SITE = 100 * _MB, 1024 * _MB
_ITCH_FILES, _ITCH_TOTAL, _ITCH_FILE, _ITCH_PATH = 1000, 500 * _MB, 200 * _MB, 240
_ENCODINGS = {"br": "br", "gz": "gzip"}
_ISOLATED = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}


def packed(page: Page) -> list[str]:
    """Files that only a Content-Encoding makes readable."""
    return [path for path in page.build.values() if path.rpartition(".")[2] in _ENCODINGS]


def rules(host: Host, site: Site, page: Page, *, threads: bool) -> Iterator[Finding]:
    """What `host` would do with this build."""
    if host == "github-pages":
        yield from _github_pages(site, page, threads=threads)
    elif host == "itch":
        yield from _itch(site, page)
    elif packed(page) or threads:
        yield _snippet(host, page, threads=threads)


def _host(rule: str, what: str, why: str, step: str, *, severe: bool = True, fix: str = "") -> Finding:
    return Finding(severity="error" if severe else "warning", rule=rule, what=what, why=why, next_step=step, fix=fix)


def _github_pages(site: Site, page: Page, *, threads: bool) -> Iterator[Finding]:
    if packed(page):
        yield _host(
            "github-pages-encoding",
            f"GitHub Pages sends {', '.join(packed(page))} without Content-Encoding.",
            "It knows no settings of headers, and .br and .gz are files like any other to it.",
            "Turn Decompression Fallback on in Unity's Publishing Settings, or compression off.",
        )
    if threads:
        yield _host(
            "github-pages-isolation",
            "GitHub Pages sends no COOP and COEP headers.",
            "Threads need them, and it knows no settings of headers.",
            "Build without threads, or publish elsewhere.",
        )
    files = site.files or {}
    hidden = [path for path in files if any(part.startswith("_") for part in path.split("/"))]
    if hidden and ".nojekyll" not in files:
        yield _host(
            "github-pages-jekyll",
            f"GitHub Pages leaves out {hidden[0]}.",
            "Jekyll skips what begins with an underscore.",
            "Put an empty file .nojekyll beside index.html.",
            fix="touch .nojekyll",
        )
    large = [path for path, size in files.items() if size > _PAGES_FILE]
    if large or sum(files.values()) > _PAGES_SITE:
        yield _host(
            "github-pages-size",
            f"The site is too large for GitHub Pages: {large[0] if large else 'over 1 GB in all'}.",
            "GitHub refuses files over 100 MB and sites over 1 GB.",
            "Compress the build, or quantize the model.",
        )


def _itch(site: Site, page: Page) -> Iterator[Finding]:
    files = site.files or {}
    if files and site.page != "index.html":
        yield _host("itch-index", f"The page is {site.page}.", "itch.io opens index.html.", "Call the page index.html.")
    too_long = [path for path in files if len(path) > _ITCH_PATH]
    large = [path for path, size in files.items() if size > _ITCH_FILE]
    total = sum(files.values())
    if len(files) > _ITCH_FILES or total > _ITCH_TOTAL or too_long or large:
        worst = (large or too_long or [f"{len(files)} files, {total:,} bytes"])[0]
        yield _host(
            "itch-size",
            f"itch.io refuses the archive: {worst}.",
            "It takes at most 1,000 files, 500 MB in all, 200 MB a file and 240 characters a path.",
            "Leave out what players do not need; merge or quantize models.",
        )
    if any(path.endswith(".br") for path in packed(page)):
        yield _host(
            "itch-encoding",
            "itch.io is known to unpack .gz; of .br it is not certain.",
            "The loader stops at 90 % where the Content-Encoding is missing.",
            "Choose Gzip in Unity's Publishing Settings, or turn Decompression Fallback on.",
            severe=False,
        )


# --- hosts that can be told -----------------------------------------------------------------------------------------


def _snippet(host: Host, page: Page, *, threads: bool) -> Finding:
    make = {"netlify": _netlify, "nginx": _nginx, "s3": _s3}[host]
    place = {
        "netlify": "Put this into the file _headers beside index.html",
        "nginx": "Put this into the server block",
        "s3": "Upload with these commands, run in the folder of index.html (BUCKET is yours)",
    }[host]
    text = make(packed(page), threads)
    if host == "s3" and threads:
        place += "; COOP and COEP need CloudFront with a response headers policy"
    needs = " and ".join([*(["encodings"] if packed(page) else []), *(["isolation"] if threads else [])])
    return Finding(
        severity="warning",
        rule=f"{host}-headers",
        what=f"The build needs headers of the host for {needs}.",
        why="A host that is not told sends packed files as they are, and no page isolated.",
        next_step=f"{place}.",
        fix=text,
    )


def _netlify(paths: list[str], threads: bool) -> str:
    blocks = [(f"/{path}", _headers_of(path)) for path in paths]
    blocks += [("/*", _ISOLATED)] if threads else []
    return "\n".join(
        "\n".join([place, *(f"  {name}: {value}" for name, value in said.items())]) for place, said in blocks
    )


def _headers_of(path: str) -> dict[str, str]:
    return {"Content-Encoding": _ENCODINGS[path.rpartition(".")[2]], "Content-Type": content_type(path)}


def _nginx(paths: list[str], threads: bool) -> str:
    lines = [f"add_header {name} {value} always;" for name, value in (_ISOLATED if threads else {}).items()]
    for ending in sorted({".".join(path.rsplit("/", 1)[-1].split(".")[-2:]) for path in paths}):
        said = _headers_of(ending)
        lines += [
            f"location ~ \\.{ending.replace('.', chr(92) + '.')}$ {{",
            "  gzip off;",
            "  types { }",
            f'  default_type "{said["Content-Type"]}";',
            f"  add_header Content-Encoding {said['Content-Encoding']} always;",
            # nginx forgets the headers of the server where a location has its own.
            *(f"  add_header {name} {value} always;" for name, value in (_ISOLATED if threads else {}).items()),
            "}",
        ]
    return "\n".join(lines)


def _s3(paths: list[str], threads: bool) -> str:
    excluded = " ".join(f"--exclude '{path}'" for path in paths)
    lines = [f"aws s3 sync . s3://BUCKET {excluded}".rstrip()]
    for path in paths:
        said = _headers_of(path)
        lines.append(
            f"aws s3 cp '{path}' 's3://BUCKET/{path}' --content-encoding {said['Content-Encoding']} "
            f"--content-type '{said['Content-Type']}'"
        )
    return "\n".join(lines)
