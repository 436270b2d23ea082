"""Many datasets on several workers: what fails is tried once more, and harms no other."""

from __future__ import annotations

import json
import math
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.queues import Queue
from pathlib import Path

import pytest
from click.testing import CliRunner

from phygui.cli import main
from phygui.commands import prepare as command
from phygui.prepare import Order, Prepared, tasks
from phygui.prepare import archive as driver
from phygui.prepare.archive import prepare_all
from phygui.prepare.cluster import Cluster
from phygui.prepare.one import order_of
from phygui.prepare.tasks import Task
from phygui.prepare.workers import WorkerDied, Workers
from tests.prepare.conftest import Here
from tests.prepare.test_prepare import alike, computed_by, found_in

ASK_MASK = (getattr(signal, "pthread_sigmask", None), getattr(signal, "SIG_BLOCK", None), ())
"""What a process is asked for: the signals that it does not hear."""


def orders_of(archive: Path, *names: str, what: str = "stats") -> list[Order]:
    return [order_of(archive / name / "simulated_small.kwik", what=what) for name in names]


def results(orders: list[Order], executor: Here) -> dict[str, Prepared]:
    events = prepare_all(orders, executor)
    done = [event.prepared for event in events if event.prepared is not None]
    assert len(done) == len(orders)
    return {of.path.parent.name: of for of in done}


def test_a_piece_that_fails_is_tried_once_more(archive: Path) -> None:
    def fails(task: Task, n: int) -> Exception | None:
        return (
            WorkerDied("it was ended by SIGKILL")
            if "one" in str(task.order.path) and n == 1
            else None
        )

    executor = Here(fails)
    done = results(orders_of(archive, "one", "two"), executor)
    assert not any(of.problem for of in done.values())
    assert len(executor.tried) == 3


def test_each_dataset_tells_that_it_begins(archive: Path) -> None:
    orders = orders_of(archive, "one", "two")
    told = [(event.order, event.what) for event in prepare_all(orders, Here()) if not event.share]
    assert told == [(order, "begun") for order in orders]


@pytest.mark.parametrize(
    ("name", "shown"),
    [("a/b.kwik", "a/b.kwik  "), ("mouse01/session.kwik", "…sion.kwik"), ("1234567890",) * 2],
)
def test_names_of_bars_are_of_one_length(name: str, shown: str) -> None:
    assert command._fitting(name, 10) == shown


def test_what_fails_again_is_told_and_harms_no_other(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "SPIKES_AT_ONCE", 0)

    def fails(task: Task, n: int) -> Exception | None:
        died = "two" in str(task.order.path) and task.what == "stats" and task.cluster_ids[0] == 0
        return WorkerDied("the process that worked on it was ended by SIGSEGV") if died else None

    executor = Here(fails)
    done = results(orders_of(archive, "one", "two", "three"), executor)
    assert "was ended by SIGSEGV" in done["two"].problem
    assert not done["one"].problem
    assert done["three"].computed["stats"] == 15


@pytest.mark.parametrize("error", [MemoryError(), OSError(28, "No space left on device")])
def test_what_goes_wrong_is_said_of_the_dataset(archive: Path, error: Exception) -> None:
    done = results(orders_of(archive, "one"), Here(lambda _, __: error))
    assert str(archive / "one") in done["one"].problem


def test_a_file_that_vanishes_is_told(archive: Path) -> None:
    orders = orders_of(archive, "one", "two")
    orders[0].path.unlink()
    done = results(orders, Here())
    assert "No such file" in done["one"].problem
    assert done["two"].computed["stats"] == 15


def test_a_process_that_dies_fails_its_piece_only() -> None:
    executor = Workers(2)
    try:
        good, bad = executor.submit(math.sqrt, 4), executor.submit(os.abort)
        with pytest.raises(WorkerDied, match="ended by SIGABRT"):
            bad.result(60)
        assert good.result(60) == 2
        with pytest.raises(ValueError, match=r"math domain|nonnegative"):
            executor.submit(math.sqrt, -1).result(60)
        assert len(executor.pids) <= 2
    finally:
        executor.close()


