"""A folder tree of datasets, seen as one: which there are, how far each is, and all of them."""

from __future__ import annotations

from phygui.archive.archive import Archive, Session
from phygui.archive.finding import Found, find, holds_datasets
from phygui.archive.overview import Overview, overview

__all__ = ["Archive", "Found", "Overview", "Session", "find", "holds_datasets", "overview"]
