"""The spike list: follows the selection, sorts, is read by page, leads to the traces."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QModelIndex, Qt
from qtpy.QtGui import QColor

from phygui.curation.session import Session
from phygui.curation.suggestions.splitting.parts import Parts
from phygui.errors import DatasetError
from phygui.gui.app.app import make_application
from phygui.gui.base.settings import Settings
from phygui.gui.base.work import Pool
from phygui.gui.docks import spike_list
from phygui.gui.docks.spike_list import COLUMNS, NOT_YET, PAGE, SpikeListDock, SpikeModel
from phygui.gui.tables.table_header import MARGIN
from phygui.views.core.base import Cancelled
from phygui.views.data.spike_rows import ordered, rows_of
from tests.gui.curator import click_row

AMPLITUDE, INTERVAL, TIME = map(COLUMNS.index, ("amplitude", "interval", "time"))


def never() -> bool:
    return False


def column_of(model: Any, column: int, n: int | None = None) -> list[str]:
    return [model.index(row, column).data() for row in range(n or model.rowCount())]


def titles_of(model: Any) -> list[str]:
    """What stands above the columns."""
    return [model.headerData(k, Qt.Orientation.Horizontal) for k in range(len(COLUMNS))]


@pytest.mark.slow
def test_it_follows_sorts_and_leads_to_the_traces(demo: Any, open_window: Any) -> None:
    user = open_window(demo)
    sizes = {int(c): len(ids) for c, ids in user.session.spikes_per_cluster.items()}
    first, second, *_ = sorted(sizes, key=lambda c: (-sizes[c], c))
    user.select(first)
    user.press(Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    dock = user.window.docks["spikes"]
    assert dock.is_on_screen
    model, table = dock.model, dock.table
    assert model.rowCount() == sizes[first]
    user.select(first, second)
    assert model.rowCount() == sizes[first] + sizes[second]
    assert dock.title_bar.note.text() == f"{model.rowCount():,} spikes"
    # Where there is room for all titles, none is cut; the columns take the whole width.
    header = table.horizontalHeader()
    assert header.length() == table.viewport().width()
    for column in range(len(COLUMNS)):
        title = model.headerData(column, Qt.Orientation.Horizontal)
        assert header.fontMetrics().horizontalAdvance(title) <= header.sectionSize(column)
    # What is seen has amplitudes; of what is not, none was read.
    user.settle()
    assert NOT_YET not in column_of(model, AMPLITUDE, 3)
    for column in (INTERVAL, AMPLITUDE):
        at = table.horizontalHeader().sectionViewportPosition(column) + 10
        header = table.horizontalHeader().viewport()
        place = table.horizontalHeader().rect().center()
        place.setX(at)
        user.qtbot.mouseClick(
            header, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place
        )
        user.settle()
        table.viewport().grab()
        user.settle()
        texts = [t for t in column_of(model, column, 20) if t[0].isdigit()]
        shown = [float(text) for text in texts]
        assert len(shown) > 2
        assert shown == sorted(shown) or shown == sorted(shown, reverse=True)
    row = 4
    when = float(model.index(row, TIME).data())
    click_row(user, table, row)
    assert abs(user.view("traces").params.time - when) < 1e-3
    user.session.select([])
    user.settle()
    assert model.rowCount() == 0
    assert dock.hint.isVisible()
    # Out of sight it costs nothing.
    dock.close()
    user.select(first)
    assert model.rowCount() == 0


class Shank(SimpleNamespace):
    """What is kept of spikes is kept by the very shank."""


def test_a_cluster_of_a_million_spikes_is_there_at_once_and_read_by_page(qapp: Any) -> None:
    n = 1_000_000
    samples = np.sort(np.random.default_rng(1).integers(0, 10**9, n)).astype(np.uint64)
    shank = Shank(
        spike_samples=samples,
        sample_rate=30_000.0,
        spike_recordings=np.zeros(n, np.int32),
        waveforms=None,
        voltage_unit="µV",
        n_located=0,
    )
    from phygui.curation.statistics.snapshot import Snapshot

    own, clusters = np.arange(n), np.zeros(n, np.int32)
    snapshot = Snapshot(1, shank, (0,), {0: own}, clusters, {})
    rows = rows_of(replace(snapshot), never)
    model, asked = SpikeModel(lambda place, cluster: QColor("red")), []
    model.pages_wanted.connect(lambda: asked.append(list(model.wanted)))
    order = ordered(rows, "interval", True, None)
    model.set_rows(rows, order)
    # As a table asks for the rows that it shows.
    for row in range(600_000, 600_040):
        texts = [model.index(row, column).data() for column in range(len(COLUMNS))]
        assert texts[AMPLITUDE] == NOT_YET
    assert model.rowCount(QModelIndex()) == n
    assert asked == [[600_000 // PAGE]]
    page = asked[0][0]
    model.set_pages({page: np.arange(PAGE, dtype=np.float32)})
    assert column_of(model, AMPLITUDE, 1) == [NOT_YET]
    assert model.index(page * PAGE + 3, AMPLITUDE).data() == "3.0"
    # Who scrolls on and on has only the last pages read.
    for row in range(0, 40 * PAGE, PAGE):
        model.index(row, AMPLITUDE).data()
    assert list(model.wanted)[-1] == 39
    assert len(model.wanted) <= 6


# -- without a window ----------------------------------------------------------------------------


class Reads:
    """Stands in for what reads amplitudes, and takes as long as is wished."""

    def __init__(self) -> None:
        self.goes_on = threading.Event()
        self.goes_on.set()
        self.error: Exception | None = None
        self.n_rows: list[int] = []
        self.n_cancelled = 0

    def __call__(self, rows: Any, at: Any, cancelled: Callable[[], bool]) -> Any:
        self.n_rows.append(len(at))
        assert self.goes_on.wait(20)
        if cancelled():
            self.n_cancelled += 1
            raise Cancelled
        if self.error is not None:
            raise self.error
        return rows.spike_ids[at].astype(np.float32)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    reads = Reads()
    monkeypatch.setattr(spike_list, "amplitudes_at", reads)
    return reads


@pytest.fixture
def dock(session: Session, settings: Settings, reads: Reads, qtbot: Any) -> Iterator[Any]:
    make_application(settings)
    said: list[str] = []
    window: Any = SimpleNamespace(
        session=session, pool=Pool(), theme="dark", fail=lambda error: said.append(str(error))
    )
    dock: Any = SpikeListDock(window)
    qtbot.addWidget(dock)
    dock.said = said
    dock.resize(600, 400)
    dock.show()
    qtbot.waitExposed(dock)
    yield dock
    reads.goes_on.set()
    dock.cancel()
    window.pool.close()


def is_read(dock: Any) -> bool:
    """Whether what is seen stands there with its amplitude, which is the spike's number here."""
    dock.table.viewport().grab()
    rows = range(min(8, dock.model.rowCount()))
    spikes = [f"{float(dock.model.index(row, COLUMNS.index('spike')).data()):.1f}" for row in rows]
    return bool(spikes) and column_of(dock.model, AMPLITUDE, len(spikes)) == spikes


