"""The cluster tables: what an edit touches, sorting, filtering, columns, and many clusters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QColor, QCursor, QImage
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QStyledItemDelegate

from phygui import Session
from phygui.curation.navigation.columns import Column, columns
from phygui.curation.navigation.wizard import ByQuality
from phygui.curation.statistics.snapshot import ClusterStats
from phygui.gui.base.settings import Settings
from phygui.gui.base.theme import apply_theme, color, group_color
from phygui.gui.docks.cluster_tables import Tables
from phygui.gui.tables import table_model
from phygui.gui.tables.cluster_table import ClusterTable
from phygui.views.core.colors import cluster_color

from .conftest import N_MANY


class Asked:
    """Counts the values that tables ask for, by cluster."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clusters: Counter[int] = Counter()
        values = Column.values

        def counted(column: Column, session: Session, cluster_ids: Sequence[int]) -> list[Any]:
            self.clusters.update(cluster_ids)
            return values(column, session, cluster_ids)

        monkeypatch.setattr(Column, "values", counted)


class Rows:
    """Counts what a model tells of its rows."""

    def __init__(self, model: Any) -> None:
        self.told: Counter[str] = Counter()
        model.rowsInserted.connect(lambda _, a, b: self._count("inserted", a, b))
        model.rowsRemoved.connect(lambda _, a, b: self._count("removed", a, b))
        model.rowsMoved.connect(lambda _, a, b, *__: self._count("moved", a, b))
        model.modelReset.connect(lambda: self._count("reset", 0, 0))
        model.layoutChanged.connect(lambda: self._count("sorted", 0, 0))

    def _count(self, what: str, first: int, last: int) -> None:
        self.told[what] += last - first + 1


def is_right(table: ClusterTable, session: Session, expected: set[int]) -> None:
    """Every row is there once, in the sort order, and says what a new table would say."""
    model = table.model
    assert len(model.cluster_ids) == len(set(model.cluster_ids))
    assert set(model.cluster_ids) == expected
    fresh = table_model.ClusterTableModel(session, model.rows, lambda _: None)
    fresh.columns = list(model.columns)
    fresh.set_clusters(expected)
    assert model.cluster_ids == fresh.cluster_ids
    for row, cluster in enumerate(model.cluster_ids):
        assert model.row_of(cluster) == row
        for place in range(len(model.columns)):
            assert model.index(row, place).data() == fresh.index(row, place).data()
    # Also where there are so few that each is looked for by itself.
    few = model.cluster_ids[:3]
    wanted = [*reversed(few), -1]
    assert model.rows_of(wanted) == list(reversed(range(len(few))))
    wanted = [-1, *reversed(model.cluster_ids)] * (1 + table_model.MANY)
    rows = list(reversed(range(len(model.cluster_ids))))
    assert model.rows_of(wanted) == rows * (1 + table_model.MANY)


def test_an_edit_changes_the_rows_it_names_and_no_others(session: Session, tables: Any) -> None:
    both = tables(session)
    session.first_best()
    rows = Rows(both.clusters.model)
    session.merge(session.cluster_ids[:2].tolist())
    assert rows.told == {"removed": 2, "inserted": 1}
    rows.told.clear()
    session.undo()
    assert rows.told == {"removed": 1, "inserted": 2}
    rows.told.clear()
    session.move([session.selected[0]], "mua")
    assert not rows.told
    both.clusters.rows.sort_by("group", True)
    rows.told.clear()
    session.move([both.clusters.model.cluster_ids[-1]], "good")
    assert rows.told["moved"] == 1
    assert not rows.told["sorted"] + rows.told["reset"]
    living = set(session.cluster_groups)
    is_right(both.clusters, session, living)
    is_right(both.matches, session, living - {session.selection.best[0]})


