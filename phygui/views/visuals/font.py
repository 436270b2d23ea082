"""Glyphs rendered once into a texture, at the exact size at which they are shown."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import freetype  # type: ignore[import-untyped]
import numpy as np
import vispy.util.fonts
from numpy.typing import NDArray

FONT_SIZE = 11
"""Height of the em square in logical pixels."""
_ALPHABET = [*map(chr, range(32, 127)), *"−·×Δμσ→…–’"]
"""Rendered at once; others when they are first written."""
_MISSING = "·"


class Font:
    """The one font of all views at one size in physical pixels.

    Attributes
    ----------
    atlas : array of uint8 (height, width)
        Cover of every glyph.
    ascent, descent : int
        Physical pixels above and below the base line.
    """

    def __init__(self, size: int) -> None:
        folder = Path(vispy.util.fonts.__file__).parent / "data"
        self._face = freetype.Face(str(folder / "OpenSans-Regular.ttf"))
        self._face.set_pixel_sizes(0, size)
        self.ascent = round(0.76 * size)
        self.descent = round(0.24 * size)
        self.version = 0
        self.atlas = np.zeros((64, 512), np.uint8)
        self._row, self._column, self._row_height = 1, 1, 0
        self._glyphs: dict[str, NDArray[np.int64]] = {}
        for char in _ALPHABET:
            self._add(char)

    def _add(self, char: str) -> NDArray[np.int64]:
        if not self._face.get_char_index(char) and char != _MISSING:
            self._glyphs[char] = self._glyphs[_MISSING]
            return self._glyphs[char]
        self._face.load_char(char, freetype.FT_LOAD_RENDER | freetype.FT_LOAD_TARGET_LIGHT)
        slot = self._face.glyph
        bitmap = slot.bitmap
        rows, columns = bitmap.rows, bitmap.width
        if self._column + columns + 1 > self.atlas.shape[1]:
            self._row, self._column, self._row_height = self._row + self._row_height + 1, 1, 0
        while self._row + rows + 1 > self.atlas.shape[0]:
            self.atlas = np.vstack([self.atlas, np.zeros_like(self.atlas)])
        if rows and columns:
            pixels = np.array(bitmap.buffer, np.uint8).reshape(rows, bitmap.pitch)[:, :columns]
            self.atlas[self._row : self._row + rows, self._column : self._column + columns] = pixels
        glyph = np.array(
            [
                *(slot.bitmap_left, -slot.bitmap_top, columns, rows),
                *(self._column, self._row, round(slot.advance.x / 64)),
            ]
        )
        self._column += columns + 1
        self._row_height = max(self._row_height, rows)
        self._glyphs[char] = glyph
        self.version += 1
        return glyph

    def layout(self, text: str) -> NDArray[np.int64]:
        """Place the glyphs of one line.

        Returns
        -------
        array of int64 (n_chars, 7)
            Left, top (from the base line, downwards), width and height of the glyph's box; its
            left and top in the atlas; the pen's advance. All in physical pixels.
        """
        glyphs = np.array(
            [self._glyphs.get(c) if c in self._glyphs else self._add(c) for c in text]
        )
        if not len(glyphs):
            return np.empty((0, 7), np.int64)
        glyphs[1:, 0] += np.cumsum(glyphs[:-1, 6])
        return glyphs

    def width(self, text: str) -> int:
        """Width of one line in physical pixels."""
        return int(self.layout(text)[:, 6].sum())


@cache
def font_at(pixel_ratio: float) -> Font:
    """The font for screens with this many physical pixels in a logical one."""
    return Font(max(6, round(FONT_SIZE * pixel_ratio)))


def text_width(text: str, pixel_ratio: float = 1.0) -> float:
    """Width of one line in logical pixels."""
    return font_at(pixel_ratio).width(text) / pixel_ratio
