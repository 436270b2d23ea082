"""``phygui prepare``: many datasets, computed ahead by all cores or a cluster."""

from __future__ import annotations

import glob
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from phygui._isolation import leave_current_folder
from phygui.commands.telling import INTERRUPTED, say
from phygui.words import plain

if TYPE_CHECKING:
    from phygui.prepare.archive import Event
    from phygui.prepare.order import Prepared

FAILED = 1


def _size(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    """Bytes: 2GB, 500 MB, 1.5GiB."""
    if text is None:
        return None
    told = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*([kmgt]?)(i?)b?\s*", text, re.IGNORECASE)
    if told is None:
        raise click.BadParameter(f"{text!r} is no size such as 2GB")
    number, unit, binary = float(told[1]), told[2].lower(), told[3]
    return int(number * (1024 if binary else 1000) ** " kmgt".index(unit or " "))


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="Processes (one a core).")
@click.option("--scheduler", metavar="ADDRESS", help="Dask's, of a cluster: tcp://HOST:8786.")
@click.option("--what", metavar="NAMES", help="Only some: stats,metrics,similarity,splits,merges,"
              "groups,previews.")  # fmt: skip
@click.option("--clustering", metavar="NAME", help="The clustering (main).")
@click.option("--channel-group", default="all", metavar="N", help="The shank, or all.")
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="Where the results go, for data that may not be written beside.")  # fmt: skip
@click.option("--ranking", metavar="NAME", help="Compare clusters by another similarity.")
@click.option("--memory", callback=_size, metavar="SIZE", help="Of each process, such as 2GB.")
@click.option("--json", "as_json", is_flag=True, help="Tell the end as JSON.")
def prepare(
    paths: tuple[str, ...],
    jobs: int | None,
    scheduler: str | None,
    what: str | None,
    clustering: str | None,
    channel_group: str,
    folder: Path | None,
    ranking: str | None,
    memory: int | None,
    as_json: bool,
) -> None:
    """Compute statistics, metrics and suggestions of datasets, for windows to find.

    PATH is a dataset, a folder in which all are prepared, or a pattern such as 'day*/*.kwik'.
    Datasets are only read, and may be open in a window. What is known already is not computed
    again. Ctrl+C leaves whole files only, and the next time goes on there.
    """
    from phygui.errors import DatasetError
    from phygui.prepare.archive import prepare_all, workers
    from phygui.prepare.one import order_of
    from phygui.prepare.order import WHAT, Prepared

    if channel_group != "all" and not channel_group.isdecimal():
        raise click.UsageError(f"--channel-group is a number or 'all', not {channel_group!r}")
    group: int | str = "all" if channel_group == "all" else int(channel_group)
    names = WHAT if what is None else [name.strip() for name in what.split(",")]
    results: list[Prepared] = []
    try:
        found = _datasets(paths)
        orders = [order_of(path, group, clustering, names, folder, ranking) for path, _ in found]
        results = [Prepared(path, problem=problem) for path, problem in found if problem]
        orders = [order for order, (_, problem) in zip(orders, found, strict=True) if not problem]
        # The largest first: where one of them came last, all other workers would wait for it.
        orders.sort(key=lambda order: -_n_bytes(order.path))
        # Dask takes a library that is kept from reading anything in the folder of a dataset.
        leave_current_folder()
        with _stopped_as_by_ctrl_c(), _bars([order.path for order in orders]) as show:
            if orders:
                executor = workers(jobs, memory, scheduler)
                try:
                    for event in prepare_all(orders, executor):
                        show(event)
                        if event.prepared is not None:
                            results.append(event.prepared)
                except BaseException:
                    executor.close(now=True)
                    raise
                executor.close()
    except KeyboardInterrupt:
        _tell(results, as_json)
        say("phygui: stopped; what is done is kept", err=True)
        sys.exit(INTERRUPTED)
    except DatasetError as error:
        say(f"phygui: {error}", err=True)
        sys.exit(2)
    _tell(results, as_json)
    if any(of.problem for of in results):
        sys.exit(FAILED)


