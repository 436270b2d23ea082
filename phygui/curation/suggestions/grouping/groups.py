"""Which clusters may be noise or MUA, by rules over their metrics: kept true as these come in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from phygui.curation.navigation.columns import ClusterSource
from phygui.curation.statistics.snapshot import spikes_print
from phygui.curation.suggestions.grouping.group_rules import ReadyRule, Verdict


@dataclass(frozen=True)
class GroupCandidate:
    """A cluster, the group that it may belong to, and why."""

    cluster_id: int
    group: str
    """``"noise"`` or ``"mua"``."""
    reasons: tuple[str, ...]
    """Such as "SNR 0.9 is below 1.5"."""
    is_rejected: bool = False

    @property
    def clusters(self) -> tuple[int]:
        """The cluster, as what is suggested for several has them."""
        return (self.cluster_id,)

    @property
    def evidence(self) -> GroupCandidate:
        """What speaks for it, as of all that is suggested."""
        return self

    def in_words(self) -> str:
        """Why, as one text."""
        return "; ".join(self.reasons)


class GroupCandidates:
    """The candidates among the clusters of one clustering.

    The first rule that holds for a cluster says for which group it is a candidate. As long as a
    rule before that one waits for a metric, nothing is said of the cluster. What a rule has said
    stays true as long as the cluster lives, so that an edit leaves nothing to do but the clusters
    that it makes.

    Attributes
    ----------
    rejected : set of str
        Clusters of which the user has turned down that they are candidates, by the fingerprints
        of their spikes.
    """

    def __init__(self) -> None:
        self.rejected: set[str] = set()
        self._rules: list[ReadyRule] = []
        self._verdicts: dict[int, list[Verdict]] = {}
        self._prints: dict[int, str] = {}

    def set_rules(self, rules: Iterable[ReadyRule]) -> None:
        """Go by other rules."""
        self._rules = list(rules)
        self._verdicts.clear()

    def forget(self, cluster_ids: Iterable[int] | None = None) -> None:
        """More is known of some clusters, or other data is there: ask the rules again."""
        if cluster_ids is None:
            self._verdicts.clear()
        for cluster_id in cluster_ids or ():
            self._verdicts.pop(cluster_id, None)

    def of(self, source: ClusterSource, cluster_id: int) -> GroupCandidate | None:
        """What the rules make of a living cluster, decided or not; None if it is no candidate."""
        group, reasons = "", []
        for rule, verdict in zip(self._rules, self._ask(source, cluster_id), strict=True):
            if verdict.is_pending and not group:
                return None
            if verdict.reasons and group in ("", rule.rule.group):
                group = rule.rule.group
                reasons += [reason for reason in verdict.reasons if reason not in reasons]
        if not group:
            return None
        return GroupCandidate(
            cluster_id, group, tuple(reasons), self.is_rejected(source, cluster_id)
        )

    def is_pending(self, source: ClusterSource, cluster_id: int) -> bool:
        """Whether a metric is not computed yet that decides what a cluster is a candidate for."""
        for verdict in self._ask(source, cluster_id):
            if verdict.is_pending or verdict.reasons:
                return verdict.is_pending
        return False

    def _ask(self, source: ClusterSource, cluster_id: int) -> list[Verdict]:
        known = self._verdicts.get(cluster_id)
        if known is None or len(known) != len(self._rules):
            known = [rule.judge(source, cluster_id) for rule in self._rules]
            self._verdicts[cluster_id] = known
            return known
        for place, rule in enumerate(self._rules):
            if known[place].is_pending or not rule.follows_spikes:
                known[place] = rule.judge(source, cluster_id)
        return known

    # -- rejections --------------------------------------------------------------------------

    def is_rejected(self, source: ClusterSource, cluster_id: int) -> bool:
        """Whether the user has turned down that a cluster is a candidate."""
        return bool(self.rejected) and self._print(source, cluster_id) in self.rejected

    def reject(self, source: ClusterSource, cluster_id: int, *, rejected: bool = True) -> None:
        """Do not list a cluster any more, or list it again."""
        key = self._print(source, cluster_id)
        (self.rejected.add if rejected else self.rejected.discard)(key)

    def _print(self, source: ClusterSource, cluster_id: int) -> str:
        key = source.knowledge.prints.get(cluster_id) or self._prints.get(cluster_id)
        if key is None:
            key = self._prints[cluster_id] = spikes_print(source.spikes_per_cluster[cluster_id])
        return key
