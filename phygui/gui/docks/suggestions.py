"""The dock of merge suggestions: a ranked list, what a merge would look like, accept and reject."""

from __future__ import annotations

from PyQt5.QtCore import QEvent, Qt
from PyQt5.QtGui import QColor
from PyQt5.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from phygui.analysis import Metric, MetricSpec
from phygui.analysis.metrics import FAMILIES, metrics
from phygui.curation.edits.update import EditError, Selection, in_words
from phygui.curation.navigation.columns import DASH
from phygui.curation.statistics.preview import MOST, Preview
from phygui.curation.suggestions.merges import Suggestion
from phygui.gui.base.context import WindowContext
from phygui.gui.base.theme import color, group_color, plain_tip
from phygui.gui.base.work import Latest
from phygui.gui.docks.adaptive_splitter import Parts
from phygui.gui.docks.dock import Dock
from phygui.gui.docks.preview_figure import PreviewFigure
from phygui.gui.tables.plain_table import Cell, PlainTable

TITLES = ("clusters", "score", "sim.", "refr.", "cont.")
TIPS = (
    "the two clusters, the larger one first",
    "how likely they are one unit, by the next three columns together",
    "similarity of their spikes",
    "refractoriness: whether one is silent around the spikes of the other",
    "continuity: whether one takes over where the other leaves off",
)
SCALE = 0.86
"""Size of the font: the tables are to fit beside a picture also in a small dock."""
HINT = "go to a suggestion (Ctrl+Down) to see what the two clusters would look like as one"
NO_MORE = "no more suggestions"
SEARCHING = "looking for merge suggestions ..."
NO_DATA = "no suggestions: there are neither features nor raw data to compare clusters by"


