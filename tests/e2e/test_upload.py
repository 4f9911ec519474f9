"""Pixels into textures of the game's context, in a real Chromium: right side up, and the game's GL state untouched."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.blit_page import BAD_TEXTURE, FAILED, JSLIB, chromium, open_page, text
from tests.e2e.image_reference import Pixels, noise

pytestmark = pytest.mark.browser

SOURCE = "src/image/upload.ts"
GUARDED = re.findall(r'^\s*guard\("(\w+)"', (JSLIB / SOURCE).read_text("utf-8"), re.MULTILINE)
# Odd, so that rows of one channel are no multiple of four bytes.
SIZE = (33, 29)
STORED = [("R8", 1), ("RGBA8", 4), ("SRGB8_ALPHA8", 4)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Page:
    return open_page(browser, tmp_path_factory.mktemp("upload"), page="upload-page")


def picture(channels: int, seed: int) -> Pixels:
    """[h, w, channels], row 0 on top."""
    return np.roll(noise(*SIZE, channels), seed, axis=0)


def uploads(page: Page, storage: str, channels: int, pictures: list[Pixels]) -> list[dict[str, Any]]:
    arguments = [storage, *SIZE, channels, [text(one) for one in pictures]]
    found: list[dict[str, Any]] = page.evaluate("values => uploadPage.uploads(...values)", arguments)
    return found


def content(found: dict[str, Any]) -> Pixels:
    """[h, w, 4], row 0 of the texture first."""
    return np.frombuffer(base64.b64decode(found["content"]), np.uint8).reshape(SIZE[1], SIZE[0], 4)


@pytest.mark.parametrize(("storage", "channels"), STORED)
def test_the_bottom_row_is_the_textures_first_and_state_is_put_back(page: Page, storage: str, channels: int) -> None:
    pictures = [picture(channels, seed) for seed in range(3)]
    found = uploads(page, storage, channels, pictures)
    for one, wanted in zip(found, pictures, strict=True):
        assert (one["code"], one["changed"], one["glError"]) == (0, [], 0)
        np.testing.assert_array_equal(content(one)[..., :channels], wanted[::-1])


def test_what_is_no_such_texture_is_refused_and_changes_nothing(page: Page) -> None:
    found = page.evaluate("uploadPage.refusals()")
    assert {name: one["code"] for name, one in found.items()} == dict.fromkeys(found, BAD_TEXTURE)
    assert set(found) == {"null", "deleted", "cube", "foreign", "small", "mask", "unbound"}
    assert all((one["changed"], one["glError"]) == ([], 0) for one in found.values())


def test_a_lost_context_is_told(page: Page) -> None:
    assert page.evaluate("uploadPage.afterContextLoss()") == FAILED


@pytest.mark.parametrize("left_out", GUARDED)
def test_every_line_of_the_guard_is_needed(browser: Browser, tmp_path: Path, left_out: str) -> None:
    """Without it the texture is wrong, or the game's state is changed."""
    page = open_page(browser, tmp_path, left_out, page="upload-page", guard=SOURCE)
    pictures = [picture(1, seed) for seed in range(2)]
    found = uploads(page, "R8", 1, pictures) + uploads(page, "RGBA8", 4, [picture(4, 0)])
    wanted = [one[::-1] for one in [*pictures, picture(4, 0)]]
    right = [np.array_equal(content(one)[..., : w.shape[2]], w) for one, w in zip(found, wanted, strict=True)]
    assert not all(right) or any(one["changed"] for one in found)
    page.close()


def test_the_guard_has_lines() -> None:
    assert len(GUARDED) >= 8
