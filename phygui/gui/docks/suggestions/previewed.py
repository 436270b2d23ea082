"""A list of suggestions with a preview of what each would come to."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import QHBoxLayout, QTabBar, QWidget

from phygui.curation.edits.update import EditError
from phygui.curation.statistics.preview import Preview
from phygui.curation.statistics.stats import Cancel
from phygui.gui.base.context import WindowContext
from phygui.gui.base.work import Latest
from phygui.gui.docks.adaptive_splitter import Parts
from phygui.gui.docks.suggestions.listing import SCALE, S, SuggestionList, Wording, narrow_rows
from phygui.gui.docks.suggestions.preview_figure import PreviewFigure
from phygui.gui.docks.suggestions.preview_metrics import metric_rows, metric_titles
from phygui.gui.tables.plain_table import PlainTable

PreviewJob = Callable[[Cancel], "Preview | None"]


class PreviewedList(SuggestionList[S]):
    """Lists suggestions of one kind; the current one is selected and previewed."""

    def __init__(self, window: WindowContext, wording: Wording) -> None:
        # Whether the preview was on its way when the dock was hidden.
        self._given_up = False
        self.figure = PreviewFigure()
        self.metrics = PlainTable((), sortable=False, scale=SCALE)
        self.pages = QTabBar()
        super().__init__(window, wording)
        self._work = Latest(window.pool, self)
        self._work.done.connect(self._receive)
        self._work.failed.connect(self._fail)
        self._session.time_range_changed.connect(self._preview_again)

    def _body(self) -> QWidget:
        self.pages.setDrawBase(False)
        self.pages.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.figure.set_preview(None, self._wording.hint)
        for table in (self.table, self.metrics):
            narrow_rows(table)
        self.parts = Parts(self.table, self.figure, self.metrics, self.pages)
        return self.parts

    def _add_to(self, row: QHBoxLayout) -> None:
        row.addWidget(self.pages)

    @abstractmethod
    def _preview_job(self, clusters: tuple[int, ...]) -> PreviewJob | None:
        """What computes the preview, for any thread; None if there is none."""

    @property
    def is_busy(self) -> bool:
        """Whether a preview is being computed."""
        return self._work.is_busy

    def _shown(self, visible: bool) -> None:
        super()._shown(visible)
        if not visible:
            self._given_up = self._given_up or self._work.is_busy
            self._work.cancel()
        elif self._given_up and self.current is not None:
            self._preview(self.current)

    def _show_nothing(self, hint: str) -> None:
        self._given_up = False
        self._work.cancel()
        self._show_no_preview(hint)
        super()._show_nothing(hint)

    def _show_no_preview(self, hint: str) -> None:
        self._tell(hint)
        self.metrics.set_rows([])
        self.metrics.horizontalHeader().hide()

    def _tell(self, hint: str) -> None:
        self.figure.set_preview(None, hint)

    def _fit(self) -> None:
        super()._fit()
        self.parts.arrange()

    # -- the preview -------------------------------------------------------------------------

    def _preview(self, clusters: tuple[int, ...]) -> None:
        job = self._preview_job(clusters)
        self._current, self._awaits_from, self._given_up = clusters, None, False
        self._mark()
        if job is not None:
            self._work.request(job)

    def _preview_again(self) -> None:
        """Another range of time is looked at."""
        if self.current is not None:
            self._preview(self.current)

    def _is_wanted(self, preview: Preview) -> bool:
        """Whether a preview that has come is of what is to be shown."""
        return preview.clusters == self._current

    def _receive(self, preview: Preview | None) -> None:
        if preview is None or not self._is_wanted(preview):
            return
        self.figure.set_preview(preview)
        self._show_metrics(preview)
        self.metrics.fit_columns()

    def _fail(self, error: Exception) -> None:
        # What is shown may be of other clusters.
        if isinstance(error, EditError):
            self._show_no_preview(str(error))
            return
        self._show_no_preview("no preview")
        self._window.show_trouble("No preview", error)

    def _show_metrics(self, preview: Preview) -> None:
        self.metrics.set_rows(metric_rows(preview), metric_titles(preview))
        self.metrics.horizontalHeader().show()

    def changeEvent(self, event: QEvent) -> None:
        """Another theme has other colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self.figure.preview is not None:
            self._show_metrics(self.figure.preview)

    def cancel(self) -> None:
        """The window closes."""
        self._work.cancel()
