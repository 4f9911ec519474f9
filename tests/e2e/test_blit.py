"""The GL blit in a real Chromium: right pixels, and the game's GL state untouched."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page

from builder.errors import CONTEXT_LOST
from tests.e2e.blit_page import (
    BAD_TEXTURE,
    FAILED,
    GUARDED,
    LINEAR,
    MIRROR,
    TOP_ROW_FIRST,
    Outcome,
    chromium,
    in_memory,
    open_page,
    preprocess,
    text,
)
from tests.e2e.image_reference import FILTERS, FITS, Filter, Fit, Pixels, fitted, noise

pytestmark = pytest.mark.browser

SIZES = [
    ((640, 480), (224, 224)),
    ((333, 251), (64, 64)),
    ((480, 640), (97, 53)),
    ((19, 31), (61, 45)),
    ((1, 1), (5, 3)),
]
ORDERS = [0, TOP_ROW_FIRST, MIRROR, TOP_ROW_FIRST | MIRROR]
COMBINATIONS = [(fit, how) for fit in FITS for how in FILTERS]
Job = dict[str, object]
# Odd, so that rows of the result are no multiple of eight bytes.
ODD = (33, 29)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    video = tmp_path_factory.mktemp("camera") / "quadrants.y4m"
    video.write_bytes(quadrants())
    with chromium(f"--use-file-for-fake-video-capture={video}") as browser:
        yield browser


@pytest.fixture(scope="module")
def page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Page:
    return open_page(browser, tmp_path_factory.mktemp("blit"))


def blits(page: Page, storage: str, memory: NDArray[Any], target: tuple[int, int], jobs: list[Job]) -> Outcome:
    """Blits one texture once per job, while the game's state is hostile."""
    height, width, _ = memory.shape
    arguments = [storage, width, height, text(memory), jobs]
    return Outcome.of(page.evaluate("values => blitPage.blits(...values)", arguments), target)


@cache
def references(source: tuple[int, int], target: tuple[int, int]) -> list[Pixels]:
    return [fitted(noise(*source), target, fit, how) for fit, how in COMBINATIONS]


def assert_untouched(outcome: Outcome) -> None:
    assert outcome.changed == []
    assert outcome.gl_error == 0


@pytest.mark.parametrize("storage", ["RGBA8", "SRGB8_ALPHA8"])
@pytest.mark.parametrize(("source", "target"), SIZES)
def test_pixels_equal_the_reference_to_one_level_and_state_is_put_back(
    page: Page, source: tuple[int, int], target: tuple[int, int], storage: str
) -> None:
    """Every fit and filter, in every order of rows and columns; sRGB storage samples as linear light."""
    linear = LINEAR if storage == "SRGB8_ALPHA8" else 0
    for order in ORDERS:
        jobs: list[Job] = [{"pre": preprocess(target, *how), "flags": order | linear} for how in COMBINATIONS]
        outcome = blits(page, storage, in_memory(noise(*source), order), target, jobs)
        assert outcome.distance(*references(source, target)) <= 1
        assert_untouched(outcome)


def test_linear_light_of_a_float_texture_is_encoded_as_srgb_and_clamped(page: Page) -> None:
    light = np.linspace(-0.25, 1.5, 20 * 20 * 4, dtype=np.float32).reshape(20, 20, 4)
    job: Job = {"pre": preprocess((20, 20), "stretch", "triangle"), "flags": LINEAR | TOP_ROW_FIRST}
    stored = light.astype(np.float16).astype(np.float64)[..., :3].clip(0, 1)
    curve = np.where(stored <= 0.0031308, 12.92 * stored, 1.055 * stored ** (1 / 2.4) - 0.055)
    outcome = blits(page, "RGBA16F", light, (20, 20), [job])
    assert outcome.distance(np.floor(255 * curve + 0.5).astype(np.uint8)) <= 1
    assert_untouched(outcome)


def stored(storage: str, picture: Pixels, order: int) -> NDArray[Any]:
    """The picture [h, w, 3] as a texture's memory; floats are the light that its levels stand for."""
    memory = in_memory(picture, order)
    if storage != "RGBA16F":
        return memory
    encoded = memory.astype(np.float64) / 255
    light = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return light.astype(np.float32)


@pytest.mark.parametrize("frames", [4, pytest.param(60, marks=pytest.mark.slow)])
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("storage", ["RGBA8", "SRGB8_ALPHA8", "RGBA16F"])
def test_every_frame_of_every_variant_is_the_same_and_leaves_nothing(
    page: Page, storage: str, order: int, frames: int
) -> None:
    picture, flags = noise(64, 48), order | (0 if storage == "RGBA8" else LINEAR)
    job: Job = {"pre": preprocess(ODD, "crop", "triangle"), "flags": flags}
    given = [storage, 64, 48, text(stored(storage, picture, order)), job, frames]
    raw = page.evaluate("given => blitPage.frames(...given)", given)
    outcome = Outcome.of(raw, ODD)
    assert outcome.distance(fitted(picture, ODD, "crop", "triangle")) <= 1, "one result, or several that differ"
    assert_untouched(outcome)
    assert len(raw["alive"]) == frames and len(set(raw["alive"])) == 1


@pytest.mark.parametrize("name", GUARDED)
def test_every_line_of_the_guard_is_needed(browser: Browser, tmp_path: Path, name: str) -> None:
    mutant = open_page(browser, tmp_path, without=name)
    outcome, expected = letterboxed(mutant)
    mutant.close()
    assert outcome.distance(expected) > 1 or outcome.changed or outcome.gl_error


