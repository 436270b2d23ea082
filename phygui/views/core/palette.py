"""The colours that a canvas draws with: those of the theme, and those that clusters have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from phygui.views.core.colors import GOOD, MUA, NOISE, UNSORTED, Theme, rgba
from phygui.views.core.visuals.shared import N_COLORS, N_THEME_COLORS, Shared

_GROUPS = GOOD, MUA, NOISE, UNSORTED


def colored_clusters(data: object) -> Sequence[int]:
    """The clusters whose places are colours: the selected ones, also where all clusters are shown.

    Parameters
    ----------
    data : object
        What a view shows, with ``selected`` or, of the selection only, ``cluster_ids``.
    """
    found: Sequence[int] = getattr(data, "selected", getattr(data, "cluster_ids", ()))
    return found


class Palette:
    """The 256 colours that the visuals of one canvas look up, sent when they change.

    Attributes
    ----------
    own : mapping of int to str
        Colours of clusters that have one of their own, as ``#rrggbb``.
    is_focused : bool
        Whether all clusters but the first one are dim.
    """

    def __init__(self) -> None:
        self.own: Mapping[int, str] = {}
        self.is_focused = False
        self._sent: tuple[str, bool, object] = "", False, None

    def table(self, theme: Theme, cluster_ids: Sequence[int]) -> NDArray[np.uint8]:
        """The colours, (256, 4) uint8.

        Parameters
        ----------
        theme : Theme
        cluster_ids : sequence of int
            The clusters that are shown: the position is the colour.
        """
        table = theme.palette()
        for place, cluster_id in enumerate(cluster_ids[:N_COLORS] if self.own else ()):
            if cluster_id in self.own:
                table[N_THEME_COLORS + place] = rgba(self.own[cluster_id])
        if self.is_focused:
            # Between the grey of texts and the ground, whichever of them is the darker one.
            grey, ground = (theme.roles[name].astype(int) for name in ("dim", "background"))
            table[N_THEME_COLORS + 1 :] = (grey + ground) // 2
            # Clusters that are not selected have the colours of their groups.
            table[[N_THEME_COLORS + group for group in _GROUPS]] = (grey + ground) // 2
        return table

    @property
    def of_theme(self) -> tuple[str, bool]:
        """What the theme's colours on the canvas go by."""
        return self._sent[:2]

    def send(self, shared: Shared, theme: Theme, cluster_ids: Sequence[int]) -> None:
        """Upload the colours, if they are others than those there; the canvas is current."""
        own = [(p, self.own[c]) for p, c in enumerate(cluster_ids) if c in self.own]
        wanted = theme.name, self.is_focused, own
        if wanted != self._sent:
            shared.set_palette(self.table(theme, cluster_ids))
            self._sent = wanted
