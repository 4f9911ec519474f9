"""The input tensors that the runtime makes of fitted pixels, on every backend, against Pillow and numpy."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from builder import resources
from tests.e2e.blit_page import JSLIB, text
from tests.e2e.browsing import Chromium, Site, Tab
from tests.e2e.image_reference import Pixels, noise

pytestmark = pytest.mark.browser

# Odd and even sizes: the last two axes are what the webgl backend packs by two.
SIZES = [(1, 1), (5, 3), (4, 6), (33, 2)]
SCALE, MEAN, STD = 1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
LEVELS = {"scale": 1, "mean": [0, 0, 0], "std": [1, 1, 1]}
# One level out of 255 before normalization moves a value by this much. The webgl backend computes in single precision.
LEVEL = SCALE / max(STD)
TOLERANCE = {"webgl": 1e-6, "wasm": 0, "cpu": 0}


@pytest.fixture(scope="module", params=["webgl", "wasm", "cpu"])
def opened(site: Site, browser: Chromium, request: pytest.FixtureRequest) -> Iterator[tuple[str, Tab]]:
    folder = site.folder / "feed"
    folder.mkdir(exist_ok=True)
    wasm = json.loads((resources.runtime() / "runtime.json").read_text("utf-8"))["wasm"]
    shutil.copy(resources.runtime() / wasm["path"], folder)
    esbuild = JSLIB / "node_modules" / ".bin" / "esbuild"
    options = ["--bundle", "--format=iife", "--log-level=error", "--external:fs", "--external:path", "--external:os"]
    options += ["--platform=browser", "--external:worker_threads", "--external:perf_hooks"]
    options += [f"--define:__JOINED__={json.dumps({'wasm': {'file': wasm}})}", f"--outfile={folder / 'page.js'}"]
    subprocess.run([esbuild, JSLIB / "tests" / "feed" / "feed-page.ts", *options], check=True)
    (folder / "index.html").write_text("<!doctype html><title>feed</title><script src=page.js></script>", "utf-8")
    with browser.tab() as tab:
        tab.goto(f"{browser.origin}/feed/")
        tab.evaluate("name => feedPage.open(name)", request.param)
        yield request.param, tab
        assert not tab.errors


def spec(size: tuple[int, int], dtype: str, **change: object) -> dict[str, Any]:
    """What the feed reads of a model; `change` goes over RGB with torchvision's numbers, channels last."""
    numbers = {"scale": SCALE, "mean": list(MEAN), "std": list(STD)}
    kind = {"color": "rgb", "channel_order": "rgb", "layout": "NHWC"}
    preprocess = {"width": size[0], "height": size[1], **kind, **numbers, **change}
    return {"input": {"dtype": dtype}, "preprocess": preprocess}


def made(tab: Tab, of: dict[str, Any], pictures: list[Pixels]) -> list[tuple[str, NDArray[Any]]]:
    """dtype and values, in the tensor's shape, for each picture [h, w, 3]."""
    rgba = [np.dstack([picture, picture[..., :1] ^ 0x55]) for picture in pictures]
    answer = tab.evaluate("given => feedPage.made(...given)", [of, [text(one) for one in rgba]])
    assert answer["left"] == 0
    return [(one["dtype"], np.array(one["values"]).reshape(one["shape"])) for one in answer["made"]]


def two_pictures(size: tuple[int, int]) -> list[Pixels]:
    picture = noise(*size)
    return [picture, 255 - picture]


@pytest.mark.parametrize("size", SIZES)
def test_color_is_ordered_and_normalized(opened: tuple[str, Tab], size: tuple[int, int]) -> None:
    backend, tab = opened
    for order, layout in itertools.product(["rgb", "bgr"], ["NHWC", "NCHW"]):
        found = made(tab, spec(size, "float32", channel_order=order, layout=layout), two_pictures(size))
        for picture, (dtype, values) in zip(two_pictures(size), found, strict=True):
            seen = picture if order == "rgb" else picture[..., ::-1]
            expected = ((seen.astype(np.float64) * SCALE - MEAN) / STD).astype(np.float32)[None]
            expected = expected if layout == "NHWC" else expected.transpose(0, 3, 1, 2)
            assert (dtype, values.shape) == ("float32", expected.shape)
            assert np.abs(values - expected).max() <= TOLERANCE[backend] < LEVEL / 255


@pytest.mark.parametrize("size", SIZES)
def test_gray_is_pillows(opened: tuple[str, Tab], size: tuple[int, int]) -> None:
    backend, tab = opened
    gray = spec(size, "float32", color="gray", scale=1 / 127.5, mean=[1], std=[1])
    for picture, (_, values) in zip(two_pictures(size), made(tab, gray, two_pictures(size)), strict=True):
        levels = np.asarray(Image.fromarray(picture).convert("L")).astype(np.float64)
        expected = (levels / 127.5 - 1).astype(np.float32)[None, :, :, None]
        assert values.shape == expected.shape
        assert np.abs(values - expected).max() <= TOLERANCE[backend]


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
def test_whole_numbers_stay_whole(opened: tuple[str, Tab], layout: str) -> None:
    _, tab = opened
    every_level = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 3, axis=2)
    ((dtype, values),) = made(tab, spec((16, 16), "int32", layout=layout, **LEVELS), [every_level])
    expected = every_level[None] if layout == "NHWC" else every_level[None].transpose(0, 3, 1, 2)
    assert dtype == "int32"
    assert (values == expected).all()
