"""Rules about files: there, whole, in the right letter case, compressed as they claim, not too large."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from builder.harness.doctor.findings import Finding
from builder.harness.doctor.pages import Page
from builder.harness.doctor.site import Answer, Site
from builder.harness.serve import content_encoding

# What a file must begin with once it is unpacked, by what the loader calls it.
_STARTS = {"codeUrl": b"\0asm", "wasmCodeUrl": b"\0asm", "dataUrl": b"UnityWebData1.0"}
_LFS = b"version https://git-lfs.github.com/spec/"
_HTML = (b"<!doctype html", b"<html")
_SUFFIX = {"br": "br", "gzip": "gz"}
_MAPS = (".map", ".symbols.json", ".debug.symbols.unityweb", ".symbols.json.gz", ".symbols.json.br")


def there(site: Site, page: Page) -> Iterator[Finding]:
    """Every file that the page names can be had, and is none but that."""
    wanted = {path: True for path in (page.loader, *page.build.values()) if path}
    wanted |= {path: False for path in page.local if path not in wanted}
    for path, needed in wanted.items():
        answer = site.get(path)
        if answer.status != 200:
            yield _absent(site, path, answer, needed=needed)
        elif needed and _is_page(answer):
            yield Finding(
                severity="error",
                rule="html-in-place",
                what=f"Instead of {path} comes a page of HTML.",
                why="Hosts of single-page sites answer so when a file is missing; the loader takes it for the file.",
                next_step="Publish the file, and let the host answer 404 where a file is missing.",
                where=path,
            )
        elif answer.content.startswith(_LFS):
            yield Finding(
                severity="error",
                rule="lfs-pointer",
                what=f"{path} is a pointer of Git LFS, and not the file.",
                why="Static hosts publish what lies in the repository; they do not fetch from LFS.",
                next_step="Take the build out of LFS, or publish from a checkout with its LFS files.",
                where=path,
            )


def _absent(site: Site, path: str, answer: Answer, *, needed: bool) -> Finding:
    twin = next((each for each in site.files or () if each.casefold() == path.casefold()), None)
    if twin:
        return Finding(
            severity="error",
            rule="letter-case",
            what=f"The page asks for {path}; there is {twin}.",
            why="Letter case counts on the web, though not on most disks of Windows and macOS.",
            next_step="Spell both alike.",
            where=path,
        )
    said = f"the host answered {answer.status}" if answer.status not in (0, 404) else answer.reason or "it is missing"
    return Finding(
        severity="error" if needed else "warning",
        rule="missing-file",
        what=f"The page asks for {path}: {said}.",
        why="The loader cannot start without it." if needed else "Something of the page will be missing.",
        next_step="Publish the whole folder that Unity wrote.",
        where=path,
    )


def _is_page(answer: Answer) -> bool:
    return answer.content.lstrip().lower().startswith(_HTML)


def encodings(site: Site, page: Page) -> Iterator[Finding]:
    """Names, bytes and what the host says of compression agree."""
    for key, path in page.build.items():
        answer = site.get(path)
        if answer.status == 200 and not _is_page(answer):
            yield from _name_and_bytes(path, answer)
            yield from _content(key, path, answer)
            if answer.headers:
                yield from _headers(path, answer)


def _packed(path: str, answer: Answer) -> str | None:
    return content_encoding(path.rpartition("/")[2], answer.content)


def _name_and_bytes(path: str, answer: Answer) -> Iterator[Finding]:
    suffix = path.rpartition(".")[2]
    packed = _packed(path, answer)
    if suffix in ("br", "gz") and packed != {"br": "br", "gz": "gzip"}[suffix]:
        inside = f"packed by {packed}" if packed else "not packed at all"
        yield Finding(
            severity="error",
            rule="wrong-suffix",
            what=f"{path} is {inside}.",
            why=f"Hosts go by the name and announce {suffix}: the browser cannot unpack it.",
            next_step="Publish the files as Unity wrote them.",
            where=path,
        )
    elif packed and suffix not in ("br", "gz", "unityweb"):
        yield Finding(
            severity="warning",
            rule="hidden-compression",
            what=f"{path} is packed by {packed}, which its name does not say.",
            why="No host announces an encoding that it cannot see.",
            next_step=f"Name it {path}.{_SUFFIX[packed]} in the page as well, or set its Content-Encoding by hand.",
            where=path,
        )


def _content(key: str, path: str, answer: Answer) -> Iterator[Finding]:
    wanted, packed = _STARTS.get(key), _packed(path, answer)
    if wanted is None or packed == "br":
        return
    content = answer.content
    if packed == "gzip":
        try:
            content = zlib.decompressobj(31).decompress(content, 64)
        except zlib.error:
            content = b""
    if not content.startswith(wanted):
        yield Finding(
            severity="error",
            rule="damaged-file",
            what=f"{path} does not begin like what it should be.",
            why=f"As {key} it must begin with {wanted.decode('latin-1').lstrip(chr(0))}.",
            next_step="Build again, and copy files as binary: git must not change their line ends.",
            where=path,
        )


def _headers(path: str, answer: Answer) -> Iterator[Finding]:
    said, packed = answer.headers.get("content-encoding", "").strip(), _packed(path, answer)
    suffix = path.rpartition(".")[2]
    if packed and suffix != "unityweb" and said != packed:
        yield Finding(
            severity="error",
            rule="no-content-encoding",
            what=f"{path} is sent {'as ' + said if said else 'without Content-Encoding'}, but is packed by {packed}.",
            why="The browser hands the packed bytes to the loader, which stops at 90 % or with a syntax error.",
            next_step=f"Send Content-Encoding: {packed}, or build with Decompression Fallback.",
            where=path,
        )
    elif packed and said != packed:
        yield Finding(
            severity="note",
            rule="slow-decompression",
            what=f"{path} is unpacked by the loader, in JavaScript.",
            why="Without Content-Encoding the browser cannot do it, nor compile while it downloads.",
            next_step=f"Send Content-Encoding: {packed}.",
            where=path,
        )
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if ".wasm" in path and "unityweb" not in suffix and kind != "application/wasm":
        yield Finding(
            severity="warning",
            rule="wasm-type",
            what=f"{path} is sent as {kind or 'no type'}.",
            why="Browsers compile WebAssembly while it downloads only if it comes as application/wasm.",
            next_step="Send Content-Type: application/wasm.",
            where=path,
        )


def sizes(site: Site, page: Page, budget: int | None) -> Iterator[Finding]:
    """How much a player downloads before the game starts, by the sizes as stored or sent."""
    paths = list(dict.fromkeys(path for path in (page.loader, *page.build.values()) if path))
    known = {path: size for path in paths if (size := site.get(path).size) >= 0}
    models = {path: size for path, size in (site.files or {}).items() if "StreamingAssets/tfjs-bridge/" in path}
    total = sum(known.values()) + sum(models.values())
    largest = max(known | models, key=lambda path: (known | models)[path], default="")
    text = f"The build takes {total:,} bytes ({len(known)} files of the loader, {len(models)} of models and runtime)"
    if budget is not None and total > budget:
        yield Finding(
            severity="error",
            rule="over-budget",
            what=f"{text}: more than the {budget:,} of the budget.",
            why=f"The largest is {largest}.",
            next_step="Compress with Brotli, strip engine code, quantize the model (tfjs-for-unity quantize).",
        )
    else:
        yield Finding(
            severity="note",
            rule="size",
            what=f"{text}.",
            why=f"The largest is {largest}." if largest else "None was found.",
            next_step="A budget is kept by --budget 20MB.",
        )


def source_maps(site: Site) -> Iterator[Finding]:
    """What helps nobody but those who read the code."""
    found = {path: size for path, size in (site.files or {}).items() if path.endswith(_MAPS)}
    shown = ", ".join(list(found)[:3])
    if found:
        yield Finding(
            severity="note",
            rule="source-maps",
            what=f"{len(found)} debug symbols or source maps, {sum(found.values()):,} bytes: {shown}.",
            why="They show names of the source to everybody; players do not need them.",
            next_step="Leave them out when publishing, unless you want readable stack traces.",
        )
