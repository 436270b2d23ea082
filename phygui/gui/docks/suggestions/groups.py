"""The dock of group candidates: clusters that may be noise or MUA, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QMenu, QPushButton

from phygui.curation.edits.update import EditError
from phygui.curation.suggestions.grouping.group_rules import GROUPS, rules_told
from phygui.curation.suggestions.grouping.groups import GroupCandidate
from phygui.dataset.groups import GROUP_TITLES, UNSORTED
from phygui.gui.base.context import WindowContext
from phygui.gui.base.theme import color, group_color, plain_tip
from phygui.gui.docks.suggestions.listing import SuggestionList, Wording
from phygui.gui.tables.plain_table import Cell

WORDING = Wording(
    name="candidates",
    title="Group candidates",
    tab="Candidates",
    columns=("cluster", "group", "spikes", "reasons"),
    tips=(
        "the undecided cluster",
        "the group that it may belong to",
        "number of spikes",
        "what the rules say of it (Dataset > Candidates > Group rules...)",
    ),
    verb="Accept",
    accept_tip="move the cluster to the group (Alt+Return)",
    reject_tip="do not list this cluster again (Alt+Backspace)",
    act="a group for",
    hint="go to a candidate (Alt+Down) to see in every view whether it is noise or MUA",
    searching="computing the metrics that the rules go by ...",
    none="no cluster is a candidate for a group",
    no_data="",
    unchosen="go to a group candidate first",
)
SETTING = "group_rules"
"""The rules of the user, for all datasets; absent as long as they are the defaults."""


class CandidatesDock(SuggestionList[GroupCandidate]):
    """Clusters that may be noise or MUA; the current one is selected.

    Signals
    -------
    rules_wanted
        The user wants to see the rules.
    """

    rules_wanted = Signal()

    def __init__(self, window: WindowContext) -> None:
        self.all_button = QPushButton("Accept all")
        self._hint = WORDING.hint
        super().__init__(window, WORDING)
        kept = rules_told(window.settings.get(SETTING))
        if kept is not None:
            self._session.suggestions.groups.rules = kept
        self.table.wide = len(WORDING.columns) - 1
        self._session.stats_changed.connect(lambda _: self.refresh())

    def _add_to(self, row: QHBoxLayout) -> None:
        menu = QMenu(self.all_button)
        self._all_actions = {}
        for group in ("", *GROUPS):
            action = menu.addAction("")
            action.triggered.connect(
                lambda _, group=group: self._window.attempt(lambda: self.accept_all(group))
            )
            self._all_actions[group] = action
        menu.addSeparator()
        menu.addAction("Group rules...").triggered.connect(lambda _: self.rules_wanted.emit())
        self.all_button.setMenu(menu)
        self.all_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.all_button.setToolTip("move all that are listed, as one edit (Alt+Shift+Return)")
        row.addWidget(self.all_button)

    # -- what is listed ------------------------------------------------------------------------

    def _ranked(
        self,
        skips: Callable[[int], bool],
        *,
        rejected: bool = False,
        among: Mapping[int, NDArray[Any]] | None = None,
    ) -> list[GroupCandidate]:
        # Candidates are undecided: navigation passes over none of them.
        source = None if among is None else self._session.shown
        return self._session.suggestions.group_candidates(rejected=rejected, source=source)

    def _progress(self) -> tuple[int, int]:
        return self._session.suggestions.groups.progress(self._session.shown)

    def _cells(self, candidate: GroupCandidate) -> list[Cell]:
        cluster_id = candidate.cluster_id
        n_spikes = len(self._session.shown.spikes_per_cluster[cluster_id])
        dim = color("dim") if candidate.is_rejected else None
        tip = "\n".join(candidate.reasons) + ("\nrejected" if candidate.is_rejected else "")
        title = GROUP_TITLES[GROUPS[candidate.group]]
        hue = dim or group_color(candidate.group)
        return [
            Cell(str(cluster_id), color=dim, tip=tip),
            Cell(title, color=hue, tip=tip, left=True),
            Cell(f"{n_spikes:,d}", color=dim, tip=tip),
            Cell(candidate.in_words(), color=dim, tip=tip, left=True),
        ]

    def _lives(self, clusters: tuple[int, ...]) -> bool:
        """Whether it may be accepted: a cluster that is decided is no candidate any more."""
        unsorted = self._session.shown.group_names[UNSORTED]
        return super()._lives(clusters) and all(
            self._session.group_of(c) == unsorted for c in clusters
        )

    def _say(self) -> None:
        groups = self._session.suggestions.groups
        done, total = self._progress()
        text = "1 candidate" if len(self._rows) == 1 else f"{len(self._rows)} candidates"
        if done < total:
            text += f", {done} of {total} clusters judged"
        elif not self._rows and self._current is None:
            self._tell(WORDING.none)
        elif self._hint == WORDING.none:
            self._tell(WORDING.hint)
        if n := len(groups.problems):
            text += f", {n} rule{'s' if n > 1 else ''} not used"
        self.note.setText(text)
        self.note.setToolTip(plain_tip("\n".join([text, *groups.problems])))

    def _mark(self) -> None:
        super()._mark()
        if self._current is None:
            self._show_evidence(self._hint)
        is_editable = self._session.shown.is_editable
        counts = dict.fromkeys(GROUPS, 0)
        for candidate in self._rows:
            counts[candidate.group] += not candidate.is_rejected
        for group, action in self._all_actions.items():
            n = counts[group] if group else sum(counts.values())
            title = f"All {GROUP_TITLES[GROUPS[group]]}" if group else "All"
            action.setText(f"{title} ({n})")
            action.setEnabled(n > 0 and is_editable)

    def _tell(self, hint: str) -> None:
        self._hint = hint
        self._mark()

    # -- what the user makes of them -----------------------------------------------------------

    def _show(self, clusters: tuple[int, ...]) -> None:
        self._current, self._awaits_from = clusters, None
        self._window.attempt(lambda: self._session.select(clusters))
        self._mark()

    def _is_rejected(self, clusters: tuple[int, ...]) -> bool:
        listed = self._session.suggestions.group_candidates(rejected=True)
        return any(c.is_rejected for c in listed if c.clusters == clusters)

    def _reject(self, clusters: tuple[int, ...], *, rejected: bool) -> None:
        self._session.suggestions.reject_candidates(clusters, rejected=rejected)

    def accept(self) -> None:
        """Move the current one to its group, and go on to the next."""
        clusters = self._needed()
        if self._goes_back(clusters):
            return
        following = self._after(clusters)
        self._session.suggestions.accept_candidates(clusters)
        self._go_on(following)

    def accept_all(self, group: str = "") -> None:
        """Move all candidates to their groups as one edit, or all for one group."""
        found = self._session.suggestions.group_candidates()
        wanted = [c.cluster_id for c in found if group in ("", c.group)]
        if not wanted:
            title = f" for {GROUP_TITLES[GROUPS[group]]}" if group else " for a group"
            raise EditError(f"no cluster is a candidate{title}")
        self._session.suggestions.accept_candidates(wanted)
