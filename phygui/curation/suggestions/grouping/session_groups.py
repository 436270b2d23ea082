"""Which clusters of a session may be noise or MUA, by which rules, and what was turned down."""

from __future__ import annotations

from collections.abc import Iterable

from phygui.curation.announcements import Announcements
from phygui.curation.durability.edit_journal import Keeper
from phygui.curation.durability.sidecar import read_rejected_clusters, write_rejected_clusters
from phygui.curation.edits.session_edits import SessionEdits
from phygui.curation.edits.update import EditError, Update, in_words
from phygui.curation.navigation.columns import ClusterSource
from phygui.curation.suggestions.grouping.group_rules import DEFAULTS, GROUPS, Rule, ready
from phygui.curation.suggestions.grouping.groups import GroupCandidate, GroupCandidates
from phygui.curation.workspace import Workspace
from phygui.dataset.groups import UNSORTED

KIND = "groups"
"""What the file of rejections is called after."""


class SessionGroups:
    """Candidates for Noise and MUA in the active clustering; they never move a cluster themselves.

    Rejections are kept for later sessions.

    Attributes
    ----------
    problems : list of str
        Which rules are not used and why, one sentence each.
    """

    def __init__(
        self,
        workspace: Workspace,
        edits: SessionEdits,
        keeper: Keeper,
        tell: Announcements,
        now: ClusterSource,
    ) -> None:
        self._workspace = workspace
        self._edits = edits
        self._keeper = keeper
        self._tell = tell
        self._now = now
        self._rules: tuple[Rule, ...] = DEFAULTS
        self._candidates: dict[tuple[int, str], GroupCandidates] = {}
        self._rejected: dict[int, set[str]] = {}
        self.problems: list[str] = []
        tell.stats_changed.connect(self._learn)
        tell.located.connect(self._forget)

    # -- rules -------------------------------------------------------------------------------

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in effect, also those that this dataset cannot be asked."""
        return self._rules

    @rules.setter
    def rules(self, rules: Iterable[Rule]) -> None:
        self._rules = tuple(rules)
        self._candidates.clear()
        self._tell.suggestions_changed.emit()

    def problem_of(self, rule: Rule) -> str:
        """What is wrong with a rule, in one sentence; empty if this dataset can be asked it."""
        return ready([rule], self._now)[1].get(rule, "")

    @property
    def active(self) -> GroupCandidates:
        """Those of the active clustering."""
        key = self._workspace.key
        if key not in self._candidates:
            self._candidates[key] = GroupCandidates()
            rules, problems = ready(self._rules, self._now)
            self.problems = [
                f"the rule {rule.expression!r} is not used: {words}"
                for rule, words in problems.items()
            ]
            self._candidates[key].set_rules(rules)
        group = self._workspace.active.channel_group
        if group not in self._rejected:
            self._rejected[group] = read_rejected_clusters(self._keeper.folder, group, KIND)
        found = self._candidates[key]
        # What was rejected is known by its spikes, whichever clustering it is in.
        found.rejected = self._rejected[group]
        return found

    def _learn(self, cluster_ids: tuple[int, ...]) -> None:
        key = self._workspace.key
        if key in self._candidates:
            self._candidates[key].forget(cluster_ids)

    def _forget(self) -> None:
        self._candidates.clear()

    # -- asking ------------------------------------------------------------------------------

    def group_candidates(
        self, *, rejected: bool = False, source: ClusterSource | None = None
    ) -> list[GroupCandidate]:
        """Clusters that may be noise or MUA, noise first, then by their ids.

        Those that are decided, in a group other than Unsorted, are not among them.

        Parameters
        ----------
        rejected : bool
            Also those that were turned down.
        source : ClusterSource, optional
            What clusters there are; by default as the session is now.
        """
        active, source = self.active, self._now if source is None else source
        found = [active.of(source, c) for c in self._undecided(source)]
        listed = [c for c in found if c is not None and (rejected or not c.is_rejected)]
        order = list(GROUPS)
        return sorted(listed, key=lambda c: (order.index(c.group), c.cluster_id))

    def progress(self, source: ClusterSource | None = None) -> tuple[int, int]:
        """Number of undecided clusters of which the rules have said all, and of all."""
        active, source = self.active, self._now if source is None else source
        pending = [active.is_pending(source, c) for c in self._undecided(source)]
        return len(pending) - sum(pending), len(pending)

    def _undecided(self, source: ClusterSource) -> list[int]:
        unsorted = source.group_names[UNSORTED]
        return [c for c in source.spikes_per_cluster if source.group_of(c) == unsorted]

    # -- what the user makes of them ---------------------------------------------------------

    def accept_candidates(self, cluster_ids: Iterable[int] | None = None) -> Update:
        """Move candidates to their groups as one edit; by default all, less those turned down.

        Raises
        ------
        EditError
            If one of them is no candidate, or there is none.
        """
        listed = {
            c.cluster_id: c.group for c in self.group_candidates(rejected=cluster_ids is not None)
        }
        wanted = list(listed) if cluster_ids is None else [int(c) for c in cluster_ids]
        self._insist(wanted, listed)
        return self._edits.move_each({c: listed[c] for c in wanted})

    def reject_candidates(self, cluster_ids: Iterable[int], *, rejected: bool = True) -> None:
        """Do not list some candidates any more, or do so again; kept for later sessions.

        That is no edit: nothing of the clustering changes.
        """
        wanted, active = [int(c) for c in cluster_ids], self.active
        self._insist(wanted, {c.cluster_id for c in self.group_candidates(rejected=True)})
        for cluster_id in wanted:
            active.reject(self._now, cluster_id, rejected=rejected)
        if not self._keeper.read_only:
            group = self._workspace.active.channel_group
            write_rejected_clusters(self._keeper.folder, group, KIND, active.rejected)
        self._tell.suggestions_changed.emit()

    def _insist(self, wanted: list[int], listed: Iterable[int]) -> None:
        """All that is wanted are candidates, and something is."""
        if not wanted:
            raise EditError("there are no candidates for a group")
        others = [c for c in dict.fromkeys(wanted) if c not in set(listed)]
        if others:
            are = "is no candidate" if len(others) == 1 else "are no candidates"
            raise EditError(f"{in_words(others)} {are} for a group")