class SuggestionsDock(Dock):
    """Pairs of clusters that may be one unit; the current one is selected and previewed."""

    def __init__(self, window: WindowContext) -> None:
        self._window = window
        self._session = window.session
        self._rows: list[Suggestion] = []
        self._current: tuple[int, ...] | None = None
        self._stale = True
        # Whether the preview was on its way when the dock was hidden.
        self._given_up = False
        # What was selected when the first suggestion was wanted that the search finds.
        self._awaits_from: Selection | None = None
        self.table = PlainTable(TITLES, TIPS, sortable=False, n_kept=2, scale=SCALE)
        self.figure = PreviewFigure()
        self.metrics = PlainTable((), sortable=False, scale=SCALE)
        self.rejected = QCheckBox("rejected")
        self.rejected.setToolTip("also list rejected suggestions")
        self.accept_button, self.reject_button = QPushButton(), QPushButton()
        _call(self.accept_button, "Merge")
        _call(self.reject_button, "Reject")
        super().__init__("suggestions", "Merge suggestions", self._lay_out())
        self._work = Latest(window.pool, self)
        self._work.done.connect(self._receive)
        self._work.failed.connect(self._fail)
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
        pages = self.pages = QTabBar()
        pages.setDrawBase(False)
        pages.setFocusPolicy(Qt.NoFocus)
        self.figure.set_preview(None, HINT)
        for table in (self.table, self.metrics):
            table.setMinimumSize(80, 60)
            rows = table.verticalHeader()
            rows.setMinimumSectionSize(table.fontMetrics().height() + 4)
            rows.setDefaultSectionSize(rows.minimumSectionSize())
        self.parts = Parts(self.table, self.figure, self.metrics, pages)
        row = QHBoxLayout()
        row.setContentsMargins(4, 0, 2, 0)
        for button in (self.accept_button, self.reject_button, self.rejected):
            button.setFocusPolicy(Qt.NoFocus)
            row.addWidget(button)
        row.addStretch()
        row.addWidget(pages)
        self.accept_button.setToolTip("merge the two clusters (Ctrl+Return)")
        self.reject_button.setToolTip("never suggest this merge again (Ctrl+Backspace)")
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 2)
        column.setSpacing(3)
        column.addWidget(self.parts, 1)
        column.addLayout(row)
        return whole

    @property
    def note(self) -> QLabel:
        """What is said of the list, in the title bar."""
        return self.title_bar.note

    # -- the list ----------------------------------------------------------------------------

    @property
    def suggestions(self) -> list[Suggestion]:
        """What is listed."""
        return list(self._rows)

    @property
    def current(self) -> tuple[int, ...] | None:
        """The clusters that are previewed, as long as they live."""
        return self._current if self._current and self._lives(self._current) else None

    @property
    def is_suggested(self) -> bool:
        """Whether what is previewed is in the list."""
        return self._current in [s.clusters for s in self._rows]

    @property
    def is_busy(self) -> bool:
        """Whether a preview is being computed."""
        return self._work.is_busy

    @property
    def _is_searching(self) -> bool:
        return bool(self._session.suggestions.missing()) and not self._window.background.is_stopped

    def _shown(self, visible: bool) -> None:
        self._window.background.suggests = visible
        if visible and self._stale:
            self.refresh()
        if not visible:
            self._given_up = self._given_up or self._work.is_busy
            self._work.cancel()
        elif self._given_up and self.current is not None:
            self._preview(self.current)

    def _forget(self) -> None:
        self._awaits_from = None
        self._show_nothing(HINT)
        self.refresh()

    def _show_nothing(self, hint: str) -> None:
        self._current, self._given_up = None, False
        self._work.cancel()
        self._show_no_preview(hint)
        self._mark()

    def _show_no_preview(self, hint: str) -> None:
        self.figure.set_preview(None, hint)
        self.metrics.set_rows([])
        self.metrics.horizontalHeader().hide()

    def refresh(self) -> None:
        """List what is suggested now; a hidden list waits until it is shown."""
        self._stale = not self.is_on_screen
        if self._stale:
            return
        session, shown = self._session, self._session.shown
        self._rows = session.suggestions.ranked(
            lambda c: session.wizard.skips_group(shown.cluster_groups[c]),
            rejected=self.rejected.isChecked(),
            among=shown.spikes_per_cluster,
        )
        self.table.set_rows([self._cells(s) for s in self._rows])
        if not self.table.is_dragged:
            # New clusters have longer names.
            self.table.fit_columns()
            self.parts.arrange()
        if self._current is not None and not self._lives(self._current):
            self._show_nothing(HINT)
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
        self._window.unsay(SEARCHING)
        pairs = self._open_pairs()
        if wanted and pairs:
            self._go_to(pairs[0])
        elif self._current is None:
            self.figure.set_preview(None, HINT if pairs else NO_MORE)

    def _open_pairs(self) -> list[tuple[int, int]]:
        """The pairs that are suggested now, best first, without those that are rejected."""
        session = self._session
        return [s.clusters for s in session.suggestions.ranked(session.wizard.skips)]

    def _cells(self, suggestion: Suggestion) -> list[Cell]:
        a, b = suggestion.clusters
        evidence = suggestion.evidence
        dim = color("dim") if suggestion.is_rejected else None
        numbers = [f"{value:.2f}" for value in evidence[: len(TITLES) - 1]]
        sizes = [len(self._session.shown.spikes_per_cluster[c]) for c in (a, b)]
        tip = f"{a}: {sizes[0]:,d} spikes\n{b}: {sizes[1]:,d} spikes\n"
        # Not all of them may have room for their columns.
        tip += ", ".join(f"{t} {n}" for t, n in zip(TITLES[1:], numbers, strict=True))
        tip += f"\n{evidence.in_words()}"
        if suggestion.is_rejected:
            tip += "\nrejected"
        return [Cell(text, color=dim, tip=tip) for text in (f"{a} + {b}", *numbers)]

    def _mark(self) -> None:
        pairs = [s.clusters for s in self._rows]
        row = pairs.index(self._current) if self._current in pairs else None
        self.table.mark(row)
        self.accept_button.setEnabled(self._current is not None and self._session.shown.is_editable)
        self.reject_button.setEnabled(row is not None)
        taken_back = row is not None and self._rows[row].is_rejected
        _call(self.reject_button, "Suggest again" if taken_back else "Reject")

    def _say(self) -> None:
        done, total = self._session.suggestions.progress()
        n = len(self._rows)
        text = "1 suggestion" if n == 1 else f"{n} suggestions"
        shank = self._session.shown.shank
        if shank.features is None and shank.waveforms is None:
            text = NO_DATA
            self.figure.set_preview(None, text)
        elif done < total:
            text += f", {done} of {total} clusters looked at"
        self.note.setText(text)
        self.note.setToolTip(plain_tip(text))

    # -- going through it ----------------------------------------------------------------------

    def step(self, step: int) -> None:
        """Go to the next or previous suggestion; the dock is shown if it is not."""
        self._window.show_dock("suggestions")
        self.refresh()
        if not self._rows and self._is_searching:
            self._await()
            self._window.say(SEARCHING)
            return
        if not self._rows:
            raise EditError("no merges are suggested")
        pairs = [s.clusters for s in self._rows]
        row = pairs.index(self._current) + step if self._current in pairs else 0
        self._go_to(pairs[max(0, min(row, len(pairs) - 1))])

    def show_selected(self) -> None:
        """Preview the merge of all selected clusters, suggested or not."""
        selected = tuple(self._session.selected)
        if len(selected) < 2:
            raise EditError("select two clusters or more to see what they would look like as one")
        if len(selected) > MOST:
            raise EditError(f"{MOST} clusters at most can be previewed, not {len(selected)}")
        self._window.show_dock("suggestions")
        self._preview(selected)

    def accept(self) -> None:
        """Merge what is previewed and go on to the next suggestion."""
        clusters = self._needed()
        if self._goes_back(clusters):
            return
        following = self._after(clusters)
        self._session.merge(clusters)
        self._go_on(following)

    def reject(self) -> None:
        """Do not suggest the current pair any more, and go on; or suggest it again."""
        pair = self._needed()
        if self._goes_back(pair):
            return
        following = self._after(pair)
        again = self._session.suggestions.is_rejected(pair)
        self._session.reject(pair, rejected=not again)
        self._window.say(f"{'suggested again' if again else 'rejected'}: merging {in_words(pair)}")
        if not again:
            self._go_on(following)

    def _needed(self) -> tuple[int, ...]:
        if self.current is None:
            raise EditError("go to a merge suggestion first")
        return self.current

    def _goes_back(self, clusters: tuple[int, ...]) -> bool:
        """Go back to clusters that are not the selection: nothing is done to what is not seen."""
        if set(self._session.selected) == set(clusters):
            return False
        self._go_to(clusters)
        words = in_words(clusters)
        self._window.say(f"selected {words} again, and did nothing else: press the key once more")
        return True

    def _after(self, clusters: tuple[int, ...]) -> list[tuple[int, int]]:
        """The suggestions in the order in which they come after one, then those before."""
        pairs = [s.clusters for s in self._rows]
        at = pairs.index(clusters) if clusters in pairs else -1
        rejected = {s.clusters for s in self._rows if s.is_rejected}
        return [p for p in pairs[at + 1 :] + pairs[: max(at, 0)][::-1] if p not in rejected]

    def _go_on(self, pairs: list[tuple[int, int]]) -> None:
        """Go to the first pair that lives, or else to the best of those that are found now."""
        # The list may not show yet what the last edits have merged.
        following = [pair for pair in pairs if self._lives(pair)] or self._open_pairs()
        if following:
            self._go_to(following[0])
        elif self._is_searching:
            self._await()
        else:
            self._show_nothing(NO_MORE)

    def _await(self) -> None:
        self._show_nothing(SEARCHING)
        self._awaits_from = self._session.selection

    def _go_to(self, clusters: tuple[int, ...]) -> None:
        """Select a pair, so that every view shows it, and preview its merge."""
        self._window.show_dock("suggestions")
        self._window.attempt(lambda: self._session.select(clusters[:1], clusters[1:]))
        self._preview(clusters)

    # -- the preview -------------------------------------------------------------------------

    def _preview(self, clusters: tuple[int, ...]) -> None:
        job = self._session.statistics.preview_job(clusters)
        self._current, self._awaits_from, self._given_up = clusters, None, False
        self._mark()
        self._work.request(job)

    def _receive(self, preview: Preview | None) -> None:
        if preview is None or preview.clusters != self._current:
            return
        self.figure.set_preview(preview)
        self._show_metrics(preview)
        self.metrics.fit_columns()

    def _fail(self, error: Exception) -> None:
        # What is shown may be of other clusters.
        self._show_no_preview("no preview")
        self._window.show_trouble("No preview", error)

    def _show_metrics(self, preview: Preview) -> None:
        titles = ("metric", *map(str, preview.clusters), "merged", "change")
        self.metrics.set_rows(_metric_rows(preview), titles)
        self.metrics.horizontalHeader().show()

    def changeEvent(self, event: QEvent) -> None:
        """Another theme has other colours."""
        super().changeEvent(event)
        if event.type() == QEvent.PaletteChange:
            self.refresh()
            if self.figure.preview is not None:
                self._show_metrics(self.figure.preview)

    def cancel(self) -> None:
        """The window closes."""
        self._work.cancel()


