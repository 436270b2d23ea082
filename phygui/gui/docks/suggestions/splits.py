"""The dock of split suggestions: clusters that may be several units, and the parts proposed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray

from phygui.curation.edits.update import EditError
from phygui.curation.statistics.preview import Preview
from phygui.curation.suggestions.splitting.splits import SplitSuggestion
from phygui.gui.base.context import WindowContext
from phygui.gui.base.theme import color
from phygui.gui.docks.suggestions.listing import Wording
from phygui.gui.docks.suggestions.previewed import PreviewedList, PreviewJob
from phygui.gui.tables.plain_table import Cell

TITLES = ("cluster", "score", "parts", "apart", "spikes")
WORDING = Wording(
    name="splits",
    title="Split suggestions",
    tab="Splits",
    columns=TITLES,
    tips=(
        "the cluster that may be several units",
        "how likely it is more than one unit",
        "number of parts that are proposed",
        "how far apart the two nearest parts lie, in standard deviations",
        "spikes of each part",
    ),
    verb="Split",
    accept_tip="make a cluster of each part (Return)",
    reject_tip="never suggest this split again (Ctrl+Shift+Backspace)",
    act="splitting",
    hint="go to a suggestion (Ctrl+Shift+Down) or propose a split of the selected clusters "
    "(Shift+K) to see the parts",
    searching="looking for split suggestions ...",
    none="no splits are suggested",
    no_data="no suggestions: there are neither features nor raw data to split clusters by",
    unchosen="go to a split suggestion first",
)
ONE_PART = "this looks like one unit; + proposes two parts all the same"


class SplitsDock(PreviewedList[SplitSuggestion]):
    """Clusters that may be several units; whatever parts are proposed are previewed."""

    def __init__(self, window: WindowContext) -> None:
        super().__init__(window, WORDING)
        self._place = -1
        """The last row gone to, from which the walk goes on when that has been split."""
        session = self._session
        session.proposed.connect(self._follow)
        session.selection_changed.connect(lambda _: self._follow())

    def _ranked(
        self,
        skips: Callable[[int], bool],
        *,
        rejected: bool = False,
        among: Mapping[int, NDArray[Any]] | None = None,
    ) -> list[SplitSuggestion]:
        return self._session.suggestions.ranked_splits(skips, rejected=rejected, among=among)

    def _progress(self) -> tuple[int, int]:
        return self._session.suggestions.split_progress()

    def _cells(self, suggestion: SplitSuggestion) -> list[Cell]:
        evidence = suggestion.evidence
        texts = (
            str(suggestion.cluster),
            f"{evidence.score:.2f}",
            str(suggestion.parts.n_parts),
            f"{evidence.distance:.1f} SD",
            ", ".join(f"{n:,d}" for n in evidence.n_spikes),
        )
        tip = evidence.in_words() + ("\nrejected" if suggestion.is_rejected else "")
        dim = color("dim") if suggestion.is_rejected else None
        return [Cell(text, color=dim, tip=tip) for text in texts]

    def _is_rejected(self, clusters: tuple[int, ...]) -> bool:
        return self._session.suggestions.is_split_rejected(clusters[0])

    def _reject(self, clusters: tuple[int, ...], *, rejected: bool) -> None:
        self._session.suggestions.reject_split(clusters[0], rejected=rejected)
        if rejected:
            self._session.propose(None)

    def _row_after(self, step: int) -> int:
        if self._current in self._listed:
            return super()._row_after(step)
        return self._place if step > 0 else self._place - 1

    def _show(self, clusters: tuple[int, ...]) -> None:
        session = self._session
        # Also what is not in the list yet, when the next one is gone to.
        found = [s for s in self._ranked(lambda _: False, rejected=True) if s.clusters == clusters]

        def show() -> None:
            if not found:
                raise EditError(f"no split of {clusters[0]} is suggested any more")
            session.select(clusters)
            session.propose(found[0].parts)

        self._window.attempt(show)

    def _follow(self) -> None:
        """Other parts are shown, or none any more: preview them."""
        proposal = self._session.shown.proposal
        if proposal is None:
            if self._current is not None:
                self._show_nothing(self._wording.hint)
            return
        self._show_no_preview("" if proposal.parts.n_parts > 1 else ONE_PART)
        self._preview(proposal.parts.clusters)

    def _preview(self, clusters: tuple[int, ...]) -> None:
        super()._preview(clusters)
        if not self.is_on_screen:
            # What nobody sees is computed once it is seen.
            self._work.cancel()
            self._given_up = True

    def _preview_job(self, clusters: tuple[int, ...]) -> PreviewJob | None:
        return self._session.proposals.preview_job()

    def _is_wanted(self, preview: Preview) -> bool:
        proposal = self._session.shown.proposal
        return proposal is not None and preview.clusters == proposal.ids

    def _mark(self) -> None:
        super()._mark()
        if self._current in self._listed:
            self._place = self._listed.index(self._current)
        proposal = self._session.shown.proposal
        n_parts = 0 if proposal is None else proposal.parts.n_parts
        self.accept_button.setEnabled(n_parts > 1 and self._session.shown.is_editable)
        evidence = None if proposal is None else proposal.parts.evidence
        self._show_evidence("" if evidence is None else evidence.in_words())

    def accept(self) -> None:
        """Make a cluster of each part that is shown."""
        proposal = self._session.shown.proposal
        if proposal is None:
            raise EditError(self._wording.unchosen)
        self._session.split_into(proposal.parts)
