"""The columns of the tables: how wide they are, which give way, and the mark of the sort order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, QRect, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from phygui import KwikModel, Session
from phygui.curation.navigation.columns import DASH, NOT_YET
from phygui.gui.app.app import make_application
from phygui.gui.base.settings import Settings
from phygui.gui.docks.cluster_tables import Tables
from phygui.gui.tables import column_widths
from phygui.gui.tables.cluster_table import ClusterTable
from phygui.gui.tables.plain_table import Cell, PlainTable
from tests.gui.curator import find_column

NARROW = 380
"""Width of the tables in a window that is 1366 pixels wide."""


@pytest.mark.parametrize(("gain", "unit"), [(0.5, "µV"), (0, "units")])
def test_the_tooltip_of_amplitudes_says_their_unit(
    qtbot: Any, small: Path, gain: float, unit: str
) -> None:
    with h5py.File(small, "r+") as file:
        file["application_data/spikedetekt"].attrs["voltage_gain"] = gain
    with Session.open(small, read_only=True) as session:
        tables = Tables(session, lambda work: work())
        model = tables.clusters.model
        at = [column.name for column in model.columns].index("amplitude")
        assert model.headerData(
            at, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole
        ).endswith(f", {unit}")
        assert model.tip(model.columns[at]).endswith(f", {unit}")
        for dock in tables.docks.values():
            dock.deleteLater()


@pytest.fixture
def session(small: Path) -> Iterator[Session]:
    with KwikModel(small) as model:
        model.add_cluster_group(4, "Interneurons")
    with Session.open(small, journal=False) as session:
        session.learn_all()
        yield session


def test_the_amplitude_of_fewer_than_ten_spikes_is_a_dash(session: Session) -> None:
    spikes = session.spikes_per_cluster[int(session.cluster_ids[0])]
    session.split(spikes[:9])
    session.learn_all()
    column = find_column("amplitude")
    sizes = {int(c): len(session.spikes_per_cluster[int(c)]) for c in session.cluster_ids}
    assert 9 in sizes.values()
    for cluster, n_spikes in sizes.items():
        value = column.value(session, cluster)
        assert value == (session.stats[cluster].amplitude if n_spikes >= 10 else None)
        assert ("fewer than 10 spikes" in column.reason(session, cluster)) or n_spikes >= 10


@pytest.fixture
def table(qtbot: Any, settings: Settings, session: Session) -> Iterator[ClusterTable]:
    make_application(settings)
    tables = Tables(session, lambda work: work())
    session.clustered.connect(tables.update)
    tables.reload()
    for dock in tables.docks.values():
        dock.resize(700, 400)
        dock.show()
    QApplication.processEvents()
    yield tables.clusters
    for dock in tables.docks.values():
        dock.deleteLater()
    QApplication.processEvents()


def make_wide(table: ClusterTable, width: int) -> None:
    table.window().resize(width, 400)
    QApplication.processEvents()


def seen(table: ClusterTable) -> list[str]:
    """Columns that are wholly in sight."""
    header, room = table.view.horizontalHeader(), table.view.viewport().width()
    names = []
    for i, name in enumerate(table.column_names):
        right = header.sectionViewportPosition(i) + header.sectionSize(i)
        if not header.isSectionHidden(i) and right <= room:
            names.append(name)
    return names


def widths(table: ClusterTable) -> dict[str, int]:
    header = table.view.horizontalHeader()
    return {name: header.sectionSize(i) for i, name in enumerate(table.column_names)}


def drag_border(table: ClusterTable, name: str, by: int) -> None:
    """Drag the right border of a column."""
    header = table.view.horizontalHeader()
    i = table.column_names.index(name)
    right = header.sectionViewportPosition(i) + header.sectionSize(i)
    start, end = QPoint(right - 2, 8), QPoint(right - 2 + by, 8)
    QTest.mouseMove(header.viewport(), start)
    QTest.mousePress(header.viewport(), Qt.MouseButton.LeftButton, pos=start)
    move = QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(end),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(header.viewport(), move)
    QTest.mouseRelease(header.viewport(), Qt.MouseButton.LeftButton, pos=end)


def test_columns_share_the_width_and_the_least_of_them_give_way(table: ClusterTable) -> None:
    shown = [c.name for c in table.model.columns if not c.hidden]
    header, viewport = table.view.horizontalHeader(), table.view.viewport()
    assert seen(table) == shown
    assert header.length() == viewport.width()
    make_wide(table, NARROW)
    assert table.columns.given_way
    assert {"id", "group", "n_spikes", "violation_rate", "quality"} <= set(seen(table))
    assert header.length() == viewport.width()
    lacking = len(table.columns.given_way)
    assert table.given_way.text().startswith(f"{lacking} column")
    assert "depth" in table.given_way.toolTip()
    # What the table is sorted by stays.
    table.rows.sort_by("depth", True)
    assert "depth" in seen(table)
    make_wide(table, 700)
    assert seen(table) == shown
    assert not table.given_way.text()


def test_labels_never_push_out_what_a_cluster_is_judged_by(
    table: ClusterTable, session: Session
) -> None:
    first = session.cluster_ids.tolist()[0]
    make_wide(table, 480)
    before = set(seen(table))
    assert {"firing_rate", "channel", "depth", "amplitude"} <= before, seen(table)
    session.label([first], "note", "drifts away in the second half, and comes back at the end")
    assert table.columns.is_automatic
    assert before <= set(seen(table))
    for key in ("region", "looks", "by"):
        session.label([first], key, "a word or two")
    assert before <= set(seen(table))
    assert "hidden" in table.given_way.text()
    make_wide(table, 1100)
    assert {"note", "region", "looks", "by"} <= set(seen(table))


def test_what_is_to_come_differs_from_what_there_will_never_be(small: Path) -> None:
    with Session.open(small, read_only=True) as session:
        amplitude = find_column("amplitude")
        source, ids = session.shown, session.cluster_ids.tolist()
        few = next(c for c in ids if len(session.spikes_per_cluster[c]) < 10)
        known = {c: amplitude.text_of(source, c, amplitude.value(source, c)) for c in ids}
        assert known.pop(few) == DASH
        assert set(known.values()) == {NOT_YET}
        session.learn_stats()
        source = session.shown
        assert amplitude.text_of(source, few, amplitude.value(source, few)) == DASH
        known = {c: amplitude.text_of(source, c, amplitude.value(source, c)) for c in ids}
        assert NOT_YET not in known.values()


def test_the_counts_are_read_where_there_is_little_room(table: ClusterTable) -> None:
    make_wide(table, 200)
    assert table.given_way.text()
    counts = table.counts
    assert counts.width() >= counts.fontMetrics().horizontalAdvance(counts.text())
    assert counts.geometry().right() <= table.width()


def test_a_long_name_of_a_group_is_readable(table: ClusterTable, session: Session) -> None:
    make_wide(table, NARROW)
    cluster = session.cluster_ids.tolist()[0]
    session.move([cluster], "Interneurons")
    index = table.model.index(table.model.row_of(cluster), table.column_names.index("group"))
    needed = table.view.fontMetrics().horizontalAdvance(index.data())
    assert table.view.visualRect(index).width() >= needed + 4
    assert {"violation_rate", "quality"} <= set(seen(table))


def test_a_column_grows_however_many_rows_have_changed(
    table: ClusterTable, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_wide(table, NARROW)
    monkeypatch.setattr(column_widths, "N_MEASURED", 2)
    ids = session.cluster_ids.tolist()
    before = widths(table)["group"]
    session.move(ids, "Interneurons")
    assert widths(table)["group"] > before


def test_what_the_user_has_set_stays(
    table: ClusterTable, session: Session, settings: Settings
) -> None:
    make_wide(table, NARROW)
    # A column that was asked for does not give way; others go in its place.
    table.columns.show("depth", True)
    assert "depth" in seen(table)
    make_wide(table, NARROW - 40)
    assert "depth" in seen(table)
    table.columns.show("channel", False)
    make_wide(table, 700)
    assert "channel" not in seen(table)
    # A column that is dragged keeps its width, and the others theirs.
    before = widths(table)
    drag_border(table, "n_spikes", 31)
    after = widths(table)
    assert after == {**before, "n_spikes": before["n_spikes"] + 31}
    make_wide(table, NARROW)
    assert widths(table) == after

    state = json.loads(json.dumps(table.columns.state()))
    other = Tables(session, lambda work: work()).clusters
    other.columns.restore(state)
    assert widths(other) == after
    table.columns.fit()
    assert {"depth", "quality"} <= set(seen(table))
    assert "channel" not in seen(table)


def picture(header: Any, section: int) -> Any:
    """A title as it is painted, without the edge above it."""
    left = header.sectionViewportPosition(section)
    below = QRect(left, 6, header.sectionSize(section), header.height() - 6)
    return header.grab(below).toImage()


def test_the_mark_of_the_sort_order_leaves_the_title_readable(table: ClusterTable) -> None:
    header = table.view.horizontalHeader()
    section = table.column_names.index("id")
    plain = picture(header, section)
    marked = []
    for ascending in (True, False):
        table.rows.set_order([("id", ascending)])
        assert picture(header, section) == plain
        left = header.sectionViewportPosition(section)
        edge = QRect(left, 0, header.sectionSize(section), 6)
        marked.append(header.grab(edge).toImage())
    # It is seen which way it goes.
    assert marked[0] != marked[1]


def test_lists_mark_their_order_in_the_same_way(qtbot: Any, settings: Settings) -> None:
    make_application(settings)
    table = PlainTable(("one", "two"))
    qtbot.addWidget(table)
    table.set_rows([[Cell("1"), Cell("2")], [Cell("3"), Cell("0")]])
    table.fit_columns()
    table.show()
    header = table.horizontalHeader()
    plain = picture(header, 0)
    table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    assert picture(header, 0) == plain


def test_one_column_may_take_all_that_is_left(qtbot: Any) -> None:
    table = PlainTable(("cluster", "spikes", "reasons"), n_kept=2)
    qtbot.addWidget(table)
    table.set_rows([[Cell("1"), Cell("2"), Cell("a reason")]])
    table.resize(800, 200)
    table.show()

    def widths() -> list[int]:
        table.fit_columns()
        return [table.columnWidth(column) for column in range(3)]

    shared, room = widths(), table.viewport().width()
    assert sum(shared) == room
    table.wide = 2
    alone, (least, needed) = widths(), table.needs
    assert sum(alone) == room
    assert sum(alone[:2]) == least
    assert alone[2] == room - least > shared[2]
    # Where there is no room for it, it goes.
    table.resize(needed - 4, 200)
    assert table.isColumnHidden(2)
