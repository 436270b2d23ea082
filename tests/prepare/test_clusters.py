"""Clusters that are there already: the examples of the page on archives, as they stand there."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

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


SBATCH = """#!/bin/bash
# Runs two jobs at once; all others wait.
here=$(dirname "$0") number=0
while ! mkdir "$here/job-$number" 2>/dev/null; do number=$((number + 1)); done
cp "$1" "$here/job-$number/script"
if [ $number -lt 2 ]; then
    setsid bash "$here/job-$number/script" </dev/null >/dev/null 2>&1 &
    echo $! >"$here/job-$number/pid"
fi
echo "Submitted batch job $number"
"""
SCANCEL = '#!/bin/bash\ntouch "$(dirname "$0")/job-$1/cancelled"\n'


@pytest.fixture
def slurm(tmp_path: Path) -> Iterator[Path]:
    """A folder with SLURM's commands, as far as they are asked for, and the jobs of it."""
    folder = tmp_path / "slurm"
    folder.mkdir()
    (folder / "sbatch").write_text(SBATCH)
    (folder / "scancel").write_text(SCANCEL)
    for command in folder.iterdir():
        command.chmod(0o755)
    yield folder
    for told in folder.glob("job-*/pid"):
        with suppress(ProcessLookupError):
            os.killpg(int(told.read_text()), signal.SIGKILL)


@pytest.mark.slow
def test_slurm(archive: Path, slurm: Path) -> None:
    """The program as the page shows it, with a queue that is two processes of this machine."""
    program, script = blocks("SLURM")
    program = program.replace("/data/2026", str(archive)).replace("jobs=100", "jobs=3")
    program = program.replace('"--scheduler"', '"--what", "stats", "--scheduler"')
    path = os.pathsep.join((str(slurm), str(Path(sys.executable).parent), os.environ["PATH"]))
    found = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PATH": path},
        cwd=slurm,
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    scripts = [plain(job.read_text()) for job in slurm.glob("job-*/script")]
    assert scripts == [plain(script)] * 3
    assert len(list(slurm.glob("job-*/cancelled"))) == 3
    # The one that cannot be read has failed, and no other.
    assert found.stdout.count("failed") == 1
    known = prepare(archive / "two" / "simulated_small.kwik", what="stats").computed
    assert known == {"stats": 0}


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
    archive: Path, tmp_path: Path
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
            orders = [
                order_of(archive / name / "simulated_small.kwik", what="stats") for name in names
            ]
            done = [event.prepared for event in prepare_all(orders, cluster) if event.prepared]
            cluster.close()
    assert [of.problem for of in done] == [""] * 3
    assert prepare(orders[0].path, what="stats").computed == {"stats": 0}
