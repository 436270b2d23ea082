"""Views: one file or folder each, the data it needs from a session and how that is drawn."""

from phygui.views.registry import SPECS, VIEWS

__all__ = ["SPECS", "VIEWS"]
