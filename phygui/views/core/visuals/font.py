"""Glyphs rendered once into a texture, at the exact size at which they are shown."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray
from qtpy.QtGui import QFont, QImage, QRawFont

from phygui.views.core.vispy_parts import font_path

FONT_SIZE = 11
"""Height of the em square in logical pixels."""
_ALPHABET = [*map(chr, range(32, 127)), *"−·×Δµσ→…–’"]
"""Rendered at once; others when they are first written."""
_MISSING = "·"
_MOST_TEXTS = 5_000
"""Texts that are kept laid out: names of clusters are asked for at every move of a plot."""


class Font:
    """The one font of all views at one size in physical pixels, for the GUI thread only.

    Attributes
    ----------
    atlas : array of uint8 (height, width)
        Cover of every glyph.
    ascent, descent : int
        Physical pixels above and below the base line.
    """

    def __init__(self, size: int) -> None:
        # Horizontal strokes are sharp, while letters keep their shapes.
        self._face = QRawFont(str(font_path()), size, QFont.HintingPreference.PreferVerticalHinting)
        self.ascent = round(0.76 * size)
        self.descent = round(0.24 * size)
        self.version = 0
        self.atlas = np.zeros((64, 512), np.uint8)
        self._row, self._column, self._row_height = 1, 1, 0
        self._glyphs: dict[str, NDArray[np.int64]] = {}
        self._layouts: dict[str, NDArray[np.int64]] = {}
        self._widths: dict[str, int] = {}
        for char in _ALPHABET:
            self._add(char)

    def _add(self, char: str) -> NDArray[np.int64]:
        if not self._face.supportsCharacter(char) and char != _MISSING:
            self._glyphs[char] = self._glyphs[_MISSING]
            return self._glyphs[char]
        indexes = self._face.glyphIndexesForString(char)
        box = self._face.boundingRect(indexes[0])
        pixels = _cover(
            self._face.alphaMapForGlyph(indexes[0], QRawFont.AntialiasingType.PixelAntialiasing)
        )
        rows, columns = pixels.shape
        if self._column + columns + 1 > self.atlas.shape[1]:
            self._row, self._column, self._row_height = self._row + self._row_height + 1, 1, 0
        while self._row + rows + 1 > self.atlas.shape[0]:
            self.atlas = np.vstack([self.atlas, np.zeros_like(self.atlas)])
        self.atlas[self._row : self._row + rows, self._column : self._column + columns] = pixels
        advance = math.floor(self._face.advancesForGlyphIndexes(indexes)[0].x() + 0.5)
        glyph = np.array(
            [
                *(round(box.x()), round(box.y()), columns, rows),
                *(self._column, self._row, advance),
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
            left and top in the atlas; the pen's advance. All in physical pixels. Not to be written
            to: most texts are the same from one selection to the next.
        """
        known = self._layouts.get(text)
        if known is None:
            if len(self._layouts) >= _MOST_TEXTS:
                self._layouts.clear()
                self._widths.clear()
            known = self._layouts[text] = self._lay_out(text)
        return known

    def _lay_out(self, text: str) -> NDArray[np.int64]:
        glyphs = np.array(
            [self._glyphs.get(c) if c in self._glyphs else self._add(c) for c in text]
        )
        if not len(glyphs):
            return np.empty((0, 7), np.int64)
        glyphs[1:, 0] += np.cumsum(glyphs[:-1, 6])
        return glyphs

    def width(self, text: str) -> int:
        """Width of one line in physical pixels."""
        width = self._widths.get(text)
        if width is None:
            width = self._widths[text] = int(self.layout(text)[:, 6].sum())
        return width


def _cover(image: QImage) -> NDArray[np.uint8]:
    """What a glyph covers of each pixel: (height, width), empty for a space."""
    if image.isNull():
        return np.empty((0, 0), np.uint8)
    image = image.convertToFormat(QImage.Format.Format_Alpha8)
    cover = np.frombuffer(image.constBits().asstring(image.sizeInBytes()), np.uint8)
    return cover.reshape(image.height(), image.bytesPerLine())[:, : image.width()]


@cache
def font_at(pixel_ratio: float) -> Font:
    """The font for screens with this many physical pixels in a logical one."""
    return Font(max(6, round(FONT_SIZE * pixel_ratio)))


def text_width(text: str, pixel_ratio: float = 1.0) -> float:
    """Width of one line in logical pixels."""
    return font_at(pixel_ratio).width(text) / pixel_ratio
