"""Clusters that are there already: the examples of the page on archives, as they stand there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from phygui.cli import main
from phygui.commands import prepare as command
from phygui.prepare import prepare
from phygui.prepare.archive import prepare_all
from phygui.prepare.cluster import Cluster
from phygui.prepare.one import order_of

PAGE = (Path(__file__).parents[2] / "docs" / "archive.md").read_text("utf-8")


def blocks(title: str) -> list[str]:
    """The blocks of code below a heading."""
    part = re.split(r"\n#{2,3} ", PAGE.partition(f"### {title}\n")[2])[0]
    return re.findall(r"```\w*\n(.*?)```", part, re.DOTALL)


def plain(script: str) -> str:
    """A script without what differs from one machine to another."""
    script = re.sub(r"tcp://\S+", "tcp://...", script)
    script = re.sub(r"--name \S+", "--name ...", script)
    return re.sub(r"^\S*python\S* ", "python ", script, flags=re.MULTILINE).strip()


@pytest.mark.slow
def test_slurm(archive: Path, dask: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is submitted is what the page shows; two processes stand for the jobs."""
    import dask_jobqueue
    from distributed import LocalCluster

    program, script = blocks("SLURM")
    real, asked, scripts, codes = dask_jobqueue.SLURMCluster, [], [], []

    def slurm(**options: Any) -> LocalCluster:
        with real(**options, scheduler_options={"dashboard_address": ":0"}) as cluster:
            scripts.append(cluster.job_script())
        local = LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
        )
        local.scale = lambda jobs: asked.append(jobs)
        return local

    def run(words: list[str], *, check: bool) -> None:
        assert words[0] == "phygui"
        found = CliRunner().invoke(main, words[1:])
        codes.append((found.exit_code, found.stdout.count("failed")))

    monkeypatch.setattr(command, "leave_current_folder", lambda: None)
    monkeypatch.setattr(dask_jobqueue, "SLURMCluster", slurm)
    monkeypatch.setattr(subprocess, "run", run)
    exec(compile(program.replace("/data/2026", str(archive)), "archive.md", "exec"), {})
    assert plain(scripts[0]) == plain(script)
    assert asked == [100]
    # The one that cannot be read has failed, and no other.
    assert codes == [(1, 1)]
    assert set(prepare(archive / "two" / "simulated_small.kwik").computed.values()) == {0}


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@contextmanager
def running(*words: str) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-m", *words], stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


@pytest.mark.slow
def test_a_scheduler_and_workers_that_are_processes_of_their_own(
    archive: Path, dask: None, tmp_path: Path
) -> None:
    """As over SSH; the workers come when somebody asks already, as those of a queue do."""
    told = tmp_path / "scheduler.json"
    scheduler = ("dask", "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
    with running(*scheduler, "--scheduler-file", str(told)):
        wait_until(lambda: told.is_file() and told.read_text().endswith("}"))
        address = json.loads(told.read_text())["address"]
        cluster = Cluster(scheduler=address)
        assert cluster.n_jobs == 1
        options = ("--nthreads", "1", "--memory-limit", "2GB", "--no-dashboard")
        by_hand = " ".join(PAGE.split())
        assert "dask worker tcp://host1:8786 --nworkers 4 --nthreads 1 --memory-limit" in by_hand
        with running("dask", "worker", address, "--nworkers", "2", *options):
            wait_until(lambda: cluster.n_jobs == 2)
            names = ("one", "two", "three")
            orders = [order_of(archive / name / "simulated_small.kwik") for name in names]
            done = [event.prepared for event in prepare_all(orders, cluster) if event.prepared]
            cluster.close()
    assert [of.problem for of in done] == [""] * 3
    assert set(prepare(orders[0].path).computed.values()) == {0}
