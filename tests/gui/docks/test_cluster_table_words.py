"""What tables say: filters, labels as columns, tips, and words that others wrote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import QPoint, QRect, Qt
from qtpy.QtGui import QPainter, QPixmap
from qtpy.QtWidgets import QApplication

from phygui import Session
from phygui.analysis import MANY_VIOLATIONS, Metric
from phygui.curation.statistics.snapshot import ClusterStats
from phygui.gui.base.settings import Settings
from phygui.gui.base.theme import color
from tests.gui.curator import type_line


def test_a_selection_hidden_by_the_filter_comes_back(session: Session, tables: Any) -> None:
    table = tables(session).clusters
    ids = session.cluster_ids.tolist()
    session.select(ids[:2])
    table.filter.setText(f"id != {ids[0]}")
    assert session.selection.best == tuple(ids[:2])
    table.filter.setText("")
    rows = table.view.selectionModel().selectedRows()
    assert {table.model.cluster_ids[i.row()] for i in rows} == set(ids[:2])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('group == "MUA"', "there is no group MUA, only noise, mua, good, unsorted"),
        ('group in ["Good", "mua", "x"]', "there is no group Good or x, only "),
        ('group != "mua" and "goo" not in group', ""),
    ],
)
def test_a_filter_for_a_group_that_there_is_not_says_so(
    session: Session, tables: Any, text: str, told: str
) -> None:
    table = tables(session).clusters
    table.filter.setText(text)
    assert table.problem.isVisible() == bool(told)
    assert table.problem.text().startswith(told)
    table.filter.setText("")
    assert not table.problem.isVisible()


def test_a_filter_for_what_no_cluster_has_says_why_nothing_is_left(
    session: Session, tables: Any
) -> None:
    table = tables(session).clusters
    ids = session.cluster_ids.tolist()
    session.knowledge.stats.clear()
    table.filter.setText("depth > 20")
    assert table.model.rowCount() == 0
    assert table.problem.isVisible()
    assert table.problem.text() == "depth is not known for any cluster: not computed yet"
    session.stats[ids[0]] = ClusterStats(depth=40.0)
    session.stats_changed.emit((ids[0],))
    assert table.model.cluster_ids == [ids[0]]
    assert not table.problem.isVisible()
    # What all lack is not worth a word where it hides nothing.
    table.filter.setText("amplitude == None")
    assert table.model.rowCount() == len(ids)
    assert not table.problem.text()
    # A label may go while it is in the filter.
    session.label([ids[1]], "region", "CA1")
    table.filter.setText('region == "CA1"')
    assert table.model.cluster_ids == [ids[1]]
    session.undo()
    assert "no column region" in table.problem.text()


def test_a_filter_that_later_makes_no_sense_for_a_cluster_hides_it(
    session: Session, tables: Any
) -> None:
    table = tables(session).clusters
    first, second = session.cluster_ids[:2].tolist()
    session.stats[first] = session.stats[second] = ClusterStats(depth=40.0)
    table.filter.setText("80 / depth == 2")
    assert table.model.row_of(first) is not None
    # What is learnt later must reach the tables whatever the filter says of it.
    session.stats[first] = ClusterStats(depth=0.0)
    session.stats_changed.emit((first, second))
    assert table.model.row_of(first) is None
    assert table.model.row_of(second) is not None
    table.set_clusters(session.spikes_per_cluster)
    assert table.model.row_of(first) is None


def test_a_filter_nested_too_deeply_is_refused_in_words(session: Session, tables: Any) -> None:
    table = tables(session).clusters
    for text in ("-" * 490 + "1", "(" + "-" * 490 + "1).x"):
        table.filter.setText(text)
        assert "too deeply" in table.problem.text()
        assert table.model.rowCount() == len(session.cluster_ids)


def test_a_filter_that_compares_what_cannot_be_compared_is_refused_in_words(
    session: Session, tables: Any
) -> None:
    table = tables(session).clusters
    for text in ('n_spikes > "a"', 'n_spikes > 100 & group == "good"', '"%999999999d" % id'):
        table.filter.setText(text)
        assert table.problem.isVisible()
        assert table.problem.text()
        assert table.model.rowCount() == len(session.cluster_ids)


def test_what_a_kept_file_says_is_not_taken_as_markup(session: Session, tables: Any) -> None:
    table = tables(session).clusters
    cluster = int(session.cluster_ids[0])
    session.knowledge.metrics[cluster]["snr"] = Metric(float("nan"), "<img src='/etc/hostname'>")
    column = table.column_names.index("snr")
    tip = table.model.index(table.model.row_of(cluster), column).data(Qt.ItemDataRole.ToolTipRole)
    assert "&lt;img" in tip
    assert "<img" not in tip


def test_the_tip_of_a_quality_says_what_it_is_made_of(session: Session, tables: Any) -> None:
    session.suggest_all()
    table = tables(session).clusters
    cluster = session.cluster_ids[0].item()
    column = table.column_names.index("quality")
    index = table.model.index(table.model.row_of(cluster), column)
    found = session.quality(cluster)
    assert found is not None
    assert index.data() == f"{found.value:.2f}"
    tip = str(index.data(Qt.ItemDataRole.ToolTipRole))
    for part in found.parts:
        assert part.in_words() in tip
    assert len(found.parts) == 5
    heading = table.model.headerData(column, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    assert "agreement" in heading


def test_a_dash_says_why_there_is_no_value(session: Session, tables: Any) -> None:
    table = tables(session).clusters
    known, unknown = session.cluster_ids[:2].tolist()
    session.stats[known] = ClusterStats()
    del session.stats[unknown]

    def tip(cluster: int, name: str) -> str:
        index = table.model.index(table.model.row_of(cluster), table.column_names.index(name))
        return str(index.data(Qt.ItemDataRole.ToolTipRole))

    assert "there is no raw data" in tip(known, "amplitude")
    assert "there are neither features nor raw data" in tip(known, "depth")
    for name in ("amplitude", "depth", "channel", "quality"):
        assert "not computed yet" in tip(unknown, name)


def test_the_column_chooser_says_what_each_column_is(session: Session, tables: Any) -> None:
    table = tables(session).clusters
    header = table.view.horizontalHeader()
    header.customContextMenuRequested.emit(QPoint(5, 5))
    menu = QApplication.activePopupWidget()
    assert menu.toolTipsVisible()
    (item,) = (a for a in menu.actions() if a.text().endswith("(snr)"))
    assert "mean waveform over the noise" in item.toolTip()
    menu.close()


def test_sorting_keeps_the_selected_row_in_sight(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    table = user.window.cluster_table
    user.window.resize(1000, 500)
    user.settle()
    for ascending in (True, False):
        table.rows.sort_by("id", ascending)
        user.select(table.model.cluster_ids[0])
        table.rows.sort_by("id", not ascending)
        row = table.view.visualRect(table.model.index(len(table.model.cluster_ids) - 1, 0))
        assert table.view.viewport().rect().intersects(row)


def test_labels_are_columns_as_long_as_any_cluster_has_them(
    session: Session, tables: Any, settings: Settings
) -> None:
    both = tables(session)
    table, names = both.clusters, both.clusters.column_names
    ids = session.cluster_ids.tolist()
    table.filter.setText('region == "CA1"')
    assert "no column region" in table.problem.text()
    session.label([ids[0], ids[2]], "region", "CA1")
    assert table.column_names == [*names, "region"]
    assert set(table.model.cluster_ids) == {ids[0], ids[2]}
    assert not table.problem.text()
    table.filter.setText("")
    session.label([ids[1]], "region", "CA3")
    session.label([ids[1]], "n_spikes", "few")
    session.label([ids[1]], "two words", "yes")
    assert table.column_names == [*names, "region", "label_n_spikes", "label_two_words"]
    assert both.matches.column_names[-3:] == table.column_names[-3:]
    table.rows.sort_by("region", True)
    assert set(table.model.cluster_ids[:2]) == {ids[0], ids[2]}
    assert table.model.cluster_ids[2] == ids[1]
    # Moved and hidden as any other column, and remembered so.
    header = table.view.horizontalHeader()
    table.columns.show("region", False)
    header.moveSection(header.visualIndex(table.column_names.index("label_two_words")), 1)
    both.remember(settings)
    after = tables(session)
    after.restore(Settings(settings.path))
    other = after.clusters
    header = other.view.horizontalHeader()
    assert header.isSectionHidden(other.column_names.index("region"))
    assert header.visualIndex(other.column_names.index("label_two_words")) == 1
    assert other.model.rows.order[0] == ("region", True)
    # With the last label of a key its column goes, and what was sorted by it.
    session.label([ids[0], ids[1], ids[2]], "region", None)
    assert "region" not in table.column_names
    assert [name for name, _ in table.model.rows.order] == ["quality", "id"]
    session.undo()
    assert "region" in table.column_names


def test_labels_whose_keys_look_alike_have_columns_of_their_own(
    session: Session, tables: Any
) -> None:
    table, ids = tables(session).clusters, session.cluster_ids.tolist()
    n = len(table.column_names)
    keys = ("a b", "a-b", "label_a_b", "\ufb01")
    for k, key in enumerate(keys):
        session.label([ids[k]], key, f"{k}")
    assert {c.title for c in table.model.columns[n:]} == set(keys)
    assert len(set(table.column_names)) == n + len(keys)

    def shown_by(key: str, value: str) -> list[int]:
        (column,) = (c for c in table.model.columns[n:] if c.title == key)
        table.filter.setText(f'{column.name} == "{value}"')
        assert not table.problem.text()
        return table.model.cluster_ids

    assert [shown_by(key, f"{k}") for k, key in enumerate(keys)] == [[c] for c in ids[:4]]
    # Without the first of them, the others show what they are of.
    session.label([ids[0]], "a b", None)
    assert shown_by("a-b", "1") == [ids[1]]


def test_a_match_loses_its_colour_in_both_tables(session: Session, tables: Any) -> None:
    both, ids = tables(session), session.cluster_ids.tolist()
    session.select(ids[:1], ids[1:2])
    told: list[int] = []
    model = both.clusters.model
    model.dataChanged.connect(lambda first, last, _: told.append(first.row()))
    assert (
        model.data(model.index(model.row_of(ids[1]), 0), Qt.ItemDataRole.BackgroundRole) is not None
    )
    session.select(ids[2:3])
    assert {model.row_of(c) for c in ids[:3]} <= set(told)
    assert model.data(model.index(model.row_of(ids[1]), 0), Qt.ItemDataRole.BackgroundRole) is None


def test_an_id_in_the_filter_line_goes_to_the_cluster(
    session: Session, tables: Any, qtbot: Any
) -> None:
    table = tables(session).clusters
    ids = session.cluster_ids.tolist()
    table.filter.setText(f"id != {ids[3]}")
    line = table.filter
    line.begin()
    qtbot.keyClicks(line, f"{ids[5]}")
    # As it is typed, the row comes into sight, and the filter is what it was.
    assert table.problem.text() == f"Enter selects {ids[5]}"
    assert session.navigation.clusters.filter == f"id != {ids[3]}"
    qtbot.keyClicks(line, f" {ids[3]}")
    assert table.problem.text().endswith(f"the filter hides {ids[3]}")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert session.selected == [ids[5], ids[3]]
    assert (line.text(), table.problem.text()) == (f"id != {ids[3]}", "")
    line.begin()
    qtbot.keyClicks(line, "9999")
    assert table.problem.text() == "there is no cluster 9999"
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert session.selected == [ids[5], ids[3]]
    assert line.text() == f"id != {ids[3]}"


def test_many_violations_are_red_in_the_table_as_in_the_plots(
    session: Session, tables: Any
) -> None:
    model = tables(session).clusters.model
    column = next(c for c in model.columns if c.name == "violation_rate")
    place = model.columns.index(column)
    values = {c: model.value(c, column) for c in model.cluster_ids}
    assert min(values.values()) < MANY_VIOLATIONS <= max(values.values())
    for row, cluster_id in enumerate(model.cluster_ids):
        is_red = model.cell(model.index(row, place)).color == color("alert")
        assert is_red == (values[cluster_id] >= MANY_VIOLATIONS)
        assert model.cell(model.index(row, 0)).color != color("alert")


def test_a_label_of_several_lines_is_read_in_its_tooltip(session: Session, tables: Any) -> None:
    table, cluster_id = tables(session).clusters, session.cluster_ids[0].item()
    session.label([cluster_id], "note", "one <b>\ntwo")
    model = table.model
    index = model.index(model.row_of(cluster_id), table.column_names.index("note"))
    assert "one &lt;b&gt;<br>two" in model.data(index, Qt.ItemDataRole.ToolTipRole)
    session.label([cluster_id], "note", "short")
    assert model.data(index, Qt.ItemDataRole.ToolTipRole) is None


def test_a_title_is_cut_only_where_there_is_no_room_for_it(session: Session, tables: Any) -> None:
    view = tables(session).clusters.view
    header = view.horizontalHeader()
    section = header.sortIndicatorSection()
    title = str(view.model().headerData(section, Qt.Orientation.Horizontal))
    width = header.fontMetrics().horizontalAdvance(title)
    for room, cut in (
        (width, Qt.TextElideMode.ElideNone),
        (width // 2, Qt.TextElideMode.ElideRight),
    ):
        picture = QPixmap(200, 40)
        painter = QPainter(picture)
        header.paintSection(painter, QRect(0, 0, room, 20), section)
        painter.end()
        assert header.textElideMode() == cut


def test_clusters_that_lack_a_label_have_an_empty_one_in_filters(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    ids = user.session.cluster_ids.tolist()
    user.select(ids[0])
    user.press(Qt.Key.Key_L)
    type_line(user, "region=CA1")
    table = user.window.cluster_table
    for text, expected in (
        ('region == ""', ids[1:]),
        ('region != "CA1"', ids[1:]),
        ('region == "CA1"', ids[:1]),
    ):
        user.press(Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
        table.filter.selectAll()
        type_line(user, text)
        assert sorted(table.model.cluster_ids) == expected
        assert not table.problem.text()