def test_the_whole_guard_is_enough(page: Page) -> None:
    outcome, expected = letterboxed(page)
    assert outcome.distance(expected) <= 1
    assert_untouched(outcome)


def letterboxed(page: Page) -> tuple[Outcome, Pixels]:
    """The blit that uses most: two passes, a clear, an odd size."""
    how: tuple[Fit, Filter] = ("letterbox", "triangle")
    job: Job = {"pre": preprocess(ODD, *how), "flags": 0}
    outcome = blits(page, "RGBA8", in_memory(noise(64, 48), 0), ODD, [job])
    return outcome, fitted(noise(64, 48), ODD, *how)


def test_what_is_no_texture_is_refused_without_a_trace(page: Page) -> None:
    pre = preprocess(ODD, "crop", "triangle")
    raw = page.evaluate("pre => blitPage.refusals(pre)", pre)
    assert len(raw) == 10
    for name, outcome in raw.items():
        assert (name, outcome) == (name, {"results": [BAD_TEXTURE], "changed": [], "glError": 0})


def test_a_texture_that_is_deleted_between_two_frames_is_refused(page: Page) -> None:
    pre = preprocess(ODD, "stretch", "bilinear")
    first, second = page.evaluate(
        "([pre, memory]) => blitPage.deletedInBetween(pre, memory)", [pre, text(in_memory(noise(4, 4), 0))]
    )
    assert Outcome.of(first, ODD).distance(fitted(noise(4, 4), ODD, "stretch", "bilinear")) <= 1
    assert second == {"results": [BAD_TEXTURE], "changed": [], "glError": 0}


@pytest.mark.parametrize("how", FILTERS)
def test_objects_stay_flat_and_are_gone_after_dispose(page: Page, how: Filter) -> None:
    pre = preprocess(ODD, "letterbox", how)
    lives = page.evaluate("pre => blitPage.lifetimes(pre, [[40, 30], [9, 50]], 50)", pre)
    before, *during, after = lives["alive"]
    assert len(during) == 100
    assert before < during[0]
    assert set(during) == {during[0]}
    assert after == before
    assert lives["getError"] == 0


def test_a_lost_context_is_told_and_ends_what_is_on_its_way(page: Page) -> None:
    pre = preprocess(ODD, "stretch", "triangle")
    code, ended = page.evaluate("pre => blitPage.afterContextLoss(pre)", pre)
    assert code == FAILED
    assert ended.startswith(CONTEXT_LOST.what)


def test_a_picture_on_its_way_ends_with_its_blitter(page: Page) -> None:
    pre = preprocess(ODD, "stretch", "triangle")
    ended = page.evaluate("pre => blitPage.afterDispose(pre)", pre)
    assert ended == "the picture was on its way when its model was disposed"


def test_a_gpu_that_never_tells_is_waited_for_once_and_then_at_once(page: Page) -> None:
    pre = preprocess(ODD, "stretch", "bilinear")
    memory = text(in_memory(noise(4, 4), 0))
    answer = page.evaluate("given => blitPage.neverSignalled(...given)", [pre, memory])
    outcome, expected = Outcome.of(answer["outcome"], ODD), fitted(noise(4, 4), ODD, "stretch", "bilinear")
    assert outcome.distance(expected, expected) <= 1
    assert_untouched(outcome)
    assert answer["collected"] == [page.evaluate("blitPage.patience"), 0]
    assert answer["givenUp"] == 1


# Y, Cb, Cr in the video's limited range, and the RGB that BT.601 makes of them.
TOP_LEFT, TOP_RIGHT, BOTTOM = (81, 90, 240), (145, 54, 34), (41, 240, 110)
RED, GREEN, BLUE = (254, 0, 0), (0, 255, 1), (0, 0, 255)


def quadrants() -> bytes:
    """A video for the fake webcam, 320x240: red and green above, blue below."""
    planes = []
    for channel, (height, width) in enumerate([(240, 320), (120, 160), (120, 160)]):
        plane = np.full((height, width), BOTTOM[channel], np.uint8)
        plane[: height // 2, : width // 2] = TOP_LEFT[channel]
        plane[: height // 2, width // 2 :] = TOP_RIGHT[channel]
        planes.append(plane.tobytes())
    return b"YUV4MPEG2 W320 H240 F30:1 Ip A1:1 C420jpeg\n" + (b"FRAME\n" + b"".join(planes)) * 2


def test_the_camera_gives_its_frame_with_the_top_row_first(page: Page) -> None:
    assert page.evaluate("() => blitPage.cameraFrame()") is None
    frame = page.wait_for_function("() => blitPage.cameraFrame()", timeout=20_000).json_value()
    page.evaluate("() => blitPage.camera.dispose()")
    pixels = np.frombuffer(base64.b64decode(frame["rgba"]), np.uint8).reshape(frame["height"], frame["width"], 4)
    height, width, _ = pixels.shape
    assert width * 3 == height * 4
    places = {RED: (0.2, 0.2), GREEN: (0.2, 0.8), BLUE: (0.8, 0.5)}
    for colour, (down, across) in places.items():
        found = pixels[int(height * down), int(width * across)]
        assert np.abs(found[:3].astype(int) - colour).max() < 40
        assert found[3] == 255