def test_memory_of_a_process_is_bounded() -> None:
    executor = Workers(1, 500 * 10**6)
    try:
        assert len(executor.submit(bytes, 10**6).result(60)) == 10**6
        with pytest.raises(MemoryError):
            executor.submit(bytes, 10**9).result(60)
    finally:
        executor.close()


def test_where_the_system_does_not_tell_its_memory_none_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(os, "sysconf", raising=False)
    executor = driver.workers(1, dask=False)
    assert isinstance(executor, Workers)
    executor.close()


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="there are no masks of signals")
def test_ctrl_c_in_the_terminal_is_not_told_to_a_process() -> None:
    executor = Workers(1)
    try:
        assert signal.SIGINT in executor.submit(*ASK_MASK).result(60)
    finally:
        executor.close()
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


# -- the command --------------------------------------------------------------------------------


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Here:
    """The command does everything in this process, which stays where it is."""
    executor = Here()
    monkeypatch.setattr(driver, "workers", lambda *_, **__: executor)
    monkeypatch.setattr(command, "leave_current_folder", lambda: None)
    return executor


def test_a_folder_is_prepared_and_told_in_a_table(archive: Path, here: Here) -> None:
    found = CliRunner().invoke(main, ["prepare", str(archive), "--what", "stats,groups"])
    assert found.exit_code == 1
    lines = found.stdout.splitlines()
    assert lines[0].split() == ["dataset", "clusters", "time"]
    assert lines[1].startswith("bad.kwik")
    assert "failed: " in lines[1]
    assert [line.split()[:2] for line in lines[2:]] == [
        [f"{name}/simulated_small.kwik", "15"] for name in ("one", "three", "two")
    ]
    assert here.is_closed


