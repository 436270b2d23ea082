"""The list of saved states: when, how many edits, how many clusters per group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QPlainTextEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from phygui.curation.edits.comparison import compare
from phygui.curation.session import Session
from phygui.dataset import ClusteringState
from phygui.gui.base.placing import well_placed
from phygui.gui.base.work import Latest, Pool
from phygui.storage.state.backups import Backup


class RestoreDialog(QDialog):
    """Saved states in rows, the present one first; one can be brought back, two compared."""

    restore_wanted = Signal(object)
    """A backup that is to be brought back."""

    def __init__(
        self, parent: QWidget, session: Session, backups: Sequence[Backup], pool: Pool
    ) -> None:
        super().__init__(parent)
        self._comparing = Latest(pool, self, burst_ms=0)
        self._comparing.done.connect(self._show)
        self._comparing.failed.connect(lambda error: self._show([str(error)]))
        self.setWindowTitle("Restore")
        self.resize(760, 460)
        well_placed(self)
        self._session = session
        self._backups: list[Backup | None] = [None, *backups]
        self.table = QTableWidget(len(self._backups), 3)
        self.table.setHorizontalHeaderLabels(["saved", "edits", "clusters per group"])
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        for row, backup in enumerate(self._backups):
            for column, text in enumerate(self._texts(backup)):
                self.table.setItem(row, column, QTableWidgetItem(text))
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.difference = QPlainTextEdit()
        self.difference.setReadOnly(True)
        self.difference.setMaximumHeight(150)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.restore_button = buttons.addButton(
            "Bring it back", QDialogButtonBox.ButtonRole.AcceptRole
        )
        self.restore_button.setToolTip("as an ordinary edit, which can be undone")
        buttons.accepted.connect(self._restore)
        buttons.rejected.connect(self.reject)
        hint = QLabel("Select one state to compare it with the present, or two to compare them.")
        hint.setObjectName("hint")
        layout = QVBoxLayout(self)
        layout.addWidget(self.table)
        layout.addWidget(hint)
        layout.addWidget(self.difference)
        layout.addWidget(buttons)
        self.table.itemSelectionChanged.connect(self._compare)
        fits = [row for row, backup in enumerate(self._backups) if backup and self._holds(backup)]
        self.table.selectRow(fits[0] if fits else min(1, len(self._backups) - 1))

    def _texts(self, backup: Backup | None) -> tuple[str, str, str]:
        if backup is None:
            shown = self._session.shown
            tally = Counter(shown.group_of(c) for c in shown.spikes_per_cluster)
            return "now", str(shown.n_unsaved), _in_words(tally)
        if not self._holds(backup):
            words = f"({_held(backup)} only)"
        else:
            words = _in_words(backup.tallies[self._key])
        return backup.title, str(backup.n_edits or ""), words

    @property
    def _key(self) -> tuple[int, str]:
        return self._session.shown.channel_group, self._session.shown.clustering

    def _holds(self, backup: Backup | None) -> bool:
        """Whether a state is one of the active clustering; a save writes what was edited."""
        return backup is None or self._key in backup.tallies

    @property
    def chosen(self) -> list[Backup | None]:
        """The states of the selected rows; None is the present one."""
        rows = sorted({index.row() for index in self.table.selectedIndexes()})
        return [self._backups[row] for row in rows]

    def _compare(self) -> None:
        chosen = self.chosen
        others = [backup for backup in chosen if backup is not None and not self._holds(backup)]
        self.restore_button.setEnabled(len(chosen) == 1 and chosen[0] is not None and not others)
        self._comparing.cancel()
        if others:
            held = _held(others[0])
            self.difference.setPlainText(
                f"Only {held} was saved then: go there to compare it, and to bring it back."
            )
            return
        if not 1 <= len(chosen) <= 2:
            self.difference.setPlainText("")
            return
        # The later state stands higher in the list.
        later, earlier = (None, chosen[0]) if len(chosen) == 1 else chosen
        states = [self._state_job(earlier), self._state_job(later)]
        names = self._session.shown.group_names
        self.difference.setPlainText("comparing ...")
        self._comparing.request(lambda cancelled: compare(states[0](), states[1]()).lines(names))

    def _show(self, lines: list[str]) -> None:
        self.difference.setPlainText("\n".join(lines))

    def _state_job(self, backup: Backup | None) -> Callable[[], ClusteringState]:
        """What gives a state, for any thread; the present one is that which is shown now."""
        if backup is None:
            return self._session.shown.state
        return lambda: self._session.state(backup)

    def _restore(self) -> None:
        (backup,) = self.chosen
        self.restore_wanted.emit(backup)
        self.accept()


def _held(backup: Backup) -> str:
    return " and ".join(f"shank {group}, {name}" for group, name in backup.tallies)


def _in_words(tally: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {name}" for name, n in tally.items()) or "no clusters"
