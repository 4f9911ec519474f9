"""The player's glyphs: Pillow's own font, rendered into one atlas of coverage."""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

SIZES = (26, 16)  # FONT_LARGE, FONT_SMALL
ATLAS_WIDTH = 512
_ASCII = frozenset(map(chr, range(32, 127)))


@dataclass(frozen=True)
class Glyph:
    """One character: its coverage, where it lies from the pen (left, top), and how far the pen moves."""

    code: int
    font: int
    coverage: Image.Image
    left: int
    top: int
    advance: int


def _shown(character: str) -> str:
    """Pillow's font has ASCII alone: an accented letter is shown without its accent, all else as a question mark."""
    return unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode() or "?"


def _glyph(font: ImageFont.FreeTypeFont, index: int, character: str) -> Glyph:
    text = _shown(character)
    left, top, right, bottom = (round(edge) for edge in font.getbbox(text))
    image = Image.new("L", (max(right - left, 1), max(bottom - top, 1)))
    ImageDraw.Draw(image).text((-left, -top), text, fill=255, font=font)
    return Glyph(ord(character), index, image, left, top, round(font.getlength(text)))


def _glyphs(text: str) -> Iterable[Glyph]:
    for index, size in enumerate(SIZES):
        font = ImageFont.load_default(size)
        assert isinstance(font, ImageFont.FreeTypeFont), "Pillow was built without FreeType"
        for character in sorted(_ASCII | set(text)):
            yield _glyph(font, index, character)


def _places(glyphs: list[Glyph]) -> tuple[list[tuple[int, int]], int]:
    """Where each glyph goes, row by row with a pixel between, and the height; (0, 0) stays free for a square."""
    places, x, y, row = [], 4, 0, 0
    for glyph in glyphs:
        if x + glyph.coverage.width > ATLAS_WIDTH:
            x, y, row = 0, y + row + 1, 0
        places.append((x, y))
        x += glyph.coverage.width + 1
        row = max(row, glyph.coverage.height)
    return places, y + row


def font_file(text: str) -> bytes:
    """`font.bin` with ASCII and every character of `text`; its layout is that of `load_atlas` in draw.c."""
    glyphs = list(_glyphs("".join(c for c in text if c.isprintable())))
    places, height = _places(glyphs)
    atlas: NDArray[np.uint8] = np.zeros((height, ATLAS_WIDTH), np.uint8)
    atlas[:2, :2] = 255
    records = []
    for glyph, (x, y) in zip(glyphs, places, strict=True):
        width, rows = glyph.coverage.size
        atlas[y : y + rows, x : x + width] = np.asarray(glyph.coverage)
        records.append(
            struct.pack("<9i", glyph.code, glyph.font, x, y, width, rows, glyph.left, glyph.top, glyph.advance)
        )
    return struct.pack("<3i", ATLAS_WIDTH, height, len(glyphs)) + b"".join(records) + atlas.tobytes()
