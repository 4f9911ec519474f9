"""Bytes that the webgl backend works out of a network's numbers, against numpy."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.e2e.blit_page import JSLIB, text
from tests.e2e.browsing import Chromium, Site, Tab

pytestmark = pytest.mark.browser

# Odd and even sizes: the last two axes are what the webgl backend packs by two.
SIZES = [(1, 1), (5, 3), (4, 6), (33, 2)]
TASK = {"channel": 0, "threshold": 0, "width": 0, "height": 0}
Array = NDArray[np.float32]


@pytest.fixture(scope="module")
def tab(site: Site, browser: Chromium) -> Iterator[Tab]:
    folder = site.folder / "levels"
    folder.mkdir(exist_ok=True)
    esbuild = JSLIB / "node_modules" / ".bin" / "esbuild"
    options = ["--bundle", "--format=iife", "--log-level=error", f"--outfile={folder / 'page.js'}"]
    subprocess.run([esbuild, JSLIB / "tests" / "pixels" / "levels-page.ts", *options], check=True)
    (folder / "index.html").write_text("<!doctype html><title>levels</title><script src=page.js></script>", "utf-8")
    with browser.tab() as tab:
        tab.goto(f"{browser.origin}/levels/")
        tab.evaluate("() => levelsPage.open()")
        yield tab
        assert not tab.errors


def read(tab: Tab, rule: dict[str, Any], values: Array, *, planes: bool, packed: bool) -> NDArray[np.uint8]:
    """`values` [h, w, channels] → the bytes [h, w, 4]; read twice, which must give the same."""
    stored = np.ascontiguousarray((values.transpose(2, 0, 1) if planes else values)[None], "<f4")
    arguments = [rule, planes, list(stored.shape), [text(np.zeros_like(stored)), text(stored), text(stored)], packed]
    found = tab.evaluate("values => levelsPage.read(...values)", arguments)
    assert found["left"] == 0
    assert found["packed"] == [packed] * 3
    assert found["bytes"][1] == found["bytes"][2]
    return np.frombuffer(base64.b64decode(found["bytes"][1]), np.uint8).reshape(*values.shape[:2], 4)


def numbers(size: tuple[int, int], channels: int, low: float, high: float) -> Array:
    """[h, w, channels], some of it beyond the range."""
    random = np.random.default_rng(size[0] * 100 + channels)
    room = high - low
    return random.uniform(low - room / 4, high + room / 4, (size[1], size[0], channels)).astype(np.float32)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("planes", [False, True])
@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 255), (-1, 1)])
def test_images_are_scaled_clamped_and_rounded(tab: Tab, low: int, high: int, planes: bool, packed: bool) -> None:
    for size in SIZES:
        values = numbers(size, 3, low, high)
        for bgr in (False, True):
            found = read(tab, {"image": {"low": low, "high": high, "bgr": bgr}}, values, planes=planes, packed=packed)
            exact = (values.astype(np.float64) - low) * 255 / (high - low)
            wanted = exact.clip(0, 255)[..., ::-1] if bgr else exact.clip(0, 255)
            assert np.abs(found[..., :3] - wanted).max() < 0.5001
            assert (found[..., 3] == 255).all()


def test_one_channel_is_gray(tab: Tab) -> None:
    values = numbers((5, 3), 1, 0, 1)
    found = read(tab, {"image": {"low": 0, "high": 1, "bgr": False}}, values, planes=False, packed=False)
    assert np.abs(found[..., :3] - 255 * values.clip(0, 1)).max() < 0.5001


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("planes", [False, True])
@pytest.mark.parametrize("activation", ["none", "sigmoid", "softmax"])
def test_scores_have_sixteen_bits(tab: Tab, activation: str, planes: bool, packed: bool) -> None:
    for size in SIZES:
        values = numbers(size, 4, 0, 1) if activation == "none" else numbers(size, 4, -4, 4)
        task = {**TASK, "result": "alpha", "activation": activation, "channel": 2}
        found = read(tab, {"segmentation": task}, values, planes=planes, packed=packed)
        made = (found[..., 0] * 256.0 + found[..., 1]) / 65535
        assert np.abs(made - scores(values, activation)[..., 2].clip(0, 1)).max() < 2e-5


def scores(values: Array, activation: str) -> NDArray[np.float64]:
    wide = values.astype(np.float64)
    if activation == "sigmoid":
        return np.asarray(1 / (1 + np.exp(-wide)))
    if activation == "softmax":
        return np.asarray(np.exp(wide) / np.exp(wide).sum(-1, keepdims=True))
    return wide


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("planes", [False, True])
def test_labels_are_the_best_class_or_none(tab: Tab, planes: bool, packed: bool) -> None:
    for size in SIZES:
        values = numbers(size, 21, -2, 2)
        for threshold in (0, 0.3):
            task = {**TASK, "result": "labels", "activation": "softmax", "threshold": threshold}
            found = read(tab, {"segmentation": task}, values, planes=planes, packed=packed)
            best = scores(values, "softmax").max(-1)
            wanted = np.where(best < threshold, 255, values.argmax(-1))
            np.testing.assert_array_equal(found[..., 0], wanted)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("rule", ["image", "labels", "alpha"])
def test_what_is_no_number_leaves_a_hole(tab: Tab, rule: str, bad: float) -> None:
    values = numbers((4, 6), 3, 0, 1)
    values[1, 2, 0] = bad
    task = {**TASK, "result": rule, "activation": "none"}
    given: dict[str, Any] = (
        {"segmentation": task} if rule != "image" else {"image": {"low": 0, "high": 1, "bgr": False}}
    )
    found = read(tab, given, values, planes=False, packed=False)
    assert np.argwhere(found[..., 3] != 255).tolist() == [[1, 2]]
