"""The window of one dataset: docks around the session, menus, toolbar, status bar."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtGui import QCloseEvent
from qtpy.QtWidgets import QLabel, QMainWindow, QMenu

from phygui.curation.edits.update import Update, in_words
from phygui.curation.session import Session
from phygui.gui.actions.actions import ACTIONS
from phygui.gui.actions.command_line import CommandLine
from phygui.gui.actions.declared.reasons import remarks_on
from phygui.gui.actions.keys import Keys
from phygui.gui.base.delays import DELAYS
from phygui.gui.base.elided import ElidedLabel
from phygui.gui.base.memory import Trimmer
from phygui.gui.base.repaint import PaintedTogether
from phygui.gui.base.screen import size_for_screen
from phygui.gui.base.settings import Settings
from phygui.gui.base.theme import current_theme
from phygui.gui.base.work import Pool
from phygui.gui.dialogs import messages
from phygui.gui.docks.cluster_tables import Tables
from phygui.gui.docks.comparison import ComparisonDock
from phygui.gui.docks.console import ConsoleDock
from phygui.gui.docks.history import HistoryDock, told
from phygui.gui.docks.plugin_remarks import PluginRemarks
from phygui.gui.docks.spike_list import SpikeListDock
from phygui.gui.docks.suggestions.groups import CandidatesDock
from phygui.gui.docks.suggestions.merges import MergesDock
from phygui.gui.docks.suggestions.splits import SplitsDock
from phygui.gui.docks.suggestions.splitting import Splitting
from phygui.gui.window.background import Background
from phygui.gui.window.batches.batches import Batches
from phygui.gui.window.commands import Commands
from phygui.gui.window.first_choice import FirstChoice
from phygui.gui.window.layout import Layout
from phygui.gui.window.linking import Linking
from phygui.gui.window.marks.marks import Marks
from phygui.gui.window.menus import (
    build_menus,
    build_toolbar,
    dock_menu,
    edit_menu,
    menu_text,
    show_keys,
)
from phygui.gui.window.parts import WindowParts
from phygui.gui.window.ranking import restore_rankings
from phygui.gui.window.saving import Saving
from phygui.gui.window.switching import Switching
from phygui.gui.window.time.time_ranges import TimeRanges
from phygui.gui.window.view_docks import ViewDocks

log = logging.getLogger(__name__)


class MainWindow(WindowParts):
    """Shows one session and turns what the user does into calls of its methods."""

    commands: Commands
    marks: Marks
    saving: Saving
    linking: Linking
    time_ranges: TimeRanges
    layout_keeper: Layout
    extra_views: ViewDocks
    switching: Switching
    background: Background
    suggestions: MergesDock
    splits: SplitsDock
    candidates: CandidatesDock
    splitting: Splitting
    first_choice: FirstChoice
    comparison: ComparisonDock
    snippets: CommandLine
    closed = Signal(object)
    _posted = Signal(object)
    _warned = Signal(str)
    reopen_wanted = Signal(object)
    """This window is to be closed, edits kept aside, and its file opened again."""

    def __init__(self, session: Session, settings: Settings, *, reset_layout: bool = False) -> None:
        super().__init__()
        self.session = session
        self.settings = settings
        restore_rankings(session, settings)
        self.pool = Pool()
        self.commands = Commands(self)
        self.marks = Marks(self)
        self.saving = Saving(self)
        self.linking = Linking(self)
        self.time_ranges = TimeRanges(self)
        self.batches = Batches(self)
        self.trimmer = Trimmer(self.pool, self)
        self.plugin_remarks = PluginRemarks(self, self.view_docks)
        self.keys = Keys.of(settings)
        self.theme = current_theme()
        self._has_news = False
        self._discards = False
        self.setDockOptions(
            QMainWindow.DockOption.AllowNestedDocks
            | QMainWindow.DockOption.AllowTabbedDocks
            | QMainWindow.DockOption.AnimatedDocks
            | QMainWindow.DockOption.GroupedDragging
        )
        size_for_screen(self, 1920, 1080)
        self.setMinimumSize(640, 400)

        self._make_tables()
        self.docks = dict(self.tables.docks)
        self.extra_views = ViewDocks(self)
        self.extra_views.add_one_of_each()
        self._make_tools()
        self.layout_keeper = Layout(self, settings)
        self.snippets = CommandLine(self)
        menus = build_menus(self)
        self.switching.add_to_menu(menus["Dataset"])
        self.layout_keeper.add_saved(menus["View/Layout"])
        self.keys.changed.connect(self._show_keys)
        self.switching.add_to_toolbar(build_toolbar(self))
        self._make_status_bar()
        # Of an edit, all is painted once it is on the disk.
        self.painted_together = PaintedTogether(self, is_near=lambda: session.is_ahead)
        self._connect_session()

        self.layout_keeper.set_up(reset=reset_layout)
        self.tables.restore(settings)
        self.tables.reload()
        self.first_choice.begin()
        QTimer.singleShot(0, self._greet)
        self.background.request()
        self.update_state()
        if self.session.selected:
            self._paint_with_views()

    # -- parts -----------------------------------------------------------------------------

    def _make_tables(self) -> None:
        self.tables = Tables(self.session, self.attempt)
        for table in (self.cluster_table, self.match_table):
            table.menu_wanted.connect(lambda at: edit_menu(self).popup(at))

    def _make_tools(self) -> None:
        """What is not about the selected clusters: history, other clusterings, long work."""
        self.switching = Switching(self)
        self.background = Background(self)
        self.first_choice = FirstChoice(self)
        self.first_choice.made.connect(self._paint_with_views)
        self.background.learnt.connect(self.first_choice.follow)
        self.splitting = Splitting(self)
        self.suggestions, self.splits = MergesDock(self), SplitsDock(self)
        self.candidates, self.comparison = CandidatesDock(self), ComparisonDock(self)
        self.candidates.rules_wanted.connect(self.commands.change_group_rules)
        self.console, self.spike_list = ConsoleDock(self), SpikeListDock(self)
        self.spike_list.chosen.connect(self.linking.visit)
        tools = self.suggestions, self.splits, self.candidates, self.comparison, self.console
        for dock in (HistoryDock(self.session, self.attempt), self.spike_list, *tools):
            self.docks[dock.objectName()] = dock

    def _make_status_bar(self) -> None:
        bar = self.statusBar()
        bar.setSizeGripEnabled(False)
        bar.addWidget(self.snippets, 1)
        self.status: dict[str, QLabel] = {}
        for name, stretch in (("progress", 0), ("selected", 0), ("edit", 1), ("saved", 0)):
            # What is long gives way; of many selected clusters it is seen how many they are.
            cut = {
                "selected": Qt.TextElideMode.ElideMiddle,
                "edit": Qt.TextElideMode.ElideRight,
            }.get(name)
            label = QLabel() if cut is None else ElidedLabel(cut)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setContentsMargins(8, 0, 8, 0)
            bar.addPermanentWidget(label, stretch)
            # An error in the command line takes the room that there is.
            self.snippets.opened.connect(label.setHidden)
            self.status[name] = label
        bar.insertPermanentWidget(2, self.time_ranges.chip)
        bar.addPermanentWidget(self.background.line)

    def createPopupMenu(self) -> QMenu:
        """What a right click on a title bar offers."""
        return dock_menu(self)

    def _show_keys(self) -> None:
        show_keys(self)

    # -- following the session ---------------------------------------------------------------

    def _connect_session(self) -> None:
        session = self.session
        # Edits are announced when they are on the disk, which another thread tells.
        self._posted.connect(lambda announce: announce())
        session.dispatch = self._posted.emit
        session.failed.connect(self._edit_failed)
        # A worker may have found out.
        self._warned.connect(self._warn)
        session.warned.connect(self._warned.emit)
        session.clustered.connect(self._clustered)
        session.selection_changed.connect(self._selection_changed)
        session.stats_changed.connect(self._stats_changed)
        session.proposed.connect(self._proposed)
        session.time_range_changed.connect(self._proposed)
        session.switched.connect(self._switched)
        session.saved.connect(self.saving.saved)

    def _clustered(self, update: Update) -> None:
        self.painted_together.wait()
        self.extra_views.follow()
        self.tables.update(update)
        self.say(told(update, self.session))
        # The selection follows, and with it what is to be shown, which comes first.
        self._has_news = True

    def _selection_changed(self, cluster_ids: tuple[int, ...]) -> None:
        self.painted_together.wait()
        self._forget_slip()
        self._proposed()
        if not self.views_are_busy:
            self.painted_together.release()
        if self._has_news or self.session.knowledge.is_awaited:
            self._has_news = False
            self.background.request()

    def _proposed(self) -> None:
        """Parts are shown instead of the selected clusters, or these again."""
        self.extra_views.follow()
        self.tables.select()
        self.update_state()

    def _stats_changed(self, cluster_ids: tuple[int, ...]) -> None:
        self.extra_views.learn()
        self.tables.learn(cluster_ids)

    def _switched(self) -> None:
        self.tables.reload()
        self.first_choice.begin()
        self.background.request()
        self.extra_views.follow()
        self.update_state()

    def views_came(self) -> None:
        """A view has got its data: what waits for the views is painted with the last of them."""
        docks = [dock for dock in self.view_docks.values() if dock.is_on_screen]
        if self.painted_together.is_waiting:
            # Also the last: it is rasterised while Qt paints what else has changed.
            for dock in docks:
                dock.draw_ahead()
        if not any(dock.work.is_busy for dock in docks):
            self.painted_together.release()
            self._begin_to_paint()

    def _paint_with_views(self) -> None:
        """Qt paints a window that appears: not before there is something in the views."""
        self.setUpdatesEnabled(False)
        QTimer.singleShot(DELAYS.first_paint_ms, self._begin_to_paint)

    def _begin_to_paint(self) -> None:
        self.setUpdatesEnabled(True)

    def _edit_failed(self, sentence: str) -> None:
        self.tables.reload()
        self._selection_changed(self.session.shown.selection.clusters)
        self.say(sentence, wrong=True)

    def _warn(self, sentence: str) -> None:
        """Clusters rank otherwise from now on: so they are listed once this ranking is done."""

        def show() -> None:
            if not self.is_disposed:
                self.ranked_otherwise()
                self.say(sentence, wrong=True)

        QTimer.singleShot(0, show)

    def ranked_otherwise(self) -> None:
        """Clusters rank otherwise from now on: show them so."""
        self.tables.reload()
        self.extra_views.follow(anew=True)
        self.update_state()
        self.background.request()

    def update_state(self) -> None:
        """Title, status bar and what is enabled follow the session."""
        session, shown = self.session, self.session.shown
        decided, total = shown.n_decided, len(shown.cluster_groups)
        percent = round(100 * decided / total) if total else 0
        progress = f"{decided} of {total} decided ({percent}%)"
        if decided == total and shown.is_modified:
            progress = f"all {total} decided, to be saved"
        self.status["progress"].setText(progress)
        chosen = list(shown.selection.clusters)
        self.status["selected"].setText(f"{in_words(chosen, 12)} selected" if chosen else "")
        notes = [] if shown.is_editable and not session.read_only else ["read-only"]
        if shown.is_modified:
            notes.append(f"{shown.n_unsaved} unsaved")
        self.setWindowModified(shown.is_modified)
        where = f"shank {shown.channel_group}, {shown.clustering}"
        note = f" ({', '.join(notes)})" if notes else ""
        self.setWindowTitle(f"{session.path.name}[*] - {where}{note} - phygui")
        for action in ACTIONS:
            item, possible = self.actions_by_name[action.name], action.enabled(self)
            item.setEnabled(possible)
            self.refusals[action.name].setEnabled(not possible)
            if action.checked is not None:
                item.setChecked(action.checked(self))
            if action.title_now is not None:
                item.setText(menu_text(action.title_now(self)))

    def _greet(self) -> None:
        """Say what is particular about this file: read-only, or unsaved edits."""
        if self.is_disposed:
            return
        self.cluster_table.view.setFocus()
        if self.session.read_only:
            self.say(f"read-only: {self.session.read_only_reason}")
        elif reason := self.session.journal.unwritable_reason:
            # Better now than after hours of work.
            self.say(f"{reason}: edits are kept elsewhere, and saved as a copy only", wrong=True)
        elif self.session.measures.problems:
            self.say(self.session.measures.problems[-1], wrong=True)
        elif n := len(remarks_on(self.session)):
            remarks = f"{n} remark{'s' if n > 1 else ''} on this file"
            self.say(f"{remarks}: Dataset > Remarks on the file")
        self.plugin_remarks.greet()
        self.saving.offer_recovery()

    @property
    def is_shown(self) -> bool:
        """Whether every visible view has painted what the session holds now."""
        waits = self.first_choice.is_awaited or self.session.is_ahead or self.views_are_busy
        parts = self.commands, self.linking, self.switching, self.splitting, self.time_ranges
        return not waits and not any(part.is_busy for part in parts)

    @property
    def is_settled(self) -> bool:
        """Whether nothing is on its way any more, background work included."""
        return self.is_shown and not any(tool.is_busy for tool in self._workers)

    @property
    def _workers(self) -> tuple[Any, ...]:
        tools = self.background, self.suggestions, self.splits, self.comparison
        return *tools, self.time_ranges, self.spike_list

    # -- layout and end ----------------------------------------------------------------------

    def reset_layout(self) -> None:
        """Put every dock back to its place."""
        self.layout_keeper.set_up(reset=True)

    def _remember(self) -> None:
        self.layout_keeper.remember()
        self.extra_views.remember()
        self.tables.remember(self.settings)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask about unsaved edits; then stop the workers before the canvases go."""
        if not self.is_disposed and not self.saving.wait():
            event.ignore()
            return
        if not self.is_disposed and self.session.is_modified:
            answer = messages.ask_unsaved(self, self.session)
            if answer == "cancel" or (answer == "save" and not self.saving.save_now()):
                event.ignore()
                return
            self._discards = answer == "discard"
        self._remember()
        # What is kept of the clusters is written now, which nobody need watch.
        self.hide()
        try:
            self.dispose()
        finally:
            # What could not be written at the end is told; the window goes all the same.
            super().closeEvent(event)
            self.closed.emit(self)

    def reopen(self) -> None:
        """Close without asking, keep unsaved edits aside, and open the file again."""
        self._discards = True
        self._remember()
        try:
            self.dispose()
        finally:
            # What could not be kept aside is still in the journal, and offered when it is open.
            self.reopen_wanted.emit(self)

    def dispose(self) -> None:
        """Stop the workers, give canvases and files back."""
        if self.is_disposed:
            return
        self.is_disposed = True
        # The keys outlive the window: other windows share them.
        self.keys.changed.disconnect(self._show_keys)
        self.marks.dispose()
        self.plugin_remarks.dispose()
        self.console.dispose()
        for tool in self._workers:
            tool.cancel()
        for dock in self.view_docks.values():
            dock.cancel()
        self.pool.close()
        self.session.dispatch = None
        for dock in self.view_docks.values():
            dock.dispose()
        self.session.close(discard=self._discards)

    def when_shown(
        self, then: Callable[[], None], *, settled: bool = False, every_ms: int = 30
    ) -> None:
        """Call a function once all views have painted, or once nothing at all is to be done."""

        def check() -> None:
            if self.is_disposed:
                return
            if self.is_settled if settled else self.is_shown:
                QTimer.singleShot(every_ms, then)
            else:
                QTimer.singleShot(every_ms, check)

        QTimer.singleShot(every_ms, check)

    def picture(self, path: Path) -> None:
        """Write a picture of the whole window.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        if not self.grab().save(str(path)):
            raise OSError(f"{path} cannot be written as a picture")