def test_tables_stay_right_over_random_edits(session: Session, tables: Any) -> None:
    both = tables(session)
    rng = np.random.default_rng(1)
    both.clusters.rows.sort_by("group", True)
    both.clusters.rows.sort_by("n_spikes", False)
    for _ in range(60):
        ids = session.cluster_ids.tolist()
        kind = rng.integers(6)
        if kind == 0 and len(ids) > 3:
            session.merge(rng.choice(ids, 2, replace=False).tolist())
        elif kind == 1:
            spikes = max(session.spikes_per_cluster.values(), key=len)
            session.split(spikes[:: int(rng.integers(2, 5))])
        elif kind == 2 and session.can_undo:
            session.undo()
        elif kind == 3 and session.can_redo:
            session.redo()
        elif kind == 4:
            session.next_best()
        else:
            group = ("good", "mua", "noise", "unsorted")[int(rng.integers(4))]
            cluster = int(rng.choice(ids))
            if session.cluster_groups[cluster] != group:
                session.move([cluster], group)
        if rng.random() < 0.3 and (job := session.statistics.job()):
            session.statistics.add(job(lambda: False))
        living = set(session.cluster_groups)
        is_right(both.clusters, session, living)
        best = session.selection.best
        known = {c for c in living if best and best[0] in session.stats and c in session.stats}
        is_right(both.matches, session, known - set(best[:1]) if best else set())
        model, selected = both.clusters.model, session.selection.best
        rows = both.clusters.view.selectionModel().selectedRows()
        assert {model.cluster_ids[i.row()] for i in rows} == set(selected)


