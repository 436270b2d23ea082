"""From a session to what is exported of it: taken where it is edited, completed by a worker."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from phygui._version import __version__
from phygui.analysis import Metric
from phygui.curation.durability.sidecar import read_rejections
from phygui.curation.edits.update import Update
from phygui.curation.opened import Clusters
from phygui.curation.opened import Curation as Opened
from phygui.curation.session import Session
from phygui.curation.shown import Shown
from phygui.curation.statistics.cache import StatsCache
from phygui.curation.statistics.cluster_statistics import Learnt
from phygui.curation.statistics.partners import Partners
from phygui.curation.statistics.snapshot import ClusterStats
from phygui.curation.suggestions.kept import SuggestionsFile
from phygui.dataset import ClusteringState, Dataset, Key, ShankData
from phygui.exports.curation import Curation, Provenance, ShankCuration
from phygui.exports.measure import complete, find_partners, table_columns
from phygui.exports.spec import ExportError
from phygui.exports.work import Work
from phygui.words import no_such


@dataclass(frozen=True)
class Choice:
    """What of a dataset is exported.

    Attributes
    ----------
    groups : tuple of str, optional
        Names of the groups whose clusters are; by default all.
    clustering : str, optional
        By default the active one, and in other shanks the one of its name, or else the first.
    channel_group : int, optional
        The shank; by default all.
    with_all_edited : bool
        Whether clusterings that were edited are exported besides.
    """

    groups: tuple[str, ...] | None = None
    clustering: str | None = None
    channel_group: int | None = None
    with_all_edited: bool = False


@dataclass(frozen=True)
class _Taken:
    """An opened clustering as it was at one moment."""

    clusters: Clusters
    n_spikes: int
    largest_id: int
    updates: tuple[Update, ...]
    n_unsaved: int
    is_modified: bool
    stats: Mapping[int, ClusterStats]
    metrics: Mapping[int, dict[str, Metric]]
    prints: Mapping[int, str]
    partners: Partners

    @classmethod
    def of(cls, opened: Opened) -> _Taken:
        clusters, knowledge = opened.clusters_now(), opened.knowledge
        known = [c for c in clusters.spikes if knowledge.is_computed(c)]
        return cls(
            clusters,
            opened.clustering.n_spikes,
            opened.clustering.next_id - 1,
            opened.history.in_effect,
            opened.history.n_unsaved,
            opened.history.is_modified,
            {c: knowledge.stats[c] for c in known},
            {c: knowledge.metrics[c] for c in known if c in knowledge.metrics},
            {c: knowledge.prints[c] for c in known if c in knowledge.prints},
            knowledge.partners.copy(),
        )

    def state(self) -> ClusteringState:
        spike_clusters = np.empty(self.n_spikes, np.int32)
        for cluster_id, spike_ids in self.clusters.spikes.items():
            spike_clusters[spike_ids] = cluster_id
        living = self.clusters.spikes
        return ClusteringState(
            spike_clusters,
            self.clusters.groups,
            {c: dict(of) for c, of in self.clusters.labels.items() if of and c in living},
            self.clusters.group_names,
            self.largest_id,
        )


def take(
    session: Session, choice: Choice, *, refuse_unsaved: bool, needs_metrics: bool
) -> Callable[[Work], AbstractContextManager[Curation]]:
    """What a session holds now; what is returned completes it, in any thread.

    Called where the session is edited; it copies nothing of the size of the dataset.
    """
    with session.turns:
        workspace, keeper = session.workspace, session.journal.keeper
        dataset, shanks = workspace.dataset, dict(workspace.shanks)
        taken = {key: _Taken.of(opened) for key, opened in workspace.curations.items()}
        active, fresh, folder = workspace.key, workspace.fresh, keeper.folder
    date = datetime.now().astimezone()
    user = _user()

    def opened(key: Key) -> Opened:
        found = fresh(key)
        if key not in taken:
            return found
        known = taken[key]
        one = Opened.of(key, known.state())
        one.knowledge.measures = found.knowledge.measures
        one.knowledge.partners = known.partners
        one.knowledge.add(Learnt(one.knowledge, known.stats, known.metrics, known.prints))
        return one

    @contextmanager
    def gathering(work: Work) -> Iterator[Curation]:
        keys = _keys(dataset, choice, active)
        if choice.with_all_edited:
            keys += [
                key
                for key, of in taken.items()
                if (of.updates or of.is_modified) and key not in keys
            ]
        unsaved = sum(taken[key].n_unsaved for key in keys if key in taken)
        if unsaved and refuse_unsaved:
            edits = "an edit that is" if unsaved == 1 else f"{unsaved} edits that are"
            raise ExportError(
                f"{dataset.path} has {edits} not saved, and nothing was exported: "
                "save first, or have them included."
            )
        with ExitStack() as stack:
            found = []
            for i, key in enumerate(keys):
                work.step(i / len(keys), f"reading shank {key[0]}")
                shank = shanks.get(key[0])
                if shank is None:
                    shank = dataset.open(key[0])
                    stack.callback(shank.close)
                part = work.part(i / len(keys), (i + 1) / len(keys))
                cache = StatsCache(folder, shank) if needs_metrics else None
                found.append(_shank(shank, opened(key), choice.groups, cache, part))
            _check_groups(choice.groups, found)
            yield Curation(
                dataset,
                tuple(found),
                {key: taken[key].updates for key in keys if key in taken},
                {key: of.state() for key, of in taken.items() if of.is_modified},
                any(taken[key].is_modified for key in keys if key in taken),
                Provenance("phygui", __version__, date, user, dataset.path, dataset.format_name),
            )

    return gathering


def _keys(dataset: Dataset, choice: Choice, active: Key) -> list[Key]:
    """Shanks and clusterings that are exported."""
    groups = [g for g in dataset.channel_groups if g not in dataset.incomplete]
    if choice.channel_group is not None:
        if choice.channel_group not in dataset.channel_groups:
            raise ExportError(
                f"{dataset.path} has no shank {choice.channel_group}; there are "
                f"{', '.join(map(str, dataset.channel_groups))}."
            )
        groups = [choice.channel_group]
    keys = []
    for group in groups:
        known = dataset.clusterings.names(group)
        if choice.clustering is not None and choice.clustering not in known:
            what = no_such("clustering", repr(choice.clustering), known)
            raise ExportError(f"{dataset.path}, shank {group}: {what}")
        wanted = choice.clustering or active[1]
        keys.append((group, wanted if wanted in known else known[0]))
    return keys


def _check_groups(groups: tuple[str, ...] | None, shanks: list[ShankCuration]) -> None:
    names = dict.fromkeys(name for shank in shanks for name in shank.group_names.values())
    known = {name.casefold() for name in names}
    for group in groups or ():
        if group.casefold() not in known:
            raise ExportError(no_such("cluster group", repr(group), names))


def _shank(
    data: ShankData,
    opened: Opened,
    groups: tuple[str, ...] | None,
    cache: StatsCache | None,
    work: Work,
) -> ShankCuration:
    shown = Shown.of(opened, (opened,), shank=data, generation=0, is_editable=False)
    wanted = None if groups is None else {group.casefold() for group in groups}
    names = {c: shown.group_of(c) for c in sorted(shown.spikes_per_cluster)}
    ids = [c for c, name in names.items() if wanted is None or name.casefold() in wanted]
    if cache is not None:
        # Of all clusters: the quality of one goes by those that may be parts of the same unit.
        complete(shown, list(names), cache, work.part(0.0, 0.5))
        folder, group = cache.path.parent, data.channel_group
        kept = SuggestionsFile(folder, group, cache.data_print, cache.places)
        opened.suggestions.rejected = read_rejections(folder, group)
        find_partners(opened, shown, kept, work.part(0.5, 1.0))
    keys = sorted({key for c in ids for key in shown.labels_of(c)})
    return ShankCuration(
        data,
        opened.name,
        np.array(ids, np.int64),
        {c: names[c] for c in ids},
        {k: {c: shown.labels_of(c)[k] for c in ids if k in shown.labels_of(c)} for k in keys},
        table_columns(shown, ids),
        shown.spikes_per_cluster,
        {c: shown.stats[c] for c in ids if c in shown.stats},
        shown.group_names,
        opened.state(copy=False),
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
