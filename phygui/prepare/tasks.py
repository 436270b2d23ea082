"""The pieces that preparing a dataset is cut into, each done by whichever process has time.

A piece opens the dataset, takes what earlier pieces have left as files, computes and leaves files
itself: nothing but names and numbers goes from one process to another. A process keeps what it
opened last for the next piece of the same dataset.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from phygui.curation.statistics.ranking_spec import find_ranking
from phygui.dataset import Dataset, Key, open_dataset
from phygui.errors import Cancelled, DatasetError
from phygui.prepare.headless import Headless
from phygui.prepare.order import Order, ShankPrepared
from phygui.storage.arrays import scattered
from phygui.words import no_such

LOOK = "look"
"""A piece that tells what is left to do."""
BY_CLUSTER = ("stats", "metrics", "splits")
"""What is computed cluster by cluster, and may be cut."""
SPIKES_AT_ONCE = 1_000_000
"""Spikes up to which a dataset is one piece: to open it again and again would cost more."""
CHUNKS = 16
"""Pieces that each computation of a larger dataset is cut into, at most."""
LEAST_CLUSTERS = 8
"""Clusters of a piece, at least."""

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Task:
    """A piece of the work on one dataset.

    Attributes
    ----------
    run : str
        The same for all pieces of one run: they see the same clusters.
    what : str
        ``"begin"`` lists what is to be done, and does it where it is little; :data:`LOOK` lists it
        and does none of what goes by cluster; ``"rest"`` does what cannot be cut; or one of
        :data:`BY_CLUSTER`.
    key : (int, str), optional
        Shank and clustering.
    cluster_ids : tuple of int
        What is computed cluster by cluster is computed of these.
    """

    order: Order
    run: str
    what: str = "begin"
    key: Key | None = None
    cluster_ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class Done:
    """What a piece has come to.

    Attributes
    ----------
    shanks : tuple of ShankPrepared
        With what this piece has computed.
    left : mapping of (int, str) to (mapping of str to tuple of int)
        Of each clustering that is to be cut, the clusters that lack each of :data:`BY_CLUSTER`.
    """

    shanks: tuple[ShankPrepared, ...]
    seconds: float
    left: dict[Key, dict[str, tuple[int, ...]]] = field(default_factory=dict)


def do(
    task: Task, progress: Progress | None = None, cancelled: Callable[[], bool] | None = None
) -> Done:
    """Do a piece of work, in any process.

    Raises
    ------
    DatasetError
        If the dataset cannot be read, or what is computed not written.
    Cancelled
        If it was cancelled: what is computed is kept, but for the last part of it.
    """
    start = time.perf_counter()

    def tick() -> None:
        if cancelled is not None and cancelled():
            raise Cancelled

    say = progress or (lambda _, __: None)
    try:
        begins = task.what in ("begin", LOOK)
        done = _begin(task, say, tick) if begins else _piece(task, say, tick)
    except OSError as error:
        named = f" ({error.filename})" if error.filename else ""
        raise DatasetError(
            f"{task.order.path} could not be prepared: {error.strerror or error}{named}."
        ) from error
    return replace(done, seconds=time.perf_counter() - start)


def _begin(task: Task, say: Progress, tick: Callable[[], None]) -> Done:
    order = task.order
    if order.ranking is not None:
        try:
            find_ranking("similarity", order.ranking)
        except ValueError as error:
            raise DatasetError(f"{error}.") from error
    dataset = open_dataset(order.path)
    shanks, left = [], {}
    keys = wanted_keys(dataset, order)
    for i, key in enumerate(keys):
        with _Opened(replace(task, key=key), dataset) as opened:
            opened.recall()
            if task.what == LOOK or opened.shank.n_spikes > SPIKES_AT_ONCE:
                lacking = _lacking(opened, order)
                if any(lacking.values()):
                    left[key] = lacking
                    shanks.append(_told(opened, {}))
                    continue

            def part(done: float, what: str, i: int = i) -> None:
                say((i + done) / len(keys), what)

            computed = _by_clusters(opened, order, part, tick)
            shanks.append(_rest(opened, order, computed, part, tick))
    return Done(tuple(shanks), 0.0, left)


def _piece(task: Task, say: Progress, tick: Callable[[], None]) -> Done:
    with _Opened(task) as opened:
        opened.recall()
        # What earlier pieces were to leave may be missing: somebody has saved other clusters
        # meanwhile, or a file could not hold it all.
        if task.what == "rest":
            computed = _by_clusters(opened, task.order, say, tick)
            return Done((_rest(opened, task.order, computed, say, tick),), 0.0)
        ids = [c for c in task.cluster_ids if c in opened.shown.spikes_per_cluster]
        computed = {"stats": _compute("stats", opened, ids, tick)}
        if task.what == "splits":
            opened.recall_suggestions()
        if task.what != "stats":
            computed[task.what] = _compute(task.what, opened, ids, tick)
        return Done((_told(opened, computed),), 0.0)


_METHODS = {
    "stats": Headless.learn_stats,
    "metrics": Headless.learn_metrics,
    "splits": Headless.look_for_splits,
}


def _compute(what: str, opened: Headless, ids: list[int], tick: Callable[[], None]) -> int:
    if ids:
        # Not before: where all is known, to bring the compiler in would take longer than the rest.
        scattered.load()
    return _METHODS[what](opened, ids, tick)


def _by_cluster(order: Order) -> list[str]:
    return [what for what in BY_CLUSTER if order.wants(what)]


def _lacking(opened: Headless, order: Order) -> dict[str, tuple[int, ...]]:
    """The clusters that lack each of what is computed by cluster."""
    wanted = _by_cluster(order)
    if "splits" in wanted and not opened.lacking("stats"):
        # Before, what is kept cannot be taken over: it may be that nothing lacks.
        opened.recall_suggestions()
    return {what: tuple(opened.lacking(what)) for what in wanted}


def _by_clusters(
    opened: Headless, order: Order, say: Progress, tick: Callable[[], None]
) -> dict[str, int]:
    computed = {}
    wanted = _by_cluster(order)
    for i, what in enumerate(wanted):
        say(i / (len(wanted) + 1), what)
        if what == "splits":
            opened.recall_suggestions()
        ids = opened.lacking(what)
        # Small groups: what is computed is kept soon.
        computed[what] = sum(
            _compute(what, opened, ids[at : at + _AT_ONCE], tick)
            for at in range(0, len(ids), _AT_ONCE)
        )
    return computed


_AT_ONCE = 128
"""Clusters that are computed together, as a window does."""


def _rest(
    opened: Headless,
    order: Order,
    computed: dict[str, int],
    say: Progress,
    tick: Callable[[], None],
) -> ShankPrepared:
    """What cannot be cut, once all that can be is done."""
    say(0.8, "suggestions")
    if order.wants("merges") or order.wants("splits"):
        opened.recall_suggestions()
    if order.wants("similarity"):
        computed["similarity"] = opened.compare(tick)
    if order.wants("merges"):
        computed["merges"] = opened.look_for_merges(tick)
    curation = opened.curation
    n_merges = len(curation.suggestions.ranked()) if order.wants("merges") else None
    n_splits = len(curation.splits.ranked()) if order.wants("splits") else None
    n_candidates = opened.n_candidates() if order.wants("groups") else None
    if order.wants("previews"):
        suggested = {"merges": n_merges, "splits": n_splits, "candidates": n_candidates}
        computed["previews"] = opened.draw_previews(suggested)
    return replace(
        _told(opened, computed), n_merges=n_merges, n_splits=n_splits, n_candidates=n_candidates
    )


def _told(opened: Headless, computed: dict[str, int]) -> ShankPrepared:
    clusters = opened.shown.spikes_per_cluster
    return ShankPrepared(*opened.key, len(clusters), opened.shank.n_spikes, computed)


def wanted_keys(dataset: Dataset, order: Order) -> list[Key]:
    """Shanks and clusterings that are prepared.

    Raises
    ------
    DatasetError
        If there is no such shank, or no such clustering.
    """
    store = dataset.clusterings
    groups = [g for g in dataset.channel_groups if g not in dataset.incomplete]
    if order.channel_group is not None:
        groups = [order.channel_group]
        if order.channel_group not in dataset.channel_groups:
            there = ", ".join(map(str, dataset.channel_groups))
            raise DatasetError(
                f"{dataset.path} has no shank {order.channel_group}; there are {there}."
            )
    found = []
    for group in groups:
        names = store.names(group)
        if order.clustering is not None and order.clustering not in names:
            what = no_such("clustering", repr(order.clustering), names)
            raise DatasetError(f"{dataset.path}, shank {group}: {what}")
        usual = next((n for n in names if not store.is_protected((group, n))), names[0])
        found.append((group, order.clustering or usual))
    return found


def cut(cluster_ids: Iterable[int], n_chunks: int = CHUNKS) -> list[tuple[int, ...]]:
    """Clusters in pieces of about the same number; neighbours stay together."""
    ids = tuple(cluster_ids)
    size = max(LEAST_CLUSTERS, -(-len(ids) // n_chunks))
    return [ids[at : at + size] for at in range(0, len(ids), size)]


# -- what a process has open ------------------------------------------------------------------


class _Opened:
    """A clustering that is open: the one of before, where it is the same run's."""

    _lock = threading.Lock()
    _kept: tuple[tuple[str, Key | None], Headless] | None = None

    def __init__(self, task: Task, dataset: Dataset | None = None) -> None:
        self._name = (task.run, task.key)
        self._task = task
        self._dataset = dataset

    def __enter__(self) -> Headless:
        with _Opened._lock:
            kept, _Opened._kept = _Opened._kept, None
        if kept is not None and kept[0] == self._name:
            self._now = kept[1]
        else:
            if kept is not None:
                kept[1].close()
            assert self._task.key is not None
            dataset = self._dataset or open_dataset(self._task.order.path)
            self._now = Headless(dataset, self._task.key, self._task.order)
        return self._now

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and self._task.what not in ("rest", LOOK):
            with _Opened._lock:
                kept, _Opened._kept = _Opened._kept, (self._name, self._now)
            if kept is not None:
                kept[1].close()
        else:
            self._now.close()


def close_opened() -> None:
    """Close what this process has still open."""
    with _Opened._lock:
        kept, _Opened._kept = _Opened._kept, None
    if kept is not None:
        kept[1].close()