def _call(button: QPushButton, text: str) -> None:
    """Name a button that is no wider than its name needs."""
    button.setText(text)
    button.setFixedWidth(button.fontMetrics().horizontalAdvance(text) + 20)


def _metric_rows(preview: Preview) -> list[list[Cell]]:
    """Each metric of all clusters and the merged one, and its change for the largest cluster."""
    sizes = preview.n_spikes[:-1]
    rows: list[tuple[bool, list[Cell]]] = []
    largest = sizes.index(max(sizes))
    specs = [spec for spec in metrics() if spec.is_in_preview]
    for spec in sorted(specs, key=lambda spec: FAMILIES.index(spec.family)):
        known = [of[spec.name] for of in preview.metrics if spec.name in of]
        if len(known) < len(preview.metrics):
            continue
        cells = [Cell(spec.title, tip=spec.help, left=True)]
        cells += [_metric_cell(metric, spec.form) for metric in known]
        cells.append(_change(spec, known[largest], known[-1]))
        rows.append((all(not metric.is_defined for metric in known), cells))
    # What is known of none comes last, where it need not be looked at.
    return [cells for _, cells in sorted(rows, key=lambda row: row[0])]


def _metric_cell(metric: Metric, form: str) -> Cell:
    if not metric.is_defined:
        return Cell(DASH, tip=metric.reason)
    return Cell(format(metric.value, form))


def _change(spec: MetricSpec, before: Metric, after: Metric) -> Cell:
    if not (before.is_defined and after.is_defined):
        return Cell("")
    change = after.value - before.value
    text = format(abs(change), spec.form)
    if text == format(0.0, spec.form):
        return Cell("=", color=color("dim"))
    better = (change < 0) == (spec.better == "lower")
    if not spec.better:
        hue: QColor = color("text")
    else:
        hue = group_color("good") if better else QColor("#e0645c")
    return Cell(f"{'+' if change > 0 else '−'}{text}", color=hue)
