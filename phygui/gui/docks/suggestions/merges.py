"""The dock of merge suggestions: pairs of clusters that may be one unit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray

from phygui.curation.edits.update import EditError, in_words
from phygui.curation.statistics.preview import MOST, Preview
from phygui.curation.suggestions.merging.listed import Suggestion
from phygui.gui.base.context import WindowContext
from phygui.gui.base.theme import color
from phygui.gui.docks.suggestions.listing import Wording
from phygui.gui.docks.suggestions.previewed import PreviewedList, PreviewJob
from phygui.gui.tables.plain_table import Cell

TITLES = ("clusters", "score", "sim.", "refr.", "cont.")
WORDING = Wording(
    name="suggestions",
    title="Merge suggestions",
    tab="Merges",
    columns=TITLES,
    tips=(
        "the two clusters, the larger one first",
        "how likely they are one unit, by the next three columns together",
        "similarity of their spikes",
        "refractoriness: whether one is silent around the spikes of the other",
        "continuity: whether one takes over where the other leaves off",
    ),
    verb="Merge",
    accept_tip="merge the two clusters (Ctrl+Return)",
    reject_tip="never suggest this merge again (Ctrl+Backspace)",
    act="merging",
    hint="go to a suggestion (Ctrl+Down) to see what the two clusters would look like as one",
    searching="looking for merge suggestions ...",
    none="no merges are suggested",
    no_data="no suggestions: there are neither features nor raw data to compare clusters by",
    unchosen="go to a merge suggestion first",
)


class MergesDock(PreviewedList[Suggestion]):
    """Pairs of clusters that may be one unit; the current one is selected and previewed."""

    def __init__(self, window: WindowContext) -> None:
        super().__init__(window, WORDING)
        self._session.selection_changed.connect(lambda _: self._follow_selection())

    def _ranked(
        self,
        skips: Callable[[int], bool],
        *,
        rejected: bool = False,
        among: Mapping[int, NDArray[Any]] | None = None,
    ) -> list[Suggestion]:
        return self._session.suggestions.ranked(skips, rejected=rejected, among=among)

    def _progress(self) -> tuple[int, int]:
        return self._session.suggestions.progress()

    def _cells(self, suggestion: Suggestion) -> list[Cell]:
        a, b = suggestion.clusters
        dim = color("dim") if suggestion.is_rejected else None
        numbers = [f"{value:.2f}" for value in suggestion.evidence[: len(TITLES) - 1]]
        sizes = [len(self._session.shown.spikes_per_cluster[c]) for c in (a, b)]
        tip = f"{a}: {sizes[0]:,d} spikes\n{b}: {sizes[1]:,d} spikes\n"
        # Not all of them may have room for their columns.
        tip += ", ".join(f"{t} {n}" for t, n in zip(TITLES[1:], numbers, strict=True))
        tip += f"\n{suggestion.evidence.in_words()}"
        if suggestion.is_rejected:
            tip += "\nrejected"
        return [Cell(text, color=dim, tip=tip) for text in (f"{a} + {b}", *numbers)]

    def _is_rejected(self, clusters: tuple[int, ...]) -> bool:
        return self._session.suggestions.is_rejected(clusters)

    def _reject(self, clusters: tuple[int, ...], *, rejected: bool) -> None:
        self._session.reject(clusters, rejected=rejected)

    def _show(self, clusters: tuple[int, ...]) -> None:
        self._window.attempt(lambda: self._session.select(clusters[:1], clusters[1:]))
        self._preview(clusters)

    def _preview_job(self, clusters: tuple[int, ...]) -> PreviewJob:
        without = self._has_doubles(clusters)
        return self._session.statistics.preview_job(clusters, without_doubles=without)

    def _has_doubles(self, clusters: tuple[int, ...]) -> bool:
        """Whether it is suggested to set spikes aside that were detected twice."""
        found = [s.evidence.n_doubles for s in self._rows if set(s.clusters) == set(clusters)]
        return any(found)

    def _receive(self, preview: Preview | None) -> None:
        super()._receive(preview)
        self._follow_selection()

    def _follow_selection(self) -> None:
        """What is previewed has its colours only as long as it is what is selected."""
        preview, selected = self.figure.preview, self._session.shown.selection.clusters
        if preview is None:
            return
        is_selected = set(preview.clusters) == set(selected)
        self.metrics.setEnabled(is_selected)
        if is_selected:
            places = [selected.index(c) for c in preview.clusters]
            self.figure.set_places(places, own=self._session.shown.snapshot().colors)
        else:
            self.figure.set_places(None, f"{in_words(preview.clusters)}: not what is selected now")

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
        self._session.merge(clusters, without_doubles=self._has_doubles(clusters))
        self._go_on(following)