def test_an_order_that_is_asked_for_while_others_are_on_their_way_is_theirs(
    dock: Any, session: Session, qtbot: Any
) -> None:
    first, second = session.cluster_ids[:2].tolist()
    session.select([first])
    qtbot.waitUntil(lambda: dock.model.rows is not None and not dock.is_busy)
    session.select([second])
    dock.table.sortByColumn(INTERVAL, Qt.SortOrder.DescendingOrder)
    qtbot.waitUntil(lambda: not dock.is_busy)
    assert dock.model.rows.cluster_ids == (second,)
    intervals = [float(text) for text in column_of(dock.model, INTERVAL, 10)]
    assert intervals == sorted(intervals, reverse=True)


def test_what_is_painted_while_an_earlier_read_ends_is_read_after_it(
    dock: Any, session: Session, reads: Reads, qtbot: Any
) -> None:
    first, second = session.cluster_ids[:2].tolist()
    reads.goes_on.clear()
    session.select([first])
    qtbot.waitUntil(lambda: len(reads.n_rows) == 1)
    session.select([second])
    qtbot.waitUntil(lambda: dock.model.rows.cluster_ids == (second,))
    assert not is_read(dock)
    reads.goes_on.set()
    qtbot.waitUntil(lambda: not dock.is_busy)
    assert is_read(dock)


