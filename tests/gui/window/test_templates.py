"""The template view in the window: shown from the palette, a click selects."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.gui.curator import from_palette


def test_a_click_on_a_shape_selects_its_cluster(demo: Any, open_window: Any) -> None:
    user = open_window(demo)
    from_palette(user, "show templates")
    view = user.view("templates")
    assert user.window.docks["templates"].is_on_screen
    data = view.data
    assert data.cluster_ids == user.session.selection.clusters
    # Statistics have come in: every cluster that has a shape is there.
    assert set(data.owners.tolist()) <= set(map(int, user.session.cluster_ids))
    heights = np.ptp(data.shapes, axis=1) * (data.colors < 0)
    line = int(np.argmax(heights))
    k = int(np.argmax(np.abs(view._dy[line])))
    at = view.to_pixels(0, view._x[line, k], view._base[line] + view._dy[line, k])
    cluster = int(data.owners[view._line_at(0, *view.to_data(0, *at))])
    user.ctrl_click(view, at)
    user.settle()
    assert cluster in user.session.selection.clusters
    assert view.data.cluster_ids == user.session.selection.clusters
    assert cluster in view.data.owners[view.data.colors >= 0]
