"""Opens the runtime's image code in a real Chromium, without a server and without the rest of the runtime."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.image_reference import PAD, Filter, Fit, Pixels

JSLIB = Path(__file__).parents[2] / "jslib"
GUARD = "src/image/guard.ts"
GUARDED = re.findall(r'^\s*guard\("(\w+)"', (JSLIB / GUARD).read_text("utf-8"), re.MULTILINE)
ARGUMENTS = (
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)
TOP_ROW_FIRST, MIRROR, LINEAR = 1, 2, 4
BAD_TEXTURE, UNSUPPORTED, FAILED = -2, -4, -6


@contextmanager
def chromium(*more: str) -> Iterator[Browser]:
    """A headless Chromium with software WebGL 2; the system's own, or else Playwright's."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=[*ARGUMENTS, *more])
        yield browser
        browser.close()


def bundle(folder: Path, without: str | None = None, *, page: str = "blit-page", guard: str = GUARD) -> Path:
    """A page of the image tests as one script in `folder`; `without` names a line of `guard` that is left out."""
    sources = JSLIB
    if without is not None:
        sources = folder / "sources"
        shutil.copytree(JSLIB / "src" / "image", sources / "src" / "image", dirs_exist_ok=True)
        shutil.copytree(JSLIB / "src" / "generated", sources / "src" / "generated", dirs_exist_ok=True)
        for name in ("failure.ts", "build-info.ts", "memory.ts"):
            shutil.copy(JSLIB / "src" / name, sources / "src")
        shutil.copytree(JSLIB / "tests" / "image", sources / "tests" / "image", dirs_exist_ok=True)
        _drop_line(sources / guard, f'guard("{without}"')
    script = folder / f"{page}-{without or 'whole'}.js"
    esbuild = JSLIB / "node_modules" / ".bin" / "esbuild"
    entry = sources / "tests" / "image" / f"{page}.ts"
    options = ["--bundle", "--format=iife", "--log-level=warning", f"--outfile={script}"]
    subprocess.run([esbuild, entry, *options], check=True)
    return script


def _drop_line(path: Path, start: str) -> None:
    lines = path.read_text("utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.lstrip().startswith(start)]
    assert len(kept) == len(lines) - 1, start
    path.write_text("".join(kept), "utf-8")


def open_page(
    browser: Browser, folder: Path, without: str | None = None, *, page: str = "blit-page", guard: str = GUARD
) -> Page:
    """A page from a file (a secure context, so that it may use the camera) with what the script `page` puts there."""
    script = bundle(folder, without, page=page, guard=guard)
    html = script.with_suffix(".html")
    html.write_text(f"<!doctype html><title>blit</title><script src={script.name}></script>", "utf-8")
    opened = browser.new_page()
    opened.goto(html.as_uri())
    return opened


def preprocess(target: tuple[int, int], fit: Fit, how: Filter) -> dict[str, object]:
    """The contract's `preprocess` for RGB in 0..255."""
    numbers = {"scale": 1, "mean": [0, 0, 0], "std": [1, 1, 1]}
    return {"width": target[0], "height": target[1], "color": "rgb", "fit": fit, "filter": how, "pad": PAD, **numbers}


def in_memory(picture: Pixels, flags: int) -> Pixels:
    """The picture [h, w, 3] as RGBA [h, w, 4] in the order that `flags` announce; alpha is arbitrary."""
    rows = picture if flags & TOP_ROW_FIRST else picture[::-1]
    columns = rows[:, ::-1] if flags & MIRROR else rows
    alpha = columns[..., :1] ^ 0x55
    return np.concatenate([columns, alpha], axis=2)


def text(memory: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(memory).tobytes()).decode()


@dataclass(frozen=True)
class Outcome:
    """What blits gave: pixels [height, width, 4] or a code for each; the names of changed GL state; the GL error."""

    results: list[Pixels | int]
    changed: list[str]
    gl_error: int

    @classmethod
    def of(cls, raw: dict[str, Any], target: tuple[int, int]) -> Outcome:
        results = [_pixels(result, target) if isinstance(result, str) else result for result in raw["results"]]
        return cls(results, raw["changed"], raw["glError"])

    def distance(self, *expected: Pixels) -> int:
        """The largest difference in levels to the pictures [height, width, 3]; 255 where there is no opaque picture."""
        return max(_distance(*pair) for pair in zip(self.results, expected, strict=True))


def _pixels(result: str, target: tuple[int, int]) -> Pixels:
    return np.frombuffer(base64.b64decode(result), np.uint8).reshape(target[1], target[0], 4)


def _distance(found: Pixels | int, expected: Pixels) -> int:
    if isinstance(found, int) or (found[..., 3] != 255).any():
        return 255
    return int(np.abs(found[..., :3].astype(int) - expected).max())
