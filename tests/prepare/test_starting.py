"""Workers of Dask are begun where something is left to do, and only there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from phygui.prepare import Order, Prepared, prepare, starting
from phygui.prepare import archive as driver
from phygui.prepare.archive import prepare_all
from phygui.prepare.one import order_of
from phygui.prepare.starting import Starting
from phygui.prepare.tasks import LOOK, Task, do
from phygui.prepare.workers import Workers
from tests.prepare.conftest import Here

NAMES = ("one", "two", "three")


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Here]:
    """What takes the place of Dask's workers, as often as they are begun."""
    made: list[Here] = []

    def cluster(*_: object) -> Here:
        made.append(Here())
        return made[-1]

    monkeypatch.setattr(starting, "Cluster", cluster)
    return made


@pytest.fixture
def executor(begun: list[Here]) -> Iterator[Starting]:
    made = Starting(1)
    yield made
    made.close()


def orders_of(archive: Path) -> list[Order]:
    return [order_of(archive / name / "simulated_small.kwik", what="stats") for name in NAMES]


def results(orders: list[Order], executor: Starting) -> list[Prepared]:
    return [event.prepared for event in prepare_all(orders, executor) if event.prepared is not None]


def test_an_archive_of_which_all_is_known_begins_none(
    archive: Path, executor: Starting, begun: list[Here]
) -> None:
    orders = orders_of(archive)
    for order in orders:
        prepare(order.path, what="stats")
    done = results([*orders, order_of(archive / "bad.kwik")], executor)
    known = {of.path: of.computed for of in done if not of.problem}
    assert known == {order.path: {"stats": 0} for order in orders}
    assert [of.path.name for of in done if of.problem] == ["bad.kwik"]
    assert not begun


def test_what_is_left_to_do_is_theirs(archive: Path, executor: Starting, begun: list[Here]) -> None:
    orders = orders_of(archive)
    prepare(orders[0].path, what="stats")
    done = {of.path: of.computed["stats"] for of in results(orders, executor)}
    assert [done[order.path] for order in orders] == [0, 15, 15]
    (cluster,) = begun
    assert [task.order for task in cluster.tried] == orders[1:]
    assert {task.what for task in cluster.tried} == {"begin"}
    assert not executor.looks_first
    executor.close()
    assert cluster.is_closed


def test_to_look_computes_nothing_of_what_lacks(archive: Path) -> None:
    order = orders_of(archive)[0]
    seen = do(Task(order, "run", LOOK))
    assert {what: len(ids) for what, ids in seen.left[0, "main"].items()} == {"stats": 15}
    assert prepare(order.path, what="stats").computed == {"stats": 15}


def test_several_workers_are_dasks_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "has_dask", lambda: True)
    for n, kind in ((1, Workers), (2, Starting)):
        executor = driver.workers(n)
        assert isinstance(executor, kind)
        assert not executor.pids
        executor.close()