def test_amplitudes_that_come_after_another_order_are_not_put_into_it(
    dock: Any, session: Session, reads: Reads, qtbot: Any
) -> None:
    session.select([int(session.cluster_ids[0])])
    qtbot.waitUntil(lambda: is_read(dock))
    reads.goes_on.clear()
    dock.model.sort(TIME, Qt.SortOrder.DescendingOrder)
    # The table is scrolled before the other order is there.
    dock.model._pages.clear()
    assert not is_read(dock)
    rows, order = dock.model.rows, dock.model._order
    qtbot.waitUntil(lambda: dock.model._order is not order)
    assert dock.model.rows is rows
    reads.goes_on.set()
    qtbot.waitUntil(lambda: not dock.is_busy)
    assert is_read(dock)


def test_what_could_not_be_read_is_asked_for_again_when_it_is_painted(
    dock: Any, session: Session, reads: Reads, qtbot: Any
) -> None:
    reads.error = DatasetError("nothing there")
    session.select([int(session.cluster_ids[0])])
    # As often as it is painted.
    qtbot.waitUntil(lambda: bool(dock.said))
    assert set(dock.said) == {"nothing there"}
    reads.error = None
    qtbot.waitUntil(lambda: is_read(dock))


def test_out_of_sight_it_reads_no_more_and_catches_up_when_it_is_seen(
    dock: Any, session: Session, reads: Reads, qtbot: Any
) -> None:
    first, second = session.cluster_ids[:2].tolist()
    session.select([first])
    qtbot.waitUntil(lambda: is_read(dock) and not dock.is_busy)
    n_reads = len(reads.n_rows)
    dock.hide()
    dock.show()
    qtbot.waitUntil(lambda: is_read(dock) and not dock.is_busy)
    assert len(reads.n_rows) == n_reads, "nothing was to be read again"
    reads.goes_on.clear()
    dock.model.sort(AMPLITUDE, Qt.SortOrder.DescendingOrder)
    qtbot.waitUntil(lambda: len(reads.n_rows) == n_reads + 1)
    rows = dock.model.rows
    dock.hide()
    reads.goes_on.set()
    qtbot.waitUntil(lambda: not dock.is_busy)
    assert reads.n_cancelled == 1
    assert dock.model.rows is rows
    assert len(reads.n_rows) == n_reads + 1, "nothing else was read"
    session.select([second])
    assert not dock.is_busy
    dock.show()
    qtbot.waitUntil(lambda: is_read(dock) and not dock.is_busy)
    assert dock.model.rows.cluster_ids == (second,)
    assert dock.model.row_at(0) == len(dock.model.rows) - 1, "sorted as was asked for"


def test_it_follows_parts_that_are_proposed_and_these_that_are_not_any_more(
    dock: Any, session: Session, qtbot: Any
) -> None:
    cluster = int(session.cluster_ids[0])
    spikes = session.spikes_per_cluster[cluster]
    session.select([cluster])
    qtbot.waitUntil(lambda: is_read(dock) and not dock.is_busy)
    session.propose(Parts((cluster,), spikes, np.arange(len(spikes)) % 2))
    qtbot.waitUntil(lambda: is_read(dock) and not dock.is_busy)
    shown = session.snapshot().cluster_ids
    assert len(shown) == 2
    assert dock.model.rows.cluster_ids == shown
    assert set(column_of(dock.model, COLUMNS.index("cluster"))) == set(map(str, shown))
    session.propose(None)
    qtbot.waitUntil(lambda: is_read(dock) and not dock.is_busy)
    assert dock.model.rows.cluster_ids == (cluster,)


def test_in_a_narrow_dock_units_are_left_to_the_tooltips(demo: Any, open_window: Any) -> None:
    user = open_window(demo)
    user.press(Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    dock = user.window.docks["spikes"]
    model, header = dock.model, dock.table.horizontalHeader()
    dock.setFloating(True)
    for width, has_units in ((600, True), (310, False), (600, True)):
        dock.resize(width, 300)
        user.settle()
        titles = titles_of(model)
        assert ("amplitude (µV)" in titles, "time (s)" in titles) == (has_units, has_units)
        assert has_units or titles == list(COLUMNS)
        for column, title in enumerate(titles):
            needed = header.fontMetrics().horizontalAdvance(title) + MARGIN
            assert needed <= header.sectionSize(column)
    tip = model.headerData(AMPLITUDE, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    assert tip == "as in the amplitude view, µV"
