"""The window of an archive: a table of its sessions, and what is done with one or all of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtGui import QCloseEvent
from qtpy.QtWidgets import (
    QApplication,
    QFileDialog,
    QLabel,
    QLineEdit,
    QMainWindow,
    QMenu,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from phygui.archive import Session
from phygui.archive.archive import next_undecided
from phygui.curation.navigation.row_filter import FilterError
from phygui.gui.actions.key_dialog import KeyDialog
from phygui.gui.actions.keys import Keys
from phygui.gui.archive.actions import BINDABLES, BY_NAME, ArchiveAction
from phygui.gui.archive.listing import Listing
from phygui.gui.archive.menus import build_menus, keys_list, palette, show_keys
from phygui.gui.archive.preparing import Preparing
from phygui.gui.archive.table import SessionTable
from phygui.gui.base import theme
from phygui.gui.base.elided import ElidedLabel
from phygui.gui.base.screen import size_for_screen
from phygui.gui.base.settings import Settings
from phygui.gui.base.theme import plain_tip
from phygui.gui.base.work import Latest, Pool
from phygui.gui.dialogs.choosing import Ask
from phygui.gui.dialogs.search_list import SearchList
from phygui.words import counted

UNDECIDED = "decided < 100%"
MOST_OPENED = 8
"""Sessions that are opened at once at most: each takes a window."""


class ArchiveWindow(QMainWindow):
    """Lists the datasets of a folder tree.

    Parameters
    ----------
    folder : Path
    settings : Settings

    Signals
    -------
    open_wanted : object
        A dataset is to be opened: a path, or an Ask.
    closed
        The window is gone.
    """

    open_wanted = Signal(object)
    closed = Signal()

    def __init__(self, folder: Path, settings: Settings) -> None:
        super().__init__()
        self.folder, self.settings = folder, settings
        self.is_disposed = False
        self.setWindowTitle(f"{folder.name or folder} - archive - phygui")
        size_for_screen(self, 1560, 800)
        self.listing = Listing(folder, self)
        self.preparing = Preparing(self)
        self.pool = Pool(1)
        # A dataset may take its time to be read: a window that closes does not wait for it.
        self._reporting = Latest(self.pool, self, burst_ms=0, is_detached=True)
        self._is_listed = False
        self._list: SearchList | None = None
        self._lay_out()
        self.actions_by_name = build_menus(self, self, self.run)
        self.keys = Keys.of(settings, BINDABLES)
        self.keys.changed.connect(self._take_keys)
        self._take_keys()
        self.listing.listed.connect(self._listed)
        self.listing.read.connect(self._read)
        self.listing.rested.connect(self._rested)
        self.listing.failed.connect(lambda sentence: self.say(sentence, wrong=True))
        self.preparing.changed.connect(self._follow_preparation)
        self.preparing.done.connect(self._prepared)
        self._reporting.done.connect(lambda path: self.say(f"written to {path}"))
        self._reporting.failed.connect(lambda error: self.say(str(error), wrong=True))
        self.table.setFocus()
        self._count()
        self.listing.look()

    def _lay_out(self) -> None:
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("filter:  mouse12 anna   or   good > 5 and decided < 50%")
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(self._apply_filter)
        self.filter.returnPressed.connect(self._leave_filter)
        self.table = SessionTable()
        self.table.chosen.connect(self.open_wanted)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._pop_up)
        self.note = QLabel()
        self.note.setObjectName("hint")
        self.note.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(6, 6, 6, 0)
        for widget in (self.filter, self.note, self.table):
            column.addWidget(widget)
        self.setCentralWidget(inner)
        bar = self.statusBar()
        bar.setSizeGripEnabled(False)
        self.counts = QLabel()
        self.message = ElidedLabel(Qt.TextElideMode.ElideMiddle)
        for label in (self.counts, self.message):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setContentsMargins(8, 0, 8, 0)
        self.progress = QProgressBar()
        self.progress.setFixedWidth(180)
        self.progress.setVisible(False)
        bar.addPermanentWidget(self.counts)
        bar.addPermanentWidget(self.message, 1)
        bar.addPermanentWidget(self.progress)

    def _pop_up(self, at: object) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name in ("open_selected", "prepare", "next_undecided"):
            menu.addAction(self.actions_by_name[name])
        menu.popup(self.table.viewport().mapToGlobal(at))  # type: ignore[arg-type]

    # -- doing things and saying them ----------------------------------------------------------

    def run(self, action: ArchiveAction) -> None:
        """Do what an action says, or say why that is not possible now."""
        reason = action.hindrance(self)
        if reason:
            self.say(reason, wrong=True)
            return
        action.run(self)

    def say(self, text: str, *, wrong: bool = False) -> None:
        """Show one sentence in the status bar."""
        self.message.setText(text)
        self.message.setToolTip(plain_tip(text))
        self.message.setProperty("wrong", "true" if wrong else "false")
        self.message.style().polish(self.message)

    def unsay(self, text: str) -> None:
        """Take a sentence off the status bar, if no other has taken its place."""
        if self.message.text() == text:
            self.say("")

    # -- what is listed ------------------------------------------------------------------------

    @property
    def sessions(self) -> list[Session]:
        """Those that are shown, in their order."""
        return self.table.content.rows

    def _listed(self, sessions: list[Session]) -> None:
        first = not self._is_listed
        self._is_listed = True
        self.table.content.set_sessions(sessions)
        if first or not self.table.selected:
            self.table.selectRow(0)
        if first:
            self.table.fit_columns()
        self._count()

    def _read(self, sessions: list[Session]) -> None:
        self.table.content.update(sessions)
        self._count()

    def _rested(self) -> None:
        self.table.content.sort_again()
        self.table.fit_columns()
        self._count()

    def _count(self) -> None:
        every = self.table.content.sessions
        n_shown, n = len(self.sessions), len(every)
        known = [s.overview for s in every if s.overview is not None and not s.problem]
        n_decided = sum(of.is_decided for of in known)
        which = f"{n_shown} of {n}" if n_shown < n else f"{n}"
        to_read = sum(s.overview is None for s in every)
        parts = [f"{which} session{'' if n == 1 else 's'}", f"{n_decided} decided"]
        parts += [f"{to_read} to be read"] if to_read else []
        self.counts.setText(", ".join(parts))
        empty = ""
        if not self._is_listed:
            empty = f"looking for datasets in {self.folder} ..."
        elif not n:
            empty = f"{self.folder} holds no dataset of a known format."
        elif not n_shown:
            empty = "No session passes the filter."
        self.note.setText(empty)
        self.note.setVisible(bool(empty))

    def _apply_filter(self, text: str) -> None:
        problem = ""
        try:
            self.table.content.set_filter(text)
        except FilterError as error:
            problem = str(error)
        self.filter.setProperty("wrong", "true" if problem else "false")
        self.filter.style().polish(self.filter)
        self.say(problem, wrong=bool(problem))
        self._count()

    def _leave_filter(self) -> None:
        self.table.setFocus()
        if not self.table.selected:
            self.table.selectRow(0)

    # -- actions -------------------------------------------------------------------------------

    def open_selected(self) -> None:
        """Open the selected sessions, each in a window."""
        chosen = self.table.selected
        for session in chosen[:MOST_OPENED]:
            if session.problem:
                self.say(session.problem, wrong=True)
            else:
                self.open_wanted.emit(session.path)
        if len(chosen) > MOST_OPENED:
            self.say(f"the first {MOST_OPENED} of {len(chosen)} sessions are opened")

    def next_after(self, path: Path | None) -> Session | None:
        """The next session with clusters to decide, in the order of the table."""
        return next_undecided(self.sessions, path)

    def next_undecided(self) -> None:
        """Open the next session with clusters to decide."""
        current = self.table.current
        found = current
        if current is None or not current.is_undecided or current.found.holder:
            found = self.next_after(None if current is None else current.path)
        if found is None:
            self.say("no session that is shown has clusters to decide", wrong=True)
            return
        self.go_to(found.path)
        self.open_wanted.emit(found.path)

    def go_to(self, path: Path) -> None:
        """Select a session, where it is shown."""
        self.table.go_to(path)

    def open_dataset(self) -> None:
        """Ask for a dataset and open it."""
        self.open_wanted.emit(Ask.FILE)

    def open_archive(self) -> None:
        """Ask for another archive and open it."""
        self.open_wanted.emit(Ask.ARCHIVE)

    def look_again(self) -> None:
        """Look at the folder now."""
        self.listing.look()

    def go_to_filter(self) -> None:
        """Give the filter line the keyboard."""
        self.filter.setFocus()
        self.filter.selectAll()

    def show_undecided(self) -> None:
        """Show those that have clusters to decide, or all again."""
        self.filter.setText("" if self.filter.text() == UNDECIDED else UNDECIDED)

    def toggle_theme(self) -> None:
        """Change between dark and light."""
        name = "light" if theme.current_theme() == "dark" else "dark"
        self.settings.set("theme", name)
        theme.apply_theme(QApplication.instance(), name)  # type: ignore[arg-type]

    def report(self) -> None:
        """Ask for a file, and write a page on all sessions into it."""
        start = str(self.folder.parent / f"{self.folder.name}-report.html")
        name, _ = QFileDialog.getSaveFileName(
            self, "Report on the archive", start, "Pages (*.html)"
        )
        if name:
            self.report_to(Path(name))

    def report_to(self, path: Path) -> None:
        """Write a page on all sessions."""
        from phygui.archive.report import write_report

        self.say("writing the report ...")
        self._reporting.request(
            lambda cancelled: write_report(self.folder, path, overwrite=True, cancelled=cancelled)
        )

    def show_keys(self) -> None:
        """The searchable list of keys."""
        self._list = keys_list(self, self.keys)
        self._list.open()

    def change_keys(self) -> None:
        """The dialog in which actions get other keys."""
        KeyDialog(self, self.keys).open()

    def _take_keys(self) -> None:
        show_keys(self.actions_by_name, self.keys, self.table)

    def show_palette(self) -> None:
        """Every action by name; choosing one does it."""
        self._list = palette(self, self, self.run, self.keys)
        self._list.open()
        self._list.search.setFocus()

    def quit(self) -> None:
        """Close every window."""
        QApplication.closeAllWindows()

    def none_selected(self) -> str:
        """No session is selected."""
        return "" if self.table.selected else "no session is selected"

    # -- preparation ---------------------------------------------------------------------------

    def prepares_nothing(self) -> str:
        """No session is being prepared."""
        return "" if self.preparing.is_running else "no session is being prepared"

    def prepare_selected(self) -> None:
        """Prepare the selected sessions, in the background."""
        self._prepare(self.table.selected)

    def prepare_shown(self) -> None:
        """Prepare all sessions that are shown and not prepared yet."""
        left = [
            s
            for s in self.sessions
            if s.overview is None or (s.overview.n_clusters and s.overview.prepared != 1)
        ]
        if left:
            self._prepare(left)
        else:
            self.say("all sessions that are shown are prepared")

    def _prepare(self, sessions: list[Session]) -> None:
        self.preparing.add([s.path for s in sessions if not s.problem])

    def cancel_preparation(self) -> None:
        """Prepare no more."""
        self.preparing.cancel()
        self.say("cancelling the preparation ...")

    def _follow_preparation(self) -> None:
        of = self.preparing
        self.progress.setVisible(of.is_running)
        if of.is_ending:
            self.say("cancelling the preparation ...")
        elif of.is_running and of.current is not None:
            self.progress.setRange(0, 100 * of.n_all)
            self.progress.setValue(round(100 * (of.n_done + of.share)))
            self.progress.setFormat(f"{of.n_done} of {of.n_all}")
            name = os.path.relpath(of.current, self.folder)
            cancel = self.keys.text(BY_NAME["cancel"])
            self.say(f"preparing {name}" + (f": {cancel} cancels" if cancel else ""))
        elif of.is_cancelled:
            self.say(f"the preparation was cancelled; {self._prepared_in_words()}")
            self.listing.look()
        elif of.n_done:
            self.say(self._prepared_in_words(), wrong=bool(of.n_failed))

    def _prepared_in_words(self) -> str:
        of = self.preparing
        text = f"{counted(of.n_done - of.n_failed, 'session')} prepared"
        if of.n_failed:
            last = "" if of.n_failed == 1 else " the last one,"
            text += f", {of.n_failed} could not be:{last} {of.last_problem}"
        return text

    def _prepared(self, path: Path, problem: str) -> None:
        self.table.content.note_preparation(path, problem)
        self.listing.look()

    # -- end -----------------------------------------------------------------------------------

    @property
    def is_settled(self) -> bool:
        """Whether all is listed, and nothing is being read or prepared."""
        busy = self.listing.is_busy or self.preparing.is_running or self._reporting.is_busy
        return self._is_listed and not busy

    def when_shown(
        self, then: Callable[[], None], *, settled: bool = False, every_ms: int = 30
    ) -> None:
        """Call a function once all sessions are listed and read."""

        def check() -> None:
            if not self.is_disposed:
                QTimer.singleShot(every_ms, then if self.is_settled else check)

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

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop what works for it."""
        self.dispose()
        super().closeEvent(event)
        self.closed.emit()

    def dispose(self) -> None:
        """Stop threads and processes."""
        if not self.is_disposed:
            self.is_disposed = True
            # The keys outlive the window: the next one shares them.
            self.keys.changed.disconnect(self._take_keys)
            self.preparing.stop()
            self.listing.stop()
            self.pool.close()
