"""What of the tables is painted anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from phygui import Session
from phygui.gui.docks.cluster_tables import Tables
from phygui.gui.tables.table_look import CellDelegate


def test_a_selection_paints_the_rows_that_it_changes(
    qtbot: Any, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted: set[int] = set()
    paint = CellDelegate.paint

    def noted(self: CellDelegate, painter: Any, option: Any, index: Any) -> None:
        painted.add(index.row())
        paint(self, painter, option, index)

    monkeypatch.setattr(CellDelegate, "paint", noted)
    with Session.open(small, read_only=True) as session:
        tables = Tables(session, lambda work: work())
        dock = tables.docks["clusters"]
        qtbot.addWidget(dock)
        tables.reload()
        dock.resize(500, 600)
        dock.show()
        qtbot.waitExposed(dock)
        ids = tables.clusters.model.cluster_ids
        session.select([ids[0]], [ids[4]])
        tables.select()
        qtbot.waitUntil(lambda: len(painted) == len(ids))
        for best, match, changed in ((1, 4, {0, 1}), (1, 3, {3, 4})):
            qtbot.wait(20)
            painted.clear()
            session.select([ids[best]], [ids[match]])
            tables.select()
            qtbot.waitUntil(lambda rows=changed: rows <= painted)
            qtbot.wait(20)
            # Of clusters that stay selected the cell with the colour, which may be another one.
            assert painted <= changed | {1, 4}
        tables.docks["similarity"].deleteLater()
