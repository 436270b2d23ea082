"""Workers of Dask that are begun once there is something for them to do.

They take seconds to begin, and as long to end: an archive of which all is known has been looked at
by then.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from phygui.prepare.cluster import Cluster
from phygui.prepare.tasks import LOOK
from phygui.prepare.workers import Workers


class Starting:
    """Plain processes that look what is left to do, and workers of Dask that do it.

    Parameters
    ----------
    n_jobs : int
        Processes of either kind.
    memory : int, optional
        Bytes that each may take.
    """

    def __init__(self, n_jobs: int, memory: int | None = None) -> None:
        self.n_jobs = n_jobs
        self._memory = memory
        self._looking = Workers(n_jobs, memory)
        self._cluster: Cluster | None = None

    @property
    def looks_first(self) -> bool:
        """Until something is left to do: then the workers are there, and look for themselves."""
        return self._cluster is None

    def submit(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        """Have a function called in one of the processes; all it takes and gives is pickled."""
        if args and getattr(args[0], "what", None) == LOOK:
            return self._looking.submit(function, *args)
        if self._cluster is None:
            self._cluster = Cluster(self.n_jobs, self._memory)
        return self._cluster.submit(function, *args)

    @property
    def pids(self) -> list[int]:
        """Numbers of the processes that there are now."""
        return self._looking.pids + ([] if self._cluster is None else self._cluster.pids)

    def close(self, *, now: bool = False) -> None:
        """End all processes."""
        self._looking.close(now=now)
        if self._cluster is not None:
            self._cluster.close(now=now)