def test_a_pattern_and_json(archive: Path, here: Here) -> None:
    pattern = str(archive / "*" / "*.kwik")
    found = CliRunner().invoke(main, ["prepare", pattern, "--json", "--what", "stats"])
    assert found.exit_code == 0
    told = json.loads(found.stdout)
    assert [of["clusters"] for of in told] == [15, 15, 15]
    assert {of["problem"] for of in told} == {""}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing/*.kwik"], "Nothing fits"),
        (["x.kwik", "--what", "all"], "no kind of preparation 'all'"),
        (["x.kwik", "--memory", "much"], "'much' is no size such as 2GB"),
        (["x.kwik", "--channel-group", "one"], "--channel-group is a number or 'all'"),
    ],
)
def test_what_makes_no_sense_ends_with_2(here: Here, arguments: list[str], said: str) -> None:
    found = CliRunner().invoke(main, ["prepare", *arguments])
    assert found.exit_code == 2
    assert said in found.output


def test_ctrl_c_keeps_what_is_done(
    archive: Path, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit = here.submit

    def press(function, task):
        if "two" in str(task.order.path):
            raise KeyboardInterrupt
        return submit(function, task)

    monkeypatch.setattr(here, "submit", press)
    found = CliRunner().invoke(main, ["prepare", str(archive), "--what", "stats"])
    assert found.exit_code == 130
    assert here.is_closed
    assert not list(archive.rglob("*.part"))
    assert "stopped; what is done is kept" in found.output


@pytest.fixture
def signals() -> Iterator[None]:
    """What the process does when it is told to end stays as it is."""
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.mark.parametrize("again", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_again_while_it_ends_changes_nothing(
    archive: Path, here: Here, monkeypatch: pytest.MonkeyPatch, signals: None, again: signal.Signals
) -> None:
    def press(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    def close(*, now: bool = False) -> None:
        os.kill(os.getpid(), again)
        time.sleep(0.01)
        here.is_closed = now

    monkeypatch.setattr(here, "submit", press)
    monkeypatch.setattr(here, "close", close)
    found = CliRunner().invoke(main, ["prepare", str(archive), "--what", "stats"])
    assert found.exit_code == 130
    assert here.is_closed


def test_signals_are_as_before_once_it_has_ended(archive: Path, here: Here) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    CliRunner().invoke(main, ["prepare", str(archive / "one"), "--what", "stats"])
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


# -- Dask ---------------------------------------------------------------------------------------


@contextmanager
def running(cluster: Cluster) -> Iterator[Cluster]:
    try:
        yield cluster
    finally:
        cluster.close()


@pytest.mark.slow
def test_a_worker_of_two_is_killed_midway(archive: Path) -> None:
    expected = computed_by(archive / "one" / "simulated_small.kwik")
    orders = [order_of(archive / name / "simulated_small.kwik") for name in ("one", "two", "three")]
    with running(Cluster(2, memory=2 * 10**9)) as cluster:
        killed = cluster.pids[0]

        def kill() -> None:
            # In the middle of the first pieces: their imports alone take a second.
            time.sleep(0.5)
            os.kill(killed, signal.SIGKILL)

        thread = threading.Thread(target=kill)
        thread.start()
        done = [event.prepared for event in prepare_all(orders, cluster) if event.prepared]
        thread.join()
        assert killed not in cluster.pids
    assert [of.problem for of in done] == [""] * 3
    for order in orders:
        assert alike(found_in(order.path), expected)
    assert not list(archive.rglob("*.part"))


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="there are no masks of signals")
def test_ctrl_c_in_the_terminal_is_not_told_to_workers_of_dask() -> None:
    with running(Cluster(1)) as cluster:
        (first,) = cluster.pids
        assert signal.SIGINT in cluster.submit(*ASK_MASK).result(120)
        os.kill(first, signal.SIGKILL)
        # Nor to the one that is begun in its place.
        assert signal.SIGINT in cluster.submit(*ASK_MASK).result(120)
        assert cluster.pids != [first]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


@pytest.mark.slow
def test_a_piece_that_ends_every_worker_is_told() -> None:
    import dask as library

    with running(Cluster(1)) as cluster:
        pause = cluster.submit(library.config.get, "distributed.worker.memory.pause")
        assert pause.result(120) is False
        with pytest.raises(Exception, match=r"died|Killed"):
            cluster.submit(os.abort).result(120)


@pytest.mark.slow
def test_it_is_ended_while_dask_begins_a_dead_worker_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that has died as soon as it was there: Dask takes its word for the next one's."""
    import asyncio

    from distributed.nanny import WorkerProcess
    from distributed.utils import get_mp_context

    process, listen = get_mp_context().Process, WorkerProcess._wait_until_connected
    start, begun, is_taken = process.start, [], threading.Event()

    def slowly(self: object) -> None:
        begun.append(self)
        if len(begun) == 2:
            is_taken.wait(60)
            time.sleep(0.5)
        start(self)

    async def late(self: WorkerProcess, uid: str, word: Queue[object]) -> object:
        if len(begun) > 1:
            return await listen(self, uid, word)
        while word.empty():
            await asyncio.sleep(0.01)
        os.kill(self.pid, signal.SIGKILL)
        while len(begun) < 2:
            await asyncio.sleep(0.01)
        message = await listen(self, uid, word)
        asyncio.get_running_loop().call_soon(is_taken.set)
        return message

    with running(Cluster(1)) as cluster:
        (pid,) = cluster.pids
        monkeypatch.setattr(WorkerProcess, "_wait_until_connected", late)
        monkeypatch.setattr(process, "start", slowly)
        os.kill(pid, signal.SIGKILL)
        assert is_taken.wait(120)


def test_no_scheduler_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    from phygui.prepare import cluster

    monkeypatch.setattr(cluster, "find_spec", lambda _: None)
    with pytest.raises(Exception, match="pip install 'phygui\\[cluster\\]'"):
        Cluster(scheduler="tcp://127.0.0.1:1")
