"""The table of clusters: filter line, rows, counts; its selection and the session's are one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from qtpy.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    QRect,
    Qt,
    Signal,
)
from qtpy.QtGui import QColor, QKeyEvent, QKeySequence, QResizeEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from phygui.curation.edits.update import in_words
from phygui.curation.navigation.cluster_list import ClusterList
from phygui.curation.navigation.columns import Column, label_columns
from phygui.curation.navigation.row_filter import FilterError
from phygui.curation.session import Session
from phygui.gui.base.theme import plain_tip
from phygui.gui.tables.column_widths import ColumnWidths
from phygui.gui.tables.filter_line import FilterLine, ids_in
from phygui.gui.tables.table_header import Header
from phygui.gui.tables.table_look import CellDelegate, dress
from phygui.gui.tables.table_model import ClusterTableModel


class _View(QTableView):
    """A table that leaves the keys of the curator to the window."""

    resized = Signal()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the current row in sight where there is less room than before, and tell."""
        current = self.currentIndex()
        before = QRect(QPoint(0, 0), event.oldSize())
        was_seen = before.contains(self.visualRect(current).center())
        super().resizeEvent(event)
        if was_seen and current.isValid():
            self.scrollTo(current)
        self.resized.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        extends = event.modifiers() & Qt.KeyboardModifier.ShiftModifier and event.key() in (
            Qt.Key.Key_Up,
            Qt.Key.Key_Down,
        )
        if extends or event.matches(QKeySequence.StandardKey.SelectAll):
            super().keyPressEvent(event)
        else:
            event.ignore()


