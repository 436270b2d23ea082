"""Workers of Dask: some of this machine, or those of a cluster that is there already.

Which piece goes where, and again where a worker is lost, is Dask's.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future
from importlib.util import find_spec
from typing import Any

from phygui.errors import DatasetError
from phygui.prepare.workers import deaf_to_ctrl_c

PATIENCE_S = 30
COUNT_S = 2.0
"""Seconds after which workers are counted again."""


def has_dask() -> bool:
    """Whether ``phygui[cluster]`` is installed."""
    return find_spec("distributed") is not None


class Cluster:
    """Workers of Dask, as an executor.

    Parameters
    ----------
    n_jobs : int, optional
        Processes of this machine.
    memory : int, optional
        Bytes that each of them may take: one that takes more is ended and begun anew.
    scheduler : str, optional
        Address of the scheduler of a cluster, such as ``tcp://host:8786``, in place of both.

    Raises
    ------
    DatasetError
        If Dask is not installed, or nobody answers at the address.
    """

    looks_first = False

    def __init__(
        self, n_jobs: int | None = None, memory: int | None = None, scheduler: str | None = None
    ) -> None:
        if not has_dask():
            raise DatasetError(
                "A scheduler takes the package distributed: pip install 'phygui[cluster]'."
            )
        import dask
        from distributed import Client, LocalCluster

        self._is_own = scheduler is None
        self._cluster = None
        # A piece during which a worker died is tried once more, and then is what has failed.
        settings = {
            "distributed.scheduler.allowed-failures": 1,
            "distributed.logging.distributed": "error",
            # A worker that stops at a share of its memory would wait for ever: the pages of mapped
            # files count, and what is open stays so for the next piece. Too much still ends it.
            "distributed.worker.memory.pause": False,
        }
        with dask.config.set(settings):
            if scheduler is None:
                with deaf_to_ctrl_c():
                    self._cluster = LocalCluster(
                        n_workers=n_jobs,
                        threads_per_worker=1,
                        processes=True,
                        memory_limit=0 if memory is None else memory,
                        dashboard_address=":0",
                        silence_logs=logging.CRITICAL,
                    )
            try:
                self._client = Client(self._cluster or scheduler, timeout=PATIENCE_S)
            except (OSError, TimeoutError, ValueError) as error:
                raise DatasetError(f"No scheduler answers at {scheduler}: {error}.") from error
        self._n_own = n_jobs
        self._told: tuple[float, int] | None = None

    @property
    def n_jobs(self) -> int:
        """Pieces that are done at the same time, by the workers that there are by now.

        Those of a cluster may wait in a queue, and come and go.
        """
        if self._n_own is not None:
            return self._n_own
        now = time.monotonic()
        if self._told is None or now - self._told[0] > COUNT_S:
            workers = self._client.scheduler_info(n_workers=-1)["workers"]
            self._told = now, max(1, sum(w["nthreads"] for w in workers.values()))
        return self._told[1]

    def submit(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        """Have a function called by some worker; all it takes and gives is pickled."""
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        remote = self._client.submit(function, *args, pure=False)

        def take(done: Any) -> None:
            # Held until it is done: Dask drops what nobody holds.
            try:
                result = done.result()
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        remote.add_done_callback(take)
        return future

    @property
    def pids(self) -> list[int]:
        """Numbers of the workers' processes."""
        import os

        return list(self._client.run(os.getpid).values())

    def close(self, *, now: bool = False) -> None:
        """End the workers of this machine; those of others only forget what is left to do."""
        patience_s = 2 if now else PATIENCE_S
        if self._n_own is not None:
            # Dask stumbles over a process that it is just about to begin in place of a dead one.
            with contextlib.suppress(TimeoutError):
                self._client.wait_for_workers(self._n_own, timeout=patience_s)
        self._client.close(timeout=patience_s)
        if self._cluster is not None:
            self._cluster.close(timeout=10)
