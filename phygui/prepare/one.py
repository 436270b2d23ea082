"""Preparing one dataset: here and now, or as pieces that others do."""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from dataclasses import replace
from pathlib import Path

from phygui.dataset import Key
from phygui.errors import Cancelled, DatasetError
from phygui.prepare.order import WHAT, Order, Prepared, ShankPrepared, chosen
from phygui.prepare.tasks import BY_CLUSTER, LOOK, Done, Progress, Task, close_opened, cut, do
from phygui.storage.state.prepared import remember_folder

Stages = Generator[list[Task], list[Done], Prepared]
"""Gives pieces that may be done at the same time, takes what came of them, and so on."""


def prepare(
    path: str | os.PathLike[str],
    *,
    channel_group: int | str = "all",
    clustering: str | None = None,
    what: Iterable[str] = WHAT,
    folder: str | os.PathLike[str] | None = None,
    ranking: str | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Prepared:
    """Compute what a window would compute of a dataset, so that it finds it when it opens.

    No session is opened, nothing is locked, and the dataset itself is not changed. What is known
    already is taken; the numbers are those of the window's background, bit for bit.

    Parameters
    ----------
    path : path
        Its file or folder.
    channel_group : int or ``"all"``
        The shank.
    clustering : str, optional
        By default the first one of each shank that may be edited. It is taken as it was saved.
    what : iterable of str
        Some of :data:`WHAT`; what these need is done too.
    folder : path, optional
        Where the files go, where none may be written beside the dataset; one for many datasets.
        It is remembered, and sessions of this user look there.
    ranking : str, optional
        Name of the similarity that every two clusters are compared by; see
        :func:`phygui.curation.rankings`. Merges that are suggested by another one than that of the
        program are not kept.
    progress : callable, optional
        Called with a share of 1 and what is being done.
    cancelled : callable, optional
        Asked often whether to end.

    Returns
    -------
    Prepared
        It can be pickled.

    Raises
    ------
    DatasetError
        If the dataset cannot be read, or the files not written.
    Cancelled
        If it was cancelled. The next time goes on about there.
    """
    order = order_of(path, channel_group, clustering, what, folder, ranking)
    if order.folder is not None:
        remember_folder(order.folder)
    stages = prepare_in_stages(order)
    tell = progress or (lambda _, __: None)
    n_done = 0
    try:
        pieces = next(stages)
        while True:
            results = []
            for i, piece in enumerate(pieces):
                if cancelled is not None and cancelled():
                    raise Cancelled
                whole = len(pieces) == 1 and piece.what == "begin"
                tell(0.0 if whole else (n_done + i / len(pieces)) / 5, piece.what)
                results.append(do(piece, tell if whole else None, cancelled))
            n_done += 1
            pieces = stages.send(results)
    except StopIteration as end:
        tell(1.0, "done")
        prepared: Prepared = end.value
        return prepared
    finally:
        close_opened()


def order_of(
    path: str | os.PathLike[str],
    channel_group: int | str = "all",
    clustering: str | None = None,
    what: Iterable[str] = WHAT,
    folder: str | os.PathLike[str] | None = None,
    ranking: str | None = None,
) -> Order:
    """What :func:`prepare` is asked for, as one value.

    Raises
    ------
    DatasetError
        If it makes no sense.
    """
    if not (channel_group == "all" or isinstance(channel_group, int)):
        raise DatasetError(f"A shank is a number or 'all', not {channel_group!r}.")
    return Order(
        Path(path).expanduser().absolute(),
        None if channel_group == "all" else int(channel_group),
        clustering,
        chosen(what),
        None if folder is None else Path(folder).expanduser().absolute(),
        ranking,
    )


def prepare_in_stages(order: Order, *, looks_first: bool = False) -> Stages:
    """The pieces that a dataset is prepared in; what needs another comes after it.

    Parameters
    ----------
    order : Order
    looks_first : bool
        Whether the first one is to do nothing of what takes long, where there is any such.
    """
    run = secrets.token_hex(8)
    seconds = 0.0
    if looks_first:
        (seen,) = yield [Task(order, run, LOOK)]
        if not seen.left:
            return Prepared(order.path, seen.shanks, seen.seconds)
        seconds += seen.seconds
    (begun,) = yield [Task(order, run)]
    seconds += begun.seconds
    shanks = {(of.channel_group, of.clustering): of for of in begun.shanks}
    counts: dict[Key, Counter[str]] = {key: Counter(of.computed) for key, of in shanks.items()}

    def add(done: Iterable[Done]) -> None:
        nonlocal seconds
        for each in done:
            seconds += each.seconds
            for of in each.shanks:
                key = of.channel_group, of.clustering
                shanks[key] = of
                counts[key].update(of.computed)

    if begun.left:
        for what in BY_CLUSTER:
            if order.wants(what):
                pieces = [
                    Task(order, run, what, key, ids)
                    for key, lacking in begun.left.items()
                    for ids in cut(lacking[what])
                ]
                if pieces:
                    add((yield pieces))
        add((yield [Task(order, run, "rest", key) for key in begun.left]))
    told: tuple[ShankPrepared, ...] = tuple(
        replace(of, computed=dict(counts[key])) for key, of in shanks.items()
    )
    return Prepared(order.path, told, seconds)