class ClusterTable(QWidget):
    """A filter line above a table of clusters.

    Signals
    -------
    chosen : list of int
        The user has selected these clusters, in the order in which they were selected.
    """

    chosen = Signal(list)
    menu_wanted = Signal(QPoint)

    def __init__(
        self,
        session: Session,
        rows: ClusterList,
        colors: Callable[[int], QColor | None],
        *,
        hint: str,
        with_filter: bool = True,
    ) -> None:
        super().__init__()
        self.rows = rows
        self.model = ClusterTableModel(session, rows, colors)
        self.view = _View()
        self._order: list[int] = []
        self._quiet = False
        self._unknown: list[Column] = []
        """Columns in the filter of which nothing is known."""
        self._set_up_view()

        self.filter = FilterLine()
        self.filter.setPlaceholderText('filter:  group != "noise" and n_spikes > 100,  or an id')
        # Qt looks through the themes of the desktop for the button's icon: not before it is needed.
        self.filter.textChanged.connect(lambda: self.filter.setClearButtonEnabled(True))
        self.filter.textChanged.connect(self._apply_filter)
        self.filter.accepted.connect(self._go_to_sought)
        self.filter.left.connect(self._leave_filter)
        self.filter.setVisible(with_filter)
        self.problem = QLabel()
        self.problem.setObjectName("hint")
        self.problem.setWordWrap(True)
        self.problem.setTextFormat(Qt.TextFormat.PlainText)
        self.problem.hide()
        self.counts = QLabel()
        self.counts.setObjectName("hint")
        self.given_way = QLabel()
        self.given_way.setObjectName("hint")
        # Where there is no room for both, the counts are what is read.
        self.given_way.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.given_way.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._hint, self._also = hint, ""

        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 2, 4, 2)
        layout.setSpacing(3)
        layout.addWidget(self.filter)
        layout.addWidget(self.problem)
        layout.addWidget(self.view, 1)
        foot = QHBoxLayout()
        foot.addWidget(self.counts)
        foot.addWidget(self.given_way, 1)
        layout.addLayout(foot)
        self.model.counted.connect(lambda *_: self._show_counts())
        rows.filtered.connect(self._follow_filter)
        rows.ordered.connect(self._follow_order)
        self._show_sort()

    def _set_up_view(self) -> None:
        view = self.view
        view.setModel(self.model)
        view.setItemDelegate(CellDelegate(view, self.model))
        view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.setHorizontalHeader(Header(view))
        dress(view)
        header = view.horizontalHeader()
        # Nothing is selected in it: else Qt asks of each title whether all rows below it are.
        header.setSelectionModel(QItemSelectionModel(self.model, header))
        header.setSectionsMovable(True)
        header.setSortIndicatorShown(True)
        header.sectionClicked.connect(self._sort_clicked)
        self.columns = ColumnWidths(view, self.model)
        self.columns.changed.connect(self._show_given_way)
        view.resized.connect(self.columns.arrange)
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.customContextMenuRequested.connect(
            lambda at: self.menu_wanted.emit(view.viewport().mapToGlobal(at))
        )
        view.selectionModel().selectionChanged.connect(self._selection_changed)
        # A click on what is selected already means it alone, without what the other table adds.
        view.clicked.connect(lambda _: self.chosen.emit(self.selected))

    # -- content ---------------------------------------------------------------------------

    def set_clusters(self, cluster_ids: Iterable[int]) -> None:
        """Show other clusters; the selection is kept as far as they are still shown."""
        self.model.set_clusters(cluster_ids)
        if not self.columns.is_measured and self.model.rowCount():
            self.columns.measure()
        if self.filter.property("wrong") != "true":
            self._show_unknown()
        self._restore()

    def replace(self, deleted: Iterable[int], added: Sequence[int], changed: Sequence[int]) -> None:
        """Remove, insert and rewrite the rows of some clusters."""
        new = (*added, *changed)
        was_seen = self._sees_selected()
        self._quiet = True
        self.model.replace(deleted, added, changed)
        self._quiet = False
        if was_seen and not self._sees_selected():
            # What has become known of it has moved it: the eye goes with it.
            self._scroll_to_selected()
        self.columns.grow([c for c in new if self.model.row_of(c) is not None])
        if any(self.model.value(c, column) is not None for column in self._unknown for c in new):
            self._show_unknown()

    def _first_selected(self) -> QModelIndex:
        row = self.model.row_of(self._order[0]) if self._order else None
        return QModelIndex() if row is None else self.model.index(row, 0)

    def _sees_selected(self) -> bool:
        """Whether the first selected cluster is in sight."""
        at = self.view.visualRect(self._first_selected()).center()
        return self._first_selected().isValid() and self.view.viewport().rect().contains(at)

    def _scroll_to_selected(self) -> None:
        if (first := self._first_selected()).isValid():
            self.view.scrollTo(first)

    def _restore(self) -> None:
        self.set_selected(self._order)

    def set_labels(self, keys: Iterable[str], *, shown: bool) -> None:
        """Have a column for each of these keys of labels; new ones are shown, or can be."""
        before = self.column_names
        # Rows count as selected when all their columns are, so that other columns deselect them.
        self._quiet = True
        new = self.model.set_label_columns(label_columns(keys))
        self._quiet = False
        for name in new:
            self.columns.add(name, shown=shown)
        if new:
            # It may be sorted by one of them.
            self._show_sort()
        if before != self.column_names and self.filter.text():
            # It may have been waiting for them, or name one that is gone.
            self._apply_filter(self.filter.text())
        self._restore()

    # -- selection -------------------------------------------------------------------------

    @property
    def selected(self) -> list[int]:
        """Selected clusters, in the order in which they were selected."""
        return list(self._order)

    def set_selected(self, cluster_ids: Iterable[int]) -> None:
        """Select clusters without telling anyone; the first one is scrolled to."""
        old = self._order
        self._order = list(cluster_ids)
        shown = self.model.rows_of(self._order)
        # What the user has just selected is left as it is: the keyboard goes on from there.
        if set(shown) != set(self._selected_rows()):
            self._select_rows(shown)
        self.model.refresh_color({*old, *self._order})
        self._show_counts()

    def _select_rows(self, rows: Sequence[int]) -> None:
        chosen, last = QItemSelection(), len(self.model.columns) - 1
        for first_row, end in _runs(rows):
            chosen.select(self.model.index(first_row, 0), self.model.index(end, last))
        self._quiet = True
        selection = self.view.selectionModel()
        selection.select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        if rows:
            first = self.model.index(rows[0], 0)
            selection.setCurrentIndex(first, QItemSelectionModel.SelectionFlag.NoUpdate)
            self.view.scrollTo(first)
        self._quiet = False

    def _selection_changed(self) -> None:
        if self._quiet:
            return
        rows = self.model.cluster_ids
        now = dict.fromkeys(rows[i] for i in self._selected_rows())
        self._order = list(dict.fromkeys([*(c for c in self._order if c in now), *now]))
        self._show_counts()
        self.chosen.emit(self.selected)

    def _selected_rows(self) -> list[int]:
        # Qt's own list asks for every cell of every part.
        parts, last = self.view.selectionModel().selection(), len(self.model.columns) - 1
        whole = [p for i in range(len(parts)) if (p := parts[i]).left() == 0 and p.right() == last]
        # Where columns were moved, parts may overlap.
        return sorted({row for part in whole for row in range(part.top(), part.bottom() + 1)})

    def _follow_order(self) -> None:
        """The list is in another order."""
        self.model.follow_order()
        self._show_sort()
        rows = self._selected_rows()
        if rows:
            self.view.scrollTo(self.model.index(min(rows), 0))

    def _show_sort(self) -> None:
        name, ascending = self.rows.order[0]
        if name not in self.column_names:
            # The column of a label comes with :meth:`set_labels`.
            return
        self.view.horizontalHeader().setSortIndicator(
            self.column_names.index(name),
            Qt.SortOrder.AscendingOrder if ascending else Qt.SortOrder.DescendingOrder,
        )
        # The column that it is sorted by stays in sight.
        self.columns.arrange()

    def _sort_clicked(self, section: int) -> None:
        """A first click sorts in the direction that is natural for the column, a second turns."""
        column = self.model.columns[section]
        name, ascending = self.rows.order[0]
        turned = not ascending if name == column.name else column.ascending
        self.rows.sort_by(column.name, turned)

    def rows_as_text(self) -> str:
        """The selected rows for a spreadsheet: text with tabs, titles first."""
        header = self.view.horizontalHeader()
        sections = [header.logicalIndex(i) for i in range(header.count())]
        columns = [self.model.columns[i] for i in sections if not header.isSectionHidden(i)]
        lines = ["\t".join(column.name for column in columns)]
        rows = self.model.cluster_ids
        for row in self._selected_rows():
            lines.append("\t".join(c.copied(self.model.value(rows[row], c)) for c in columns))
        return "\n".join(lines)

    # -- filter, columns, counts -----------------------------------------------------------

    def _apply_filter(self, text: str) -> None:
        if sought := ids_in(text):
            self._seek(sought)
            return
        try:
            self.rows.set_filter(text)
        except FilterError as error:
            self._unknown = []
            self._tell(str(error), wrong=True)

    def _seek(self, sought: list[int]) -> None:
        """Bring a cluster into sight whose id is being typed; the filter stays what it is."""
        there = [c for c in sought if c in self.model]
        row = self.model.row_of(sought[-1])
        if row is not None:
            self.view.scrollTo(
                self.model.index(row, 0), QAbstractItemView.ScrollHint.PositionAtCenter
            )
        if there == sought:
            hidden = [c for c in sought if self.model.row_of(c) is None]
            note = f"; the filter hides {in_words(hidden)}" if hidden else ""
            self._tell(f"Enter selects {in_words(sought)}{note}")
        else:
            missing = in_words([c for c in sought if c not in there])
            self._tell(f"there is no cluster {missing}", wrong=True)

    def _go_to_sought(self) -> None:
        sought = ids_in(self.filter.text())
        if sought and all(c in self.model for c in sought):
            self.chosen.emit(sought)

    def _leave_filter(self) -> None:
        """Back to the table; the line says again what filter there is."""
        if ids_in(self.filter.text()):
            self.filter.setText(self.rows.filter)
        self.view.setFocus()

    def _follow_filter(self) -> None:
        """Other clusters are in sight."""
        self.model.follow_filter()
        if self.filter.text().strip() != self.rows.filter:
            # It was not this line that said so.
            self.filter.blockSignals(True)
            self.filter.setText(self.rows.filter)
            self.filter.blockSignals(False)
        self._restore()
        self._show_unknown()

    def _show_unknown(self) -> None:
        """Say which columns and groups in the filter cannot be found, and why."""
        model = self.model
        self._unknown = model.unknown_in_filter() if model.rowCount() < model.n_all else []
        sentences = []
        for column in self._unknown:
            reason = model.reason(column)
            why = f": {reason}" if reason else ""
            sentences.append(f"{column.name} is not known for any cluster{why}")
        # A group is written as the table writes it: nothing else tells of a slip.
        if unheard := self.rows.unheard_groups():
            known = ", ".join(model.group_names)
            sentences.append(f"there is no group {' or '.join(unheard)}, only {known}")
        self._tell("\n".join(sentences))

    def _tell(self, problem: str, *, wrong: bool = False) -> None:
        """Say something of the filter, in the line below it."""
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        self.filter.setProperty("wrong", "true" if wrong else "false")
        self.filter.style().polish(self.filter)

    def set_hint(self, hint: str, also: str = "") -> None:
        """Say other words where there is no cluster, and what is to be said beside the counts."""
        if (hint, also) != (self._hint, self._also):
            self._hint, self._also = hint, also
            self._show_counts()

    def _show_counts(self) -> None:
        shown, total = self.model.rowCount(), self.model.n_all
        if not total:
            self.counts.setText(self._hint)
            return
        text = f"{total} clusters" if shown == total else f"{shown} of {total} clusters"
        if self._order:
            text += f", {len(self._order)} selected"
        if self._also:
            text += f", {self._also}"
        self.counts.setText(text)

    def _show_given_way(self) -> None:
        names = self.columns.given_way
        lacking = [c for c in self.model.columns if c.name in names]
        n = len(lacking)
        self.given_way.setText(f"{n} column{'s' if n > 1 else ''} hidden" if n else "")
        titles = "\n".join(f"{c.title}: {self.model.tip(c)}" for c in lacking)
        self.given_way.setToolTip(plain_tip(f"there is no room for\n{titles}") if n else "")

    @property
    def column_names(self) -> list[str]:
        """Names of the columns, as declared."""
        return [column.name for column in self.model.columns]

    # -- what is remembered ----------------------------------------------------------------

    def list_state(self) -> dict[str, object]:
        """Order and filter, which belong to this dataset."""
        return {
            "sort": self.rows.order,
            "filter": self.rows.filter if ids_in(text := self.filter.text()) else text,
        }

    def restore_list(self, state: dict[str, object]) -> None:
        """Bring back what :meth:`list_state` told; what does not fit these columns is left out."""
        names = self.column_names
        sort = state.get("sort")
        order = [
            (pair[0], bool(pair[1]))
            for pair in (sort if isinstance(sort, list) else ())
            if isinstance(pair, list) and len(pair) == 2 and pair[0] in names
        ]
        if order:
            self.rows.set_order(order)
        text = state.get("filter")
        self.filter.setText(text if isinstance(text, str) else "")


def _runs(rows: Iterable[int]) -> list[tuple[int, int]]:
    """First and last of the rows that follow one another: Qt compares every two parts."""
    runs: list[tuple[int, int]] = []
    for row in sorted(rows):
        if runs and row == runs[-1][1] + 1:
            runs[-1] = runs[-1][0], row
        else:
            runs.append((row, row))
    return runs
