"""The dock that compares two clusterings: which cluster went where, and how well they agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from phygui.analysis import Agreement, agreement
from phygui.dataset import ClusteringState
from phygui.dataset.groups import GROUP_NAMES, UNSORTED
from phygui.gui.base.context import WindowContext
from phygui.gui.base.theme import GROUP_MARKS, group_color
from phygui.gui.base.work import Latest
from phygui.gui.docks.confusion_map import ConfusionMap
from phygui.gui.docks.dock import Dock
from phygui.gui.tables.plain_table import Cell, PlainTable

TITLES = (
    "cluster",
    "group",
    "spikes",
    "best",
    "group",
    "Jaccard",
    "recall",
    "precision",
    "went to",
)
TIPS = (
    "cluster of the first clustering",
    "its group",
    "its spikes",
    "the best matching cluster of the second clustering",
    "group of the best match",
    "spikes in both, divided by spikes in either",
    "share of the first one's spikes that the second has",
    "share of the second one's spikes that the first has",
    "all clusters of the second clustering that hold its spikes",
)
N_NAMED = 6
"""Clusters that are named of those that one went to."""


@dataclass(frozen=True)
class _Compared:
    names: tuple[str, str]
    states: tuple[ClusteringState, ClusteringState]
    agreement: Agreement


class ComparisonDock(Dock):
    """Two clusterings of a channel group side by side; computed when asked for."""

    def __init__(self, window: WindowContext) -> None:
        self._window = window
        self._session = window.session
        self._compared: _Compared | None = None
        self._order: list[int] = []
        """Place of the cluster in each row of the table."""
        self._channel_group = self._session.shown.channel_group
        self._asked = ("", "")
        self.first, self.second = QComboBox(), QComboBox()
        self.compare_button = QPushButton("Compare")
        self.swap_button = QPushButton("Swap")
        self.note = QLabel()
        self.note.setObjectName("hint")
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setWordWrap(True)
        self.table = PlainTable(TITLES, TIPS)
        self.map = ConfusionMap()
        super().__init__("comparison", "Compare clusterings", self._lay_out())
        self._work = Latest(window.pool, self, burst_ms=0)
        self._work.done.connect(self._receive)
        self._work.failed.connect(self._fail)
        self.compare_button.clicked.connect(lambda: self.compare())
        self.swap_button.clicked.connect(lambda: self._swap())
        self.first.activated.connect(lambda _: self.compare())
        self.second.activated.connect(lambda _: self.compare())
        self.table.chosen.connect(lambda row: self._choose(self._order[row]))
        self.map.clicked.connect(self._choose)
        self.map.hovered.connect(lambda text: self.title_bar.note.setText(text))
        self._session.clustered.connect(lambda _: self._outdated())
        self._session.switched.connect(self._switched)
        self.visibilityChanged.connect(self._shown)

    def _lay_out(self) -> QWidget:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(4, 2, 4, 2)
        column.setSpacing(3)
        row = QHBoxLayout()
        row.addWidget(self.first)
        row.addWidget(QLabel("against"))
        row.addWidget(self.second)
        for button in (self.compare_button, self.swap_button):
            row.addWidget(button)
        for widget in (self.first, self.second, self.compare_button, self.swap_button):
            widget.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        row.addStretch()
        column.addLayout(row)
        # In a narrow dock it takes more than a line.
        column.addWidget(self.note)
        splitter = QSplitter()
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.table)
        splitter.addWidget(self.map)
        splitter.setStretchFactor(0, 2)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([200, 100])
        column.addWidget(splitter, 1)
        return body

    # -- what is compared ----------------------------------------------------------------------

    @property
    def is_busy(self) -> bool:
        """Whether a comparison is being computed."""
        return self._work.is_busy

    @property
    def agreement(self) -> Agreement | None:
        """What is shown."""
        return None if self._compared is None else self._compared.agreement

    def _shown(self, visible: bool) -> None:
        if visible:
            self._offer(*self._asked)
            if self._compared is None:
                self.compare()

    def _offer(self, first: str, second: str) -> None:
        """Offer the clusterings that there are, two of them chosen as far as they are there."""
        names = self._session.clusterings
        first = first if first in names else self._session.shown.clustering
        # What the sorter made is what one mostly compares with.
        others = sorted((n for n in names if n != first), key=lambda n: not self._is_protected(n))
        second = second if second in names else next(iter(others), first)
        for combo, name in ((self.first, first), (self.second, second)):
            combo.clear()
            combo.addItems(names)
            combo.setCurrentText(name)

    def _is_protected(self, name: str) -> bool:
        session = self._session
        return session.dataset.clusterings.is_protected((session.shown.channel_group, name))

    def _switched(self) -> None:
        """Another channel group has other clusterings; another clustering is all the same."""
        self._offer(*self._asked)
        if self._channel_group != self._session.shown.channel_group:
            self._channel_group = self._session.shown.channel_group
            self._work.cancel()
            self._compared = None
            self.table.set_rows([])
            self.map.set_agreement(None)
            self.note.setText("")
        if self.is_on_screen:
            self.compare()

    def show_comparison(self) -> None:
        """Show the dock with the active clustering against another, as they are now."""
        active = self._session.shown.clustering
        others = [name for name in reversed(self._asked) if name != active]
        self._asked = active, next(iter(others), "")
        self._window.show_dock("comparison")
        self._offer(*self._asked)
        self.compare()

    def _swap(self) -> None:
        first, second = self.first.currentText(), self.second.currentText()
        self.first.setCurrentText(second)
        self.second.setCurrentText(first)
        self.compare()

    def compare(self) -> None:
        """Compare the two that are chosen, as they are now, in a worker."""
        names = (self.first.currentText(), self.second.currentText())
        if not all(names):
            return
        self._asked = names
        jobs = [self._session.workspace.state_job(name) for name in names]
        self.note.setText("comparing ...")

        def work(_: Any) -> _Compared:
            first, second = (job() for job in jobs)
            found = agreement(first.spike_clusters, second.spike_clusters)
            return _Compared(names, (first, second), found)

        self._work.request(work)

    def _outdated(self) -> None:
        if self._compared is not None and self._session.shown.clustering in self._compared.names:
            self.note.setText("edited since: press Compare to update")

    def changeEvent(self, event: QEvent) -> None:
        """Another theme has other colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._compared is not None:
            self._receive(self._compared)

    def _receive(self, compared: _Compared) -> None:
        self._compared = compared
        found = compared.agreement
        names = self._session.shown.group_names
        best = found.best().tolist()
        # What differs most is what one looks for; clusters that are the same follow by their ids.
        self._order = np.argsort(found.jaccard[best], kind="stable").tolist()
        rows = [self._cells(compared, place, best[place], names) for place in self._order]
        first = not self.table.content.rowCount()
        self.table.set_rows(rows)
        if first:
            self.table.fit_columns()
        self.map.set_agreement(found, compared.names, self._order)
        self.note.setText(self._summary(found, best))

    def _fail(self, error: Exception) -> None:
        self.note.setText("not compared")
        self._window.fail(error)

    def _summary(self, found: Agreement, best: list[int]) -> str:
        same = sum(found.jaccard[k] == 1.0 for k in best)
        kept = int(found.counts[best].sum()) / max(found.n_spikes, 1)
        return (
            f"{len(found.ids_a)} clusters against {len(found.ids_b)}: {same} the same, "
            f"{kept:.1%} of the spikes in the best match"
        )

    def _cells(
        self, compared: _Compared, place: int, best: int, names: Mapping[int, str]
    ) -> list[Cell]:
        found = compared.agreement
        a, b = int(found.ids_a[place]), int(found.ids_b[found.columns[best]])
        size = int(found.sizes_a[place])
        groups = [
            names.get(state.cluster_groups.get(c, UNSORTED), GROUP_NAMES[UNSORTED])
            for state, c in zip(compared.states, (a, b), strict=True)
        ]
        shares = (found.jaccard[best], found.recall[best], found.precision[best])
        return [
            Cell(str(a), a, group_color(groups[0])),
            _group_cell(groups[0]),
            Cell(f"{size:,d}", size),
            Cell(str(b), b, group_color(groups[1])),
            _group_cell(groups[1]),
            *(Cell(f"{share:.3f}", float(share)) for share in shares),
            self._went_to(found, place, size),
        ]

    def _went_to(self, found: Agreement, place: int, size: int) -> Cell:
        pairs = found.pairs_of(place)
        ids = found.ids_b[found.columns[pairs]].tolist()
        counts = found.counts[pairs].tolist()
        parts = [f"{c} ({n / size:.1%})" for c, n in zip(ids, counts, strict=True)]
        text = ", ".join(parts[:N_NAMED]) + (", ..." if len(parts) > N_NAMED else "")
        lines = [f"{c}: {n:,d} spikes" for c, n in zip(ids[:20], counts[:20], strict=True)]
        return Cell(text, len(ids), tip="\n".join(lines), left=True)

    # -- going to a cluster --------------------------------------------------------------------

    def _choose(self, place: int) -> None:
        """Select a cluster where it lives: in the first clustering, or else its best partner."""
        compared = self._compared
        if compared is None:
            return
        found = compared.agreement
        self.map.mark(place)
        self.table.mark(self._order.index(place))
        active = self._session.shown.clustering
        if compared.names[0] == active:
            ids = [int(found.ids_a[place])]
        elif compared.names[1] == active:
            pairs = found.pairs_of(place)
            ids = found.ids_b[found.columns[pairs]].tolist()[:N_NAMED]
        else:
            return
        self._window.attempt(lambda: self._session.select(ids))

    def cancel(self) -> None:
        """The window closes."""
        self._work.cancel()


def _group_cell(group: str) -> Cell:
    return Cell(f"{GROUP_MARKS.get(group, '◆')} {group}", group, group_color(group), left=True)