def test_many_clusters_an_edit_asks_for_few_values(
    many: Session, tables: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = tables(many)
    n = both.clusters.model.rowCount()
    assert n == min(N_MANY, len(many.spike_clusters))
    many.select(both.clusters.model.cluster_ids[:1])
    # The walk sorts all clusters at each edit; here it is about the tables.
    many.wizard.lists = ByQuality(lambda: many.spikes_per_cluster, many.knowledge.quality)
    asked, rows = Asked(monkeypatch), Rows(both.clusters.model)
    n_sorted = len(both.clusters.model.rows.order)
    ids = both.clusters.model.cluster_ids
    many.move([ids[5]], "good")
    many.merge([ids[5], ids[6]])
    many.undo()
    # Without the similarity table, which is about another cluster after a merge.
    n_matches = sum(asked.clusters.values()) - n_sorted * n * 3
    assert rows.told == {"removed": 3, "inserted": 3}
    assert n_matches < 0.1 * n
    # Sorting asks once for each value, and scrolling for what comes into sight.
    asked.clusters.clear()
    both.clusters.rows.sort_by("depth", True)
    assert max(asked.clusters.values()) <= n_sorted + 2
    QApplication.processEvents()
    asked.clusters.clear()
    for _ in range(20):
        QTest.keyClick(both.clusters.view, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
        both.clusters.view.verticalScrollBar().setValue(n // 2)
        QApplication.processEvents()
    assert len(asked.clusters) < 200


def test_sorting_goes_by_several_columns_and_numbers(session: Session, tables: Any) -> None:
    table = tables(session).clusters
    header = table.view.horizontalHeader()

    def click(name: str) -> None:
        section = table.column_names.index(name)
        at = header.sectionViewportPosition(section) + header.sectionSize(section) // 2
        QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(at, 5))

    def is_sorted(key: Any) -> bool:
        keys = [key(c) for c in table.model.cluster_ids]
        return keys == sorted(keys)

    sizes = {c: len(s) for c, s in session.spikes_per_cluster.items()}
    session.move(session.cluster_ids[:3].tolist(), "noise")
    click("n_spikes")  # numbers go down first
    assert is_sorted(lambda c: -sizes[c])
    click("n_spikes")
    assert is_sorted(lambda c: sizes[c])
    click("group")  # texts go up first, and the sizes break ties
    groups = session.cluster_groups
    assert is_sorted(lambda c: (groups[c], sizes[c]))
    assert (
        table.model.headerData(table.column_names.index("n_spikes"), Qt.Orientation.Horizontal)
        == "spikes²"
    )
    click("id")
    assert table.model.cluster_ids == sorted(sizes)


def test_values_that_are_not_known_come_last(session: Session, tables: Any) -> None:
    table = tables(session).clusters
    first, second = session.cluster_ids[:2].tolist()
    session.stats[first] = ClusterStats()
    session.stats[second] = ClusterStats(depth=float("nan"))
    for ascending in (True, False):
        table.rows.sort_by("depth", ascending)
        assert set(table.model.cluster_ids[-2:]) == {first, second}
    assert "–" in table.model.index(table.model.row_of(first), 5).data()


def test_a_selected_row_that_moves_stays_in_sight(session: Session, tables: Any) -> None:
    table = tables(session).clusters
    table.window().resize(500, 180)
    table.rows.sort_by("depth", True)
    QApplication.processEvents()
    first, last = table.model.cluster_ids[0], table.model.cluster_ids[-1]
    table.set_selected([first])
    view = table.view

    def is_seen(cluster: int) -> bool:
        at = view.visualRect(table.model.index(table.model.row_of(cluster), 0)).center()
        return bool(view.viewport().rect().contains(at))

    assert is_seen(first)
    assert not is_seen(last)
    session.stats[first] = ClusterStats(depth=1e6)
    table.replace((), (), [first])
    assert table.model.cluster_ids[-1] == first
    assert is_seen(first)
    # Who looks elsewhere goes on doing so.
    view.scrollToTop()
    session.stats[first] = ClusterStats(depth=2e6)
    table.replace((), (), [first])
    assert not is_seen(first)


def test_similar_clusters_that_are_to_come_are_said_and_how_far_that_is(
    small: Path, qapp: Any
) -> None:
    with Session.open(small, read_only=True) as session:
        tables = Tables(session, lambda work: work())
        session.stats_changed.connect(tables.learn)
        tables.reload()
        said = tables.matches.counts
        assert said.text() == "select a cluster to see what is similar to it"
        ids = session.cluster_ids.tolist()
        session.select(ids[:1])
        tables.select()
        assert said.text() == f"statistics 0%: what is similar to {ids[0]} is to come"
        session.learn_stats()
        assert said.text() == f"{len(ids) - 1} clusters"
        # An edit has made new ones.
        for c in ids[-2:]:
            del session.stats[c]
        tables.learn(ids[:1])
        percent = round(100 * (1 - 2 / len(ids)))
        assert said.text().endswith(f" clusters, statistics {percent}%")


@pytest.mark.parametrize("column", ["group", "labels"])
def test_texts_sort_downwards_where_an_edit_is_ahead_of_what_is_shown(
    column: str, small: Path, tables: Any, qtbot: Any
) -> None:
    with Session.open(small) as session:
        both = tables(session)
        model = both.clusters.model
        a, b = session.cluster_ids[:2].tolist()
        session.label([a], "side", "left")
        both.clusters.rows.sort_by(column, False)
        told: list[Callable[[], None]] = []
        session.dispatch = told.append
        # The merged cluster is gone by the time it is shown.
        session.merge([a, b])
        session.undo()
        qtbot.waitUntil(lambda: len(told) == 2)
        for action in told:
            action()
        assert not session.journal.outbox.is_busy
        is_right(both.clusters, session, set(session.cluster_ids.tolist()))
        assert {a, b} <= set(model.cluster_ids)


def test_columns_sort_order_and_filter_are_remembered(
    session: Session, tables: Any, settings: Settings
) -> None:
    before = tables(session)
    header = before.clusters.view.horizontalHeader()
    names = before.clusters.column_names
    header.moveSection(header.visualIndex(names.index("depth")), 1)
    before.clusters.columns.show("snr", True)
    before.clusters.columns.show("channel", False)
    header.dragged.emit()
    header.resizeSection(names.index("depth"), 91)
    before.clusters.rows.set_order([("group", False), ("depth", True)])
    before.clusters.filter.setText("n_spikes > 5")
    before.remember(settings)

    after = tables(session)
    after.restore(Settings(settings.path))
    header = after.clusters.view.horizontalHeader()
    assert header.visualIndex(names.index("depth")) == 1
    assert not header.isSectionHidden(names.index("snr"))
    assert header.isSectionHidden(names.index("channel"))
    assert header.sectionSize(names.index("depth")) == 91
    assert after.clusters.model.rows.order == [("group", False), ("depth", True)]
    assert after.clusters.filter.text() == "n_spikes > 5"
    # What an older or a newer version has written does no harm.
    for state in (
        {"order": ["nothing", "depth", "depth"], "hidden": 5, "widths": [], "sort": [["x", 1], 3]},
        {"order": 7, "sort": "depth", "widths": {"depth": "wide"}, "filter": None},
    ):
        after.clusters.columns.restore(state)
        after.clusters.restore_list(state)
    assert header.count() == len(names)


def test_a_selection_by_the_keyboard_and_copying(session: Session, tables: Any) -> None:
    table = tables(session).clusters
    table.rows.sort_by("id", True)
    ids = table.model.cluster_ids
    session.select([ids[1]])
    table.view.setFocus()
    QTest.keyClick(table.view, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(table.view, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert session.selection.best == tuple(ids[1:4])
    text = table.rows_as_text().splitlines()
    shown = [c.name for c in columns() if not c.hidden]
    assert set(text[0].split("\t")) >= set(shown) - {"labels"}
    assert [line.split("\t")[0] for line in text[1:]] == [str(c) for c in ids[1:4]]
    assert all(len(line.split("\t")) == len(text[0].split("\t")) for line in text)
    # A spreadsheet takes numbers as such, and a label for one cell.
    pasted = pd.read_csv(StringIO(table.rows_as_text()), sep="\t")
    assert pasted["n_spikes"].tolist() == [len(session.spikes_per_cluster[c]) for c in ids[1:4]]
    assert pasted["quality"].dtype == float
    assert table.counts.text() == f"{len(ids)} clusters, 3 selected"
    QTest.keyClick(table.view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert set(session.selection.best) == set(ids)


def test_selected_clusters_have_their_colour_in_both_tables(session: Session, tables: Any) -> None:
    both = tables(session)
    ids = session.cluster_ids.tolist()
    session.select(ids[:1], ids[1:2])

    def color(table: ClusterTable, cluster: int) -> Any:
        brush = table.model.index(table.model.row_of(cluster), 0).data(
            Qt.ItemDataRole.BackgroundRole
        )
        return None if brush is None else brush.color().name()

    assert color(both.clusters, ids[0]) != color(both.clusters, ids[1])
    assert color(both.clusters, ids[1]) == color(both.matches, ids[1])
    assert color(both.clusters, ids[2]) is None
    marks = set()
    column = both.clusters.column_names.index("group")
    for cluster, group in zip(ids, ("good", "mua", "noise"), strict=False):
        session.move([cluster], group)
        model = both.clusters.model
        marks.add(model.index(model.row_of(cluster), column).data()[0])
    assert len(marks) == 3


@pytest.mark.parametrize("size", [9.0, 14.0])
def test_cells_look_as_qt_would_draw_them(
    session: Session, tables: Any, size: float, qtbot: Any
) -> None:
    ids = session.cluster_ids.tolist()
    session.label(ids[:3], "note", "a\nb")
    session.label(ids[3:6], "where", "far away from everything else " * 3)
    session.move(ids[:4], "good")
    table: ClusterTable = tables(session).clusters
    view, delegate = table.view, table.view.itemDelegate()
    font = view.font()
    font.setPointSizeF(size)
    view.setFont(font)
    table.resize(700, 500)
    table.show()

    def drawn() -> QImage:
        image = QImage(view.viewport().size(), QImage.Format.Format_RGB32)
        view.viewport().render(image)
        return image

    for theme in ("dark", "light", "dark"):
        apply_theme(QApplication.instance(), theme)
        view.setItemDelegate(QStyledItemDelegate(view))
        theirs = drawn()
        view.setItemDelegate(delegate)
        assert drawn() == theirs
    # Where a row is selected, the colours of its group and of its cluster are seen as well.
    session.select(ids[1:2])
    index = table.model.index(table.model.row_of(ids[1]), 0)
    cell = view.visualRect(index)
    image = drawn()
    assert image.pixelColor(cell.topLeft() + QPoint(1, 1)) == QColor(*cluster_color(0, "dark"))
    group = view.visualRect(index.siblingAtColumn(table.column_names.index("group")))
    pixels = {
        image.pixelColor(x, y).name()
        for x in range(group.left(), group.right())
        for y in range(group.top(), group.bottom())
    }
    assert {color("highlight").name(), group_color("good").name()} <= pixels


def test_the_selected_row_stays_in_sight_where_the_table_gets_less_room(onlooker: Any) -> None:
    user, table = onlooker, onlooker.window.cluster_table
    last = table.model.cluster_ids[-1]
    user.click_cluster(last)

    def is_seen() -> bool:
        row = table.view.visualRect(table.model.index(table.model.row_of(last), 0))
        return table.view.viewport().rect().contains(row)

    assert is_seen()
    assert table.view.verticalScrollBar().value() > 0
    dock = user.window.docks["clusters"]
    QCursor.setPos(dock.mapToGlobal(dock.rect().center()))
    user.press(Qt.Key.Key_Z)
    assert table.view.verticalScrollBar().maximum() == 0
    user.press(Qt.Key.Key_Z)
    assert is_seen()
