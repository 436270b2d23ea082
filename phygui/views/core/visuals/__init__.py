"""Batched GPU visuals that the views share: one draw call each."""

from __future__ import annotations

from phygui.views.core.visuals.batch import VERTEX, Batch, bands, boxes, strips, vertices
from phygui.views.core.visuals.beside import beside_points
from phygui.views.core.visuals.font import text_width
from phygui.views.core.visuals.image import MAPPED, OF_EACH, Images
from phygui.views.core.visuals.kept import Kept
from phygui.views.core.visuals.shared import CANVAS, Shared, is_software
from phygui.views.core.visuals.text import Label, Text, apart, fitting, legend, paragraph

__all__ = [
    "CANVAS",
    "MAPPED",
    "OF_EACH",
    "VERTEX",
    "Batch",
    "Images",
    "Kept",
    "Label",
    "Shared",
    "Text",
    "apart",
    "bands",
    "beside_points",
    "boxes",
    "fitting",
    "is_software",
    "legend",
    "paragraph",
    "strips",
    "text_width",
    "vertices",
]
