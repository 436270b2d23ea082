"""Preparing many datasets at once, on as many workers as there are.

The pieces of all datasets are handed to an executor (:mod:`~phygui.prepare.workers`, or Dask by
:mod:`~phygui.prepare.cluster`), each as soon as what it needs is there. A piece that fails is tried
once more; if it fails again, its dataset has failed and no other.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from typing import Any, Protocol

from phygui.errors import Cancelled, DatasetError
from phygui.prepare.cluster import Cluster, has_dask
from phygui.prepare.one import Stages, prepare_in_stages
from phygui.prepare.order import Order, Prepared
from phygui.prepare.starting import Starting
from phygui.prepare.tasks import Done, Task, do
from phygui.prepare.workers import Workers
from phygui.storage.state.prepared import remember_folder
from phygui.storage.system import total_memory
from phygui.words import error_in_words

ASK_S = 0.2
"""Seconds after which whether it is cancelled is asked again."""
AHEAD = 2
"""Pieces for each worker that are handed out: more would wait there."""
TRIES = 2


class Executor(Protocol):
    """Who does pieces of work."""

    @property
    def n_jobs(self) -> int:
        """Pieces that it does at the same time, as of now."""

    @property
    def looks_first(self) -> bool:
        """Whether what is left to do is to be known, as of now, before any of it is done."""

    def submit(self, function: Callable[..., Any], *args: Any) -> Future[Any]: ...

    def close(self, *, now: bool = False) -> None: ...


@dataclass(frozen=True)
class Event:
    """A dataset has begun, or a piece of it has come in.

    Attributes
    ----------
    order : Order
        The dataset.
    share : float
        About how much of it is done, 1 at the end.
    what : str
        What was done.
    prepared : Prepared or None
        What came of it, at its end.
    """

    order: Order
    share: float
    what: str
    prepared: Prepared | None = None


def workers(
    n_jobs: int | None = None,
    memory: int | None = None,
    scheduler: str | None = None,
    *,
    dask: bool | None = None,
) -> Executor:
    """Who does the work: processes of this machine, or those of a cluster.

    Parameters
    ----------
    n_jobs : int, optional
        Processes; by default one a core.
    memory : int, optional
        Bytes that each may take; by default its share of the machine's, where the system tells
        how much that has.
    scheduler : str, optional
        Address of a scheduler of Dask; the other two are then that cluster's.
    dask : bool, optional
        Whether processes of this machine are Dask's; by default where it is installed, and there
        are to be several.

    Raises
    ------
    DatasetError
        If Dask is asked for and is not installed, or nobody answers.
    """
    if scheduler is not None:
        return Cluster(scheduler=scheduler)
    n = n_jobs or n_cores()
    total = total_memory()
    memory = memory or (None if total is None else total // n)
    if dask if dask is not None else (has_dask() and n > 1):
        return Starting(n, memory)
    return Workers(n, memory)


def n_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def prepare_all(
    orders: Iterable[Order],
    executor: Executor,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Prepare datasets, and tell as pieces come in.

    Raises
    ------
    Cancelled
        If it was cancelled; who has called then ends the executor, now.
    """
    waiting = deque(_Running(order) for order in orders)
    for folder in {r.order.folder for r in waiting} - {None}:
        remember_folder(folder)  # type: ignore[arg-type]
    ready: deque[_Piece] = deque()
    running: dict[Future[Done], _Piece] = {}
    while waiting or ready or running:
        most = AHEAD * executor.n_jobs
        while len(running) < most and (ready or waiting):
            if not ready:
                begun = waiting.popleft()
                ready += begun.begin(executor.looks_first)
                yield Event(begun.order, 0.0, "begun")
            piece = ready.popleft()
            running[executor.submit(do, piece.task)] = piece
        done, _ = wait(running, ASK_S, FIRST_COMPLETED)
        if cancelled():
            raise Cancelled
        for future in done:
            piece = running.pop(future)
            dataset = piece.dataset
            try:
                result = future.result()
            except Exception as error:
                if dataset.problem:
                    continue
                if piece.n_tries < TRIES:
                    piece.n_tries += 1
                    ready.appendleft(piece)
                    continue
                dataset.problem = _in_words(error, dataset.order)
                dataset.result = Prepared(dataset.order.path, problem=dataset.problem)
                ready = deque(other for other in ready if other.dataset is not dataset)
                yield Event(dataset.order, 1.0, "failed", dataset.result)
                continue
            if dataset.problem:
                continue
            # Of a dataset that has begun comes all before of another one does: it may be kept open.
            ready.extendleft(reversed(dataset.take(piece, result)))
            yield Event(dataset.order, dataset.share, piece.task.what, dataset.result)


class _Running:
    """A dataset that is being prepared."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.problem = ""
        self.result: Prepared | None = None
        self.share = 0.0
        self._stages: Stages
        self._results: list[Done | None] = []
        self._stage = 0

    def begin(self, looks_first: bool) -> list[_Piece]:
        self._stages = prepare_in_stages(self.order, looks_first=looks_first)
        return self._pieces(next(self._stages))

    def _pieces(self, tasks: list[Task]) -> list[_Piece]:
        self._results = [None] * len(tasks)
        return [_Piece(self, task, place) for place, task in enumerate(tasks)]

    def take(self, piece: _Piece, result: Done) -> list[_Piece]:
        """Take what has come of a piece; gives those that may be done now."""
        self._results[piece.place] = result
        found = [each for each in self._results if each is not None]
        self.share = min(0.99, (self._stage + len(found) / len(self._results)) / 5)
        if len(found) < len(self._results):
            return []
        self._stage += 1
        try:
            return self._pieces(self._stages.send(found))
        except StopIteration as end:
            self.result, self.share = end.value, 1.0
            return []


@dataclass(eq=False)
class _Piece:
    dataset: _Running
    task: Task
    place: int
    n_tries: int = 1


def _in_words(error: Exception, order: Order) -> str:
    if isinstance(error, DatasetError):
        return str(error)
    if isinstance(error, MemoryError):
        return f"{order.path} takes more memory than a worker may have."
    return f"{order.path} could not be prepared ({error_in_words(error)})."
