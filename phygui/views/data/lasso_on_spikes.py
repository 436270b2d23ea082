"""The lasso of a view whose points are spikes, and whose axes are attributes of spikes."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from phygui.curation.statistics.snapshot import Snapshot
from phygui.views.core.lasso import Lasso
from phygui.views.core.loading import Cancel
from phygui.views.data.attributes import spikes_inside


class LassoOnSpikes:
    """The part of a view that says which spikes a lasso holds.

    The keys of its axes are those of :mod:`phygui.curation.statistics.spike_attributes`, so that
    what lies inside does not depend on what is drawn.
    """

    has_lasso: ClassVar[bool] = True

    @staticmethod
    def spikes_in_lasso(
        snapshot: Snapshot, params: Any, lasso: Lasso, cancelled: Cancel
    ) -> NDArray[np.int64]:
        """Spikes of the selected clusters inside a lasso: all, also those not drawn; sorted."""
        return spikes_inside(snapshot, lasso.x, lasso.y, lasso.points, cancelled)