def _datasets(paths: Iterable[str]) -> list[tuple[Path, str]]:
    """The datasets that are meant, each once, and why one that is meant cannot be read."""
    from phygui.archive.finding import find, holds_datasets
    from phygui.errors import DatasetError

    found: dict[Path, str] = {}
    for text in paths:
        named = [text]
        if not os.path.lexists(text) and glob.has_magic(text):
            named = sorted(glob.glob(os.path.expanduser(text), recursive=True))
            if not named:
                raise DatasetError(f"Nothing fits {text}.")
        for name in named:
            path = Path(name).expanduser().absolute()
            if holds_datasets(path):
                found |= {each.path: each.problem for each in find(path)}
            elif path.is_dir() and len(named) > 1:
                continue
            else:
                found.setdefault(path, "")
    return list(found.items())


def _n_bytes(path: Path) -> int:
    """About how large a dataset is."""
    try:
        if path.is_dir():
            with os.scandir(path) as entries:
                return sum(entry.stat().st_size for entry in entries if entry.is_file())
        return path.stat().st_size
    except OSError:
        return 0


@contextmanager
def _stopped_as_by_ctrl_c() -> Iterator[None]:
    """Who tells the process to end lets it tidy up first, however often it is told."""
    signals = (signal.SIGINT, signal.SIGTERM)

    def stop(*_: object) -> None:
        # To the end of the process: what libraries do there is not to be interrupted either.
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {each: signal.signal(each, stop) for each in signals}
    try:
        yield
    finally:
        for each, handler in before.items():
            if signal.getsignal(each) is stop:
                signal.signal(each, handler)


@contextmanager
def _bars(paths: Sequence[Path]) -> Iterator[Callable[[Event], None]]:
    """Progress on the terminal: a bar of all datasets, and one of each that is under way.

    Of more datasets than the terminal has lines for, some have none.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from tqdm import tqdm

    size = shutil.get_terminal_size()
    width = min(40, max(10, size.columns // 3))
    start = os.path.commonpath([path.parent for path in paths]) if paths else ""
    look: dict[str, Any] = {"dynamic_ncols": True, "leave": False, "file": sys.stderr}
    overall = tqdm(total=len(paths), desc=_fitting("all", width), bar_format=_ALL, **look)
    bars: dict[Path, Any] = {}

    def show(event: Event) -> None:
        path, is_done = event.order.path, event.prepared is not None
        if path not in bars and not is_done and len(bars) < size.lines - _LINES_LEFT:
            name = _fitting(plain(os.path.relpath(path, start)), width)
            bars[path] = tqdm(total=100, desc=name, bar_format=_ONE, **look)
        if path in bars:
            bar = bars[path]
            bar.update(round(100 * event.share) - bar.n)
            if is_done:
                bars.pop(path).close()
        overall.update(is_done)
        for bar in (overall, *bars.values()):
            # How long each has taken goes on also where nothing has come in of it.
            bar.refresh()

    try:
        yield show
    finally:
        for bar in (*reversed(bars.values()), overall):
            bar.close()


_ONE = "{desc} {percentage:3.0f}% |{bar}| {elapsed}"
_ALL = "{desc} {percentage:3.0f}% |{bar}| {n_fmt} of {total_fmt}, {elapsed}"
_LINES_LEFT = 3
"""Of the terminal, without bars of datasets: that of all, what was typed, and the cursor's."""


def _fitting(name: str, width: int) -> str:
    """A name in so many characters; of a path, the end says which it is."""
    return name.ljust(width) if len(name) <= width else f"…{name[1 - width :]}"


def _tell(results: list[Prepared], as_json: bool) -> None:
    ordered = sorted(results, key=lambda of: str(of.path))
    if as_json:
        click.echo(json.dumps([of.as_json() for of in ordered], indent=1))
        return
    if not ordered:
        return
    start = os.path.commonpath([str(of.path.parent) for of in ordered])
    rows = [("dataset", "clusters", "time", "")]
    for of in ordered:
        name = plain(os.path.relpath(of.path, start))
        said = f"failed: {plain(of.problem)}" if of.problem else _computed(of)
        clusters = "" if of.problem else str(of.n_clusters)
        rows.append((name, clusters, f"{of.seconds:.1f} s", said))
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    for name, clusters, time, said in rows:
        line = f"{name:{widths[0]}}  {clusters:>{widths[1]}}  {time:>{widths[2]}}  {said}"
        click.echo(line.rstrip())


def _computed(of: Prepared) -> str:
    new = {what: n for what, n in of.computed.items() if n}
    if not new:
        return "all was known"
    merges, splits, candidates = (
        sum(getattr(shank, name) or 0 for shank in of.shanks)
        for name in ("n_merges", "n_splits", "n_candidates")
    )
    return f"{merges} merges, {splits} splits, {candidates} candidates"
