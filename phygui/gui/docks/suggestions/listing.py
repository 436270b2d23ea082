"""A dock with a list of suggestions to walk through, accept and reject."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from numpy.typing import NDArray
from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from phygui.curation.edits.update import EditError, Selection, in_words
from phygui.gui.base.context import WindowContext
from phygui.gui.base.theme import plain_tip
from phygui.gui.docks.dock import Dock
from phygui.gui.tables.plain_table import Cell, PlainTable

SCALE = 0.86
"""Size of the font: the tables are to fit beside a picture also in a small dock."""
NO_MORE = "no more suggestions"


class Evidence(Protocol):
    """What speaks for a suggestion."""

    def in_words(self) -> str: ...


class Listed(Protocol):
    """A suggestion."""

    @property
    def clusters(self) -> tuple[int, ...]: ...
    @property
    def is_rejected(self) -> bool: ...
    @property
    def evidence(self) -> Evidence: ...


S = TypeVar("S", bound=Listed)


@dataclass(frozen=True)
class Wording:
    """What a list of suggestions is called, and says."""

    name: str
    title: str
    tab: str
    columns: tuple[str, ...]
    tips: tuple[str, ...]
    verb: str
    """What the button that accepts is called."""
    accept_tip: str
    reject_tip: str
    act: str
    """What is done, before the clusters: ``merging``."""
    hint: str
    searching: str
    none: str
    no_data: str
    unchosen: str
    """What is to be done before anything can be accepted."""


class SuggestionList(Dock, Generic[S]):
    """Lists suggestions of one kind; the current one is selected.

    Parameters
    ----------
    window : WindowContext
    wording : Wording
    """

    def __init__(self, window: WindowContext, wording: Wording) -> None:
        self._window = window
        self._session = window.session
        self._wording = wording
        self._rows: list[S] = []
        self._current: tuple[int, ...] | None = None
        self._stale = True
        # What was selected when the first suggestion was wanted that the search finds.
        self._awaits_from: Selection | None = None
        self.table = PlainTable(
            wording.columns, wording.tips, sortable=False, n_kept=2, scale=SCALE
        )
        self.evidence = QLabel()
        self.rejected = QCheckBox("rejected")
        self.rejected.setToolTip("also list rejected suggestions")
        self.accept_button, self.reject_button = QPushButton(), QPushButton()
        call(self.accept_button, wording.verb)
        call(self.reject_button, "Reject")
        super().__init__(wording.name, wording.title, self._lay_out(), tab=wording.tab)
        self.table.chosen.connect(
            lambda row: window.attempt(lambda: self._go_to(self._rows[row].clusters))
        )
        self.accept_button.clicked.connect(lambda: window.attempt(self.accept))
        self.reject_button.clicked.connect(lambda: window.attempt(self.reject))
        self.rejected.toggled.connect(lambda _: self.refresh())
        session = self._session
        session.suggestions_changed.connect(self.refresh)
        session.clustered.connect(lambda _: self.refresh())
        session.switched.connect(self._forget)
        self.visibilityChanged.connect(self._shown)

    def _lay_out(self) -> QWidget:
        body = self._body()
        self.evidence.setObjectName("hint")
        self.evidence.setTextFormat(Qt.TextFormat.PlainText)
        self.evidence.setWordWrap(True)
        self.evidence.setContentsMargins(4, 0, 4, 0)
        self.evidence.hide()
        row = QHBoxLayout()
        row.setContentsMargins(4, 0, 2, 0)
        for button in (self.accept_button, self.reject_button, self.rejected):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            row.addWidget(button)
        row.addStretch()
        self._add_to(row)
        self.accept_button.setToolTip(self._wording.accept_tip)
        self.reject_button.setToolTip(self._wording.reject_tip)
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 2)
        column.setSpacing(3)
        column.addWidget(body, 1)
        column.addWidget(self.evidence)
        column.addLayout(row)
        return whole

    def _body(self) -> QWidget:
        """The list, and what belongs to it."""
        narrow_rows(self.table)
        return self.table

    def _add_to(self, row: QHBoxLayout) -> None:
        """Add more to the row of buttons."""

    # -- what a kind of suggestion is ------------------------------------------------------------

    @abstractmethod
    def _ranked(
        self,
        skips: Callable[[int], bool],
        *,
        rejected: bool = False,
        among: Mapping[int, NDArray[Any]] | None = None,
    ) -> list[S]:
        """What is suggested now, best first."""

    @abstractmethod
    def _progress(self) -> tuple[int, int]:
        """Number of clusters that have been looked at, and of all."""

    @abstractmethod
    def _cells(self, suggestion: S) -> Sequence[Cell]:
        """A row of the list."""

    @abstractmethod
    def _is_rejected(self, clusters: tuple[int, ...]) -> bool:
        """Whether the user has rejected this."""

    @abstractmethod
    def _reject(self, clusters: tuple[int, ...], *, rejected: bool) -> None:
        """Suggest this no more, or again."""

    @abstractmethod
    def _show(self, clusters: tuple[int, ...]) -> None:
        """Select what is suggested, so that every view shows it, and preview it if there is one."""

    @abstractmethod
    def accept(self) -> None:
        """Do what is suggested."""

    # -- the list ----------------------------------------------------------------------------

    @property
    def note(self) -> QLabel:
        """What is said of the list, in the title bar."""
        return self.title_bar.note

    @property
    def suggestions(self) -> list[S]:
        """What is listed."""
        return list(self._rows)

    @property
    def current(self) -> tuple[int, ...] | None:
        """The clusters gone to, as long as they live."""
        return self._current if self._current and self._lives(self._current) else None

    @property
    def is_suggested(self) -> bool:
        """Whether what was gone to is in the list."""
        return self._current in self._listed

    @property
    def _listed(self) -> list[tuple[int, ...]]:
        return [s.clusters for s in self._rows]

    @property
    def _is_searching(self) -> bool:
        done, total = self._progress()
        return done < total and not self._window.background.is_stopped

    def _shown(self, visible: bool) -> None:
        self._window.background.want(self._wording.name, visible)
        if visible and self._stale:
            self.refresh()

    def _forget(self) -> None:
        self._awaits_from = None
        self._show_nothing(self._wording.hint)
        self.refresh()

    def _show_nothing(self, hint: str) -> None:
        """Nothing is gone to any more."""
        self._current = None
        self._tell(hint)
        self._mark()

    def _tell(self, hint: str) -> None:
        """Say what to do, or that there is nothing to do, where nothing is shown."""

    def _fit(self) -> None:
        """The list has other rows: make them fit."""
        self.table.fit_columns()

    def refresh(self) -> None:
        """List what is suggested now; a hidden list waits until it is shown."""
        self._stale = not self.is_on_screen
        if self._stale:
            return
        session, shown = self._session, self._session.shown
        groups = shown.cluster_groups
        self._rows = self._ranked(
            # It is asked later too, when there may be clusters that are not shown yet.
            lambda c: c in groups and session.wizard.skips_group(groups[c]),
            rejected=self.rejected.isChecked(),
            among=shown.spikes_per_cluster,
        )
        self.table.set_rows([self._cells(s) for s in self._rows])
        if not self.table.is_dragged:
            # New clusters have longer names.
            self._fit()
        if self._current is not None and not self._lives(self._current):
            self._show_nothing(self._wording.hint)
        self._mark()
        self._say()
        self._go_to_awaited()

    def _lives(self, clusters: tuple[int, ...]) -> bool:
        return all(c in self._session.spikes_per_cluster for c in clusters)

    def _go_to_awaited(self) -> None:
        """Go to the first suggestion, if it was wanted before there was any."""
        if self._awaits_from is None or self._is_searching:
            return
        # Who has gone elsewhere in the meantime is left there.
        wanted = self._awaits_from == self._session.selection and self._current is None
        self._awaits_from = None
        self._window.unsay(self._wording.searching)
        found = self._open_ones()
        if wanted and found:
            self._go_to(found[0])
        elif self._current is None:
            self._tell(self._wording.hint if found else NO_MORE)

    def _open_ones(self) -> list[tuple[int, ...]]:
        """What is suggested now, best first, without what is rejected."""
        return [s.clusters for s in self._ranked(self._session.wizard.skips)]

    def _mark(self) -> None:
        row = self._listed.index(self._current) if self._current in self._listed else None
        self.table.mark(row)
        self.accept_button.setEnabled(self._current is not None and self._session.shown.is_editable)
        self.reject_button.setEnabled(row is not None)
        taken_back = row is not None and self._rows[row].is_rejected
        call(self.reject_button, "Suggest again" if taken_back else "Reject")
        self._show_evidence("" if row is None else self._rows[row].evidence.in_words())

    def _show_evidence(self, words: str) -> None:
        self.evidence.setText(words)
        self.evidence.setVisible(bool(words))

    def _say(self) -> None:
        done, total = self._progress()
        n = len(self._rows)
        text = "1 suggestion" if n == 1 else f"{n} suggestions"
        shank = self._session.shown.shank
        if shank.features is None and shank.waveforms is None:
            text = self._wording.no_data
            self._tell(text)
        elif done < total:
            text += f", {done} of {total} clusters looked at"
        elif not n and self._current is None:
            self._tell(self._wording.none)
        self.note.setText(text)
        self.note.setToolTip(plain_tip(text))

    # -- going through it ----------------------------------------------------------------------

    def step(self, step: int) -> None:
        """Go to the next or previous suggestion; the dock is shown if it is not."""
        self._window.show_dock(self._wording.name)
        self.refresh()
        if not self._rows and self._is_searching:
            self._await()
            self._window.say(self._wording.searching)
            return
        if not self._rows:
            raise EditError(self._wording.none)
        self._go_to(self._listed[max(0, min(self._row_after(step), len(self._rows) - 1))])

    def _row_after(self, step: int) -> int:
        """The row to go to from the current one; it need not be there."""
        return self._listed.index(self._current) + step if self._current in self._listed else 0

    def reject(self) -> None:
        """Do not suggest the current one any more, and go on; or suggest it again."""
        clusters = self._needed()
        if self._goes_back(clusters):
            return
        following = self._after(clusters)
        again = self._is_rejected(clusters)
        self._reject(clusters, rejected=not again)
        verb = "suggested again" if again else "rejected"
        self._window.say(f"{verb}: {self._wording.act} {in_words(clusters)}")
        if not again:
            self._go_on(following)

    def _needed(self) -> tuple[int, ...]:
        if self.current is None:
            raise EditError(self._wording.unchosen)
        return self.current

    def _goes_back(self, clusters: tuple[int, ...]) -> bool:
        """Go back to clusters that are not the selection: nothing is done to what is not seen."""
        if set(self._session.selected) == set(clusters):
            return False
        self._go_to(clusters)
        words = in_words(clusters)
        self._window.say(f"selected {words} again, and did nothing else: press the key once more")
        return True

    def _after(self, clusters: tuple[int, ...]) -> list[tuple[int, ...]]:
        """The suggestions in the order in which they come after one, then those before."""
        listed = self._listed
        at = listed.index(clusters) if clusters in listed else -1
        rejected = {s.clusters for s in self._rows if s.is_rejected}
        return [p for p in listed[at + 1 :] + listed[: max(at, 0)][::-1] if p not in rejected]

    def _go_on(self, following: Sequence[tuple[int, ...]]) -> None:
        """Go to the first that lives, or else to the best of those that are found now."""
        # The list may not show yet what the last edits have done.
        living = [clusters for clusters in following if self._lives(clusters)]
        living = living or self._open_ones()
        if living:
            self._go_to(living[0])
        elif self._is_searching:
            self._await()
        else:
            self._show_nothing(NO_MORE)

    def _await(self) -> None:
        self._show_nothing(self._wording.searching)
        self._awaits_from = self._session.selection

    def _go_to(self, clusters: tuple[int, ...]) -> None:
        self._window.show_dock(self._wording.name)
        self._show(clusters)

    def changeEvent(self, event: QEvent) -> None:
        """Another theme has other colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.refresh()


def narrow_rows(table: PlainTable) -> None:
    """Make the rows of a table as low as their text allows."""
    table.setMinimumSize(80, 60)
    rows = table.verticalHeader()
    rows.setMinimumSectionSize(table.fontMetrics().height() + 4)
    rows.setDefaultSectionSize(rows.minimumSectionSize())


def call(button: QPushButton, text: str) -> None:
    """Name a button that is no wider than its name needs."""
    button.setText(text)
    button.setFixedWidth(button.fontMetrics().horizontalAdvance(text) + 20)
