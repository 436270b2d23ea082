"""Which columns of a cluster table are seen, and how wide they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qtpy.QtCore import QObject, QPoint, Qt, Signal
from qtpy.QtGui import QFont, QFontMetrics
from qtpy.QtWidgets import QMenu, QTableView

from phygui.curation.navigation.columns import Column
from phygui.gui.base.theme import plain_tip
from phygui.gui.tables.table_header import MARGIN, Header
from phygui.gui.tables.table_model import ClusterTableModel

N_MEASURED = 200
"""Rows whose texts are measured for the width of a column."""
WIDEST = 160
SHORTEST_LABEL = 56
"""Pixels to which the column of a label is cut where there is no room for all of it."""


class ColumnWidths(QObject):
    """Which columns of a cluster table are seen, and how wide.

    Until the user drags a column to a width, the columns share the width that
    there is. Where it is too small for all, some give way, those first whose
    declaration says so; none that the user has asked for or sorts by.

    Parameters
    ----------
    table : QTableView
        Has a :class:`Header`.
    model : ClusterTableModel
    """

    changed = Signal()
    """Other columns have given way."""

    def __init__(self, table: QTableView, model: ClusterTableModel) -> None:
        super().__init__(table)
        self._table, self._model = table, model
        header = table.horizontalHeader()
        assert isinstance(header, Header)
        self._header = header
        self.is_automatic = True
        """Whether the widths follow the width that there is."""
        self._needs: dict[str, int] = {}
        """Width of the texts in each column, once there are rows."""
        self._hidden = {column.name for column in model.columns if column.hidden}
        self._asked_for: set[str] = set()
        self._given_way: list[str] = []
        for section, column in enumerate(model.columns):
            header.setSectionHidden(section, column.hidden)
        header.dragged.connect(self._dragged)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._choose)

    def _dragged(self) -> None:
        if not self.is_automatic:
            return
        # From now on all is as the user sees it now.
        self.is_automatic = False
        self._hidden |= set(self._given_way)
        self._set_given_way([])

    # -- widths ------------------------------------------------------------------------------

    @property
    def is_measured(self) -> bool:
        """Whether it is known how wide the texts are."""
        return bool(self._needs)

    @property
    def given_way(self) -> list[str]:
        """Names of the columns for which there is no room."""
        return list(self._given_way)

    def measure(self) -> None:
        """Look how wide the texts of the columns are that may be seen, and arrange them."""
        self._needs = {}
        for column in self._model.columns:
            if column.name not in self._hidden:
                self._needs[column.name] = self._text_width(column)
        if self.is_automatic:
            self.arrange()

    def fit(self) -> None:
        """Have the columns share the width that there is, whatever the user has made of it."""
        self.is_automatic = True
        self.measure()

    def grow(self, cluster_ids: Sequence[int]) -> None:
        """Some rows are other ones now: their texts may be wider than what was measured."""
        if not (self._needs and self.is_automatic):
            return
        before = dict(self._needs)
        for column in self._model.columns:
            if column.name in self._needs and not self._is_away(column.name):
                width = self._widest(column, cluster_ids[:N_MEASURED])
                self._needs[column.name] = max(self._needs[column.name], width)
        if self._needs != before:
            self.arrange()

    def arrange(self) -> None:
        """Share the width that there is."""
        if not (self._needs and self.is_automatic):
            return
        columns = [c for c in self._model.columns if c.name not in self._hidden]
        needs = {c.name: self._need(c) for c in columns}
        viewport = self._table.viewport()
        room = viewport.width() if viewport is not None else 0
        sorted_by = self._model.rows.order[0][0]
        given_way = []
        # A label is read from its beginning: it is cut short before anything goes.
        for name in (c.name for c in columns if c.is_label):
            excess = max(sum(needs.values()) - room, 0)
            needs[name] = max(needs[name] - excess, min(needs[name], SHORTEST_LABEL))
        for column in sorted((c for c in columns if c.gives_way), key=lambda c: c.gives_way):
            if sum(needs.values()) <= room:
                break
            if column.name != sorted_by and column.name not in self._asked_for:
                del needs[column.name]
                given_way.append(column.name)
        surplus = max(room - sum(needs.values()), 0)
        for section, column in enumerate(self._model.columns):
            shown = column.name in needs
            if self._header.isSectionHidden(section) == shown:
                self._header.setSectionHidden(section, not shown)
        for place, (name, need) in enumerate(needs.items()):
            share = surplus // len(needs) + (place < surplus % len(needs))
            self._header.resizeSection(self._section(name), need + share)
        self._set_given_way(given_way)

    def _set_given_way(self, names: list[str]) -> None:
        if names != self._given_way:
            self._given_way = names
            self.changed.emit()

    def _section(self, name: str) -> int:
        return next(i for i, c in enumerate(self._model.columns) if c.name == name)

    def _is_away(self, name: str) -> bool:
        return self._header.isSectionHidden(self._section(name))

    def _need(self, column: Column) -> int:
        if column.name not in self._needs:
            self._needs[column.name] = self._text_width(column)
        title = str(self._model.headerData(self._section(column.name), Qt.Orientation.Horizontal))
        title_width = QFontMetrics(self._header.font()).horizontalAdvance(title)
        need = max(self._needs[column.name], title_width) + MARGIN
        return max(min(need, WIDEST), self._header.minimumSectionSize())

    def _text_width(self, column: Column) -> int:
        width = self._widest(column, self._model.cluster_ids[:N_MEASURED])
        return max(width, self._table.fontMetrics().horizontalAdvance(column.widest))

    def _widest(self, column: Column, cluster_ids: Sequence[int]) -> int:
        font = QFont(self._table.font())
        font.setBold(column.name == "id")
        advance: Callable[[str], int] = QFontMetrics(font).horizontalAdvance
        texts = {self._model.text(cluster_id, column) for cluster_id in cluster_ids}
        return max(map(advance, texts), default=0)

    # -- which are seen ----------------------------------------------------------------------

    def add(self, name: str, *, shown: bool) -> None:
        """A column is new."""
        if shown:
            self._hidden.discard(name)
        else:
            self._hidden.add(name)
        self._place(name, shown)

    def show(self, name: str, shown: bool) -> None:
        """The user wants to see a column, or not."""
        if shown:
            self._hidden.discard(name)
            self._asked_for.add(name)
        else:
            self._hidden.add(name)
            self._asked_for.discard(name)
        self._place(name, shown)

    def _place(self, name: str, shown: bool) -> None:
        if self.is_automatic and self._needs:
            self.arrange()
            return
        section = self._section(name)
        self._header.setSectionHidden(section, not shown)
        if shown and self._model.rowCount():
            self._header.resizeSection(section, self._need(self._model.columns[section]))

    def _choose(self, at: QPoint) -> None:
        menu = QMenu(self._table)
        menu.setToolTipsVisible(True)
        for i, column in enumerate(self._model.columns):
            action = menu.addAction(f"{column.title}  ({column.name})")
            tip = column.tip
            if column.name in self._given_way:
                tip += "\nthere is no room for it; hide another column first"
            action.setToolTip(plain_tip(tip))
            action.setCheckable(True)
            action.setChecked(not self._is_away(column.name))
            action.setEnabled(i > 0)
            action.toggled.connect(lambda shown, name=column.name: self.show(name, shown))
        menu.addSeparator()
        fit = menu.addAction("Fit columns to the table", self.fit)
        fit.setToolTip("make the columns fill the width, also when it changes")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self._header.mapToGlobal(at))

    # -- what is remembered ------------------------------------------------------------------

    def state(self) -> dict[str, object]:
        """Order and visibility of the columns, and the widths that the user has given them."""
        header, names = self._header, [column.name for column in self._model.columns]
        away = self._hidden if self.is_automatic else {n for n in names if self._is_away(n)}
        return {
            "order": [names[header.logicalIndex(i)] for i in range(header.count())],
            "hidden": [name for name in names if name in away],
            "asked_for": sorted(self._asked_for),
            "widths": {
                name: header.sectionSize(i)
                for i, name in enumerate(names)
                if not (self.is_automatic or header.isSectionHidden(i))
            },
        }

    def restore(self, state: dict[str, object]) -> None:
        """Bring back what :meth:`state` told; what does not fit these columns is left out."""
        header, names = self._header, [column.name for column in self._model.columns]
        known = _listed(state.get("order"), names)
        hidden = _listed(state.get("hidden"), names)
        self._asked_for = set(_listed(state.get("asked_for"), names))
        widths = state.get("widths")
        for place, name in enumerate(known):
            header.moveSection(header.visualIndex(names.index(name)), place)
            header.setSectionHidden(names.index(name), name in hidden)
            (self._hidden.add if name in hidden else self._hidden.discard)(name)
        for name, width in widths.items() if isinstance(widths, dict) else ():
            if name in names and isinstance(width, int):
                self.is_automatic = False
                width = max(width, header.minimumSectionSize())
                header.resizeSection(names.index(name), width)
        self.arrange()


def _listed(value: object, names: Sequence[str]) -> list[str]:
    """The names that a list from the settings holds, each once."""
    return list(dict.fromkeys(n for n in value if n in names)) if isinstance(value, list) else []
