"""Switching channel group and clustering: combo boxes, menus, copies, read-only or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from qtpy.QtCore import Qt
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QComboBox, QInputDialog, QLabel, QMenu, QToolBar, QWidget

from phygui.curation.edits.update import EditError
from phygui.dataset import why_incomplete
from phygui.gui.base.placing import well_placed
from phygui.gui.base.work import Latest
from phygui.gui.window.parts import WindowParts

LOCK = "  (read-only)"

T = TypeVar("T")


class Switching:
    """What of a dataset a window shows: one channel group, one clustering."""

    def __init__(self, window: WindowParts) -> None:
        self._window = window
        self.shank = _combo("shank")
        self.clustering = _combo("clustering")
        self.dialog: QInputDialog | None = None
        self._items: list[QAction] = []
        # Of several switches that are asked for in a row, the last one counts.
        self._work = Latest(window.pool, window, burst_ms=0)
        self._work.done.connect(self._finish)
        self._work.failed.connect(self._fail)
        self.shank.activated.connect(lambda _: self.switch(self.shank.currentData()))
        self.clustering.activated.connect(
            lambda _: self.switch(clustering=self.clustering.currentData())
        )
        window.session.switched.connect(self.refresh)

    # -- parts of the window -----------------------------------------------------------------

    def add_to_toolbar(self, bar: QToolBar) -> None:
        """Put the combo boxes at the start of the toolbar."""
        first = bar.actions()[0] if bar.actions() else None
        for title, combo in (("shank", self.shank), ("clustering", self.clustering)):
            label = QLabel(f" {title} ")
            label.setObjectName("hint")
            for widget in (label, combo):
                self._items.append(_insert(bar, first, widget))
        if first is not None:
            self._items.append(bar.insertSeparator(first))
        self.refresh()

    def add_to_menu(self, menu: QMenu) -> None:
        """Put the lists of channel groups and clusterings into a menu."""
        first = menu.actions()[0]
        for title, fill in (("Shank", self._fill_shanks), ("Clustering", self._fill_names)):
            submenu = QMenu(title, menu)
            menu.insertMenu(first, submenu)
            submenu.aboutToShow.connect(lambda submenu=submenu, fill=fill: fill(submenu))
        menu.insertSeparator(first)

    def _fill_shanks(self, menu: QMenu) -> None:
        session = self._window.session
        menu.clear()
        for text, group in self._shanks():
            item = menu.addAction(text)
            item.setCheckable(True)
            item.setChecked(group == session.channel_group)
            item.triggered.connect(lambda _, group=group: self.switch(group))

    def _fill_names(self, menu: QMenu) -> None:
        session = self._window.session
        menu.clear()
        for name in session.clusterings:
            # An ampersand would underline the letter after it.
            item = menu.addAction(name.replace("&", "&&"))
            item.setCheckable(True)
            item.setChecked(name == session.clustering)
            item.triggered.connect(lambda _, name=name: self.switch(clustering=name))

    def refresh(self) -> None:
        """Show which channel group and clustering are active, and which there are."""
        session = self._window.session
        groups, names = self._shanks(), session.clusterings
        _fill(self.shank, groups, session.channel_group)
        lock = "" if session.is_editable else LOCK
        texts = [(n + (lock if n == session.clustering else ""), n) for n in names]
        _fill(self.clustering, texts, session.clustering)
        many = (len(groups) > 1, len(groups) > 1, len(names) > 1, len(names) > 1)
        for item, shown in zip(self._items, (*many, any(many)), strict=False):
            item.setVisible(shown)

    def _shanks(self) -> list[tuple[str, int]]:
        """Each channel group, with what it lacks if it cannot be curated: ``1 (no spikes)``."""
        dataset = self._window.session.dataset
        lacks = dataset.incomplete
        return [(f"{g} ({lacks[g]})" if g in lacks else str(g), g) for g in dataset.channel_groups]

    @property
    def curatable(self) -> list[int]:
        """Channel groups to step through: those that have clusters, and the active one."""
        session = self._window.session
        lacks, here = session.dataset.incomplete, session.channel_group
        return [g for g in session.dataset.channel_groups if g not in lacks or g == here]

    # -- verbs -----------------------------------------------------------------------------

    def switch(self, channel_group: int | None = None, clustering: str | None = None) -> None:
        """Make another channel group or clustering the active one; it is read in a worker."""
        session = self._window.session
        same_group = channel_group in (None, session.channel_group)
        if same_group and clustering in (None, session.clustering):
            self._work.cancel()
            self.refresh()
            return
        lacks = session.dataset.incomplete
        if channel_group is not None and channel_group in lacks and not same_group:
            self._work.cancel()
            self.refresh()
            self._window.say(why_incomplete(channel_group, lacks[channel_group]))
            return
        job = session.workspace.switch_job(channel_group, clustering)
        self._work.request(lambda _: job())

    @property
    def is_busy(self) -> bool:
        """Whether a switch is on its way."""
        return self._work.is_busy

    def _finish(self, finish: Callable[[], None]) -> None:
        session = self._window.session
        finish()
        where = f"shank {session.channel_group}, clustering {session.clustering}"
        self._window.say(where)

    def _fail(self, error: Exception) -> None:
        self.refresh()
        self._window.fail(error)

    def step_shank(self, step: int) -> None:
        """Go to the next or previous channel group."""
        session = self._window.session
        self.switch(_step(self.curatable, session.channel_group, step))

    def step_clustering(self, step: int) -> None:
        """Go to the next or previous clustering."""
        session = self._window.session
        names = session.clusterings
        self.switch(clustering=_step(names, session.clustering, step))

    def copy(self) -> None:
        """Ask for a name and copy the active clustering to it."""
        window, session = self._window, self._window.session
        if session.read_only:
            raise EditError(f"nothing is copied: {session.read_only_reason}")
        self.dialog = QInputDialog(window)
        well_placed(self.dialog)
        self.dialog.setWindowTitle("Copy the clustering")
        self.dialog.setLabelText(
            f"Copy '{session.clustering}' as it is now, unsaved edits included, under the name:"
        )
        for label in self.dialog.findChildren(QLabel):
            # What a file holds is never taken as markup.
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.dialog.setTextValue(self._free_name())
        self.dialog.textValueSelected.connect(
            lambda name: window.attempt(lambda: self.copy_to(name))
        )
        self.dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.dialog.open()

    def _free_name(self) -> str:
        session = self._window.session
        base = session.clustering
        names = (f"{base} copy{'' if n == 1 else f' {n}'}" for n in range(1, 1000))
        return next(name for name in names if name not in session.clusterings)

    def copy_to(self, name: str) -> None:
        """Copy the active clustering under another name, in a worker, and switch to the copy."""
        window, session = self._window, self._window.session
        group, source, name = session.channel_group, session.clustering, name.strip()
        job = session.saves.clustering_copy_job(name)
        window.say(f"copying {source} to {name} ...")

        def done(_: object) -> None:
            job.finish()
            self.refresh()
            window.say(f"copied {source} to {name}")
            if (session.channel_group, session.clustering) == (group, source):
                self.switch(clustering=name)

        window.commands.in_worker(lambda _: job.run(), done, window.fail)

    def toggle_editable(self) -> None:
        """Make the active clustering read-only, or editable again."""
        session = self._window.session
        try:
            session.set_editable(not session.is_editable)
        finally:
            self.refresh()
        state = "may be edited" if session.is_editable else "is read-only"
        self._window.say(f"the clustering {session.clustering} {state}")


def _combo(what: str) -> QComboBox:
    combo = QComboBox()
    combo.setToolTip(f"the active {what}; each keeps its own edits")
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    combo.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return combo


def _insert(bar: QToolBar, before: QAction | None, widget: QWidget) -> QAction:
    return bar.addWidget(widget) if before is None else bar.insertWidget(before, widget)


def _fill(combo: QComboBox, items: Iterable[tuple[str, object]], current: object) -> None:
    combo.blockSignals(True)
    combo.clear()
    for text, value in items:
        combo.addItem(text, value)
    combo.setCurrentIndex(combo.findData(current))
    combo.blockSignals(False)


def _step(values: list[T], current: T, step: int) -> T:
    return values[(values.index(current) + step) % len(values)]
