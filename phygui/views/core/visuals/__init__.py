"""Batched GPU visuals that the views share: one draw call each."""

from __future__ import annotations

from phygui.views.core.visuals.batch import VERTEX, Batch, bands, boxes, strips, vertices
from phygui.views.core.visuals.font import text_width
from phygui.views.core.visuals.image import MAPPED, Images
from phygui.views.core.visuals.shared import CANVAS, Shared, is_software
from phygui.views.core.visuals.text import Label, Text, apart, legend, paragraph, with_room

__all__ = [
    "CANVAS",
    "MAPPED",
    "VERTEX",
    "Batch",
    "Images",
    "Label",
    "Shared",
    "Text",
    "apart",
    "bands",
    "boxes",
    "is_software",
    "legend",
    "paragraph",
    "strips",
    "text_width",
    "vertices",
    "with_room",
]
