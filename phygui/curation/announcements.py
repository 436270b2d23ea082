"""What a session tells its listeners."""

from __future__ import annotations

from phygui.curation.durability.writer import Saved
from phygui.curation.edits.update import Update
from phygui.curation.signals import Signal


class Announcements:
    """The signals of a session; its parts share them, and :class:`Session` names them."""

    clustered = Signal(Update)
    selection_changed = Signal(tuple)
    proposed = Signal()
    time_range_changed = Signal()
    switched = Signal()
    located = Signal()
    saved = Signal(Saved)
    failed = Signal(str)
    warned = Signal(str)
    stats_changed = Signal(tuple)
    suggestions_changed = Signal()
