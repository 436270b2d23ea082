"""Tables of what was computed once."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pandas as pd
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from phygui.gui.tables.plain_table import Cell, PlainTable


def test_a_copy_pastes_into_a_spreadsheet_with_its_headings(qtbot: Any) -> None:
    table = PlainTable(("pair", "chance"))
    qtbot.addWidget(table)
    table.set_rows([(Cell("3\t4"), Cell("51%", 0.5123)), (Cell("7, 9"), Cell("98%", 0.98))])
    table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    QTest.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    pasted = pd.read_csv(StringIO(QApplication.clipboard().text()), sep="\t")
    assert pasted.to_dict("list") == {"pair": ["7, 9", "3 4"], "chance": [0.98, 0.5123]}
