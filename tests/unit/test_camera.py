"""The film for the fake webcam, decoded here by the inverse of BT.709."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from builder.harness.camera import MAX_SIDE, camera_size, film, ycbcr


def decode(data: bytes) -> NDArray[np.float64]:
    """RGB of a one-frame 4:2:0 film, by the formulas of BT.709 solved for R, G, B; chroma doubled."""
    header, _, rest = data.partition(b"\nFRAME\n")
    width, height = (int(part[1:]) for part in header.split()[1:3])
    values = np.frombuffer(rest, np.uint8).astype(float)
    luma = (values[: width * height].reshape(height, width) - 16) / 219
    quarter = width * height // 4
    blue, red = ((v.reshape(height // 2, width // 2) - 128) / 224 for v in values[width * height :].reshape(2, quarter))
    r = luma + 1.5748 * np.kron(red, np.ones((2, 2)))
    b = luma + 1.8556 * np.kron(blue, np.ones((2, 2)))
    g = (luma - 0.2126 * r - 0.0722 * b) / 0.7152
    return np.stack([r, g, b], axis=-1) * 255


def test_colours_survive_to_within_the_rounding_of_8_bits() -> None:
    small = np.random.default_rng(3).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    rgb = np.kron(small, np.ones((2, 2, 1), np.uint8))  # one chroma sample for each colour
    assert np.abs(decode(film(rgb)) - rgb).max() < 2.0


@pytest.mark.parametrize(
    ("rgb", "expected"),
    [
        ((0, 0, 0), (16, 128, 128)),
        ((255, 255, 255), (235, 128, 128)),
        ((255, 0, 0), (63, 102, 240)),
        ((0, 255, 0), (173, 42, 26)),
        ((0, 0, 255), (32, 240, 118)),
    ],
)
def test_primaries_have_the_codes_of_the_standard(rgb: tuple[int, ...], expected: tuple[int, ...]) -> None:
    """The 8-bit codes of the 100 % colour bars of BT.709."""
    assert tuple(np.rint(ycbcr(np.array(rgb, np.uint8))).astype(int)) == expected


def test_odd_sides_become_even_and_huge_pictures_shrink() -> None:
    rgb = np.arange(5 * 3 * 3, dtype=np.uint8).reshape(5, 3, 3)
    even = camera_size(rgb)
    assert even.shape == (6, 4, 3) and (even[:5, :3] == rgb).all() and (even[5, :3] == rgb[4]).all()
    assert film(rgb).startswith(b"YUV4MPEG2 W4 H6 F30:1 ")
    assert camera_size(np.zeros((1000, 4000, 3), np.uint8)).shape == (MAX_SIDE // 4, MAX_SIDE, 3)
