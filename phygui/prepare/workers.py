"""Processes of this machine that do pieces of work, where there is no Dask.

Each piece is done by a process that does nothing else meanwhile: if it dies, that piece has failed
and no other. What asks for pieces is the same as for Dask: a :class:`concurrent.futures.Executor`.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from typing import Any

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class WorkerDied(Exception):
    """The process that did a piece of work has ended before it was done."""


class Workers:
    """A number of processes.

    Parameters
    ----------
    n_jobs : int
    memory : int, optional
        Bytes that each may take, as the system counts what a process has made for itself.
    """

    looks_first = False

    def __init__(self, n_jobs: int, memory: int | None = None) -> None:
        self.n_jobs = n_jobs
        self._memory = memory
        self._pool = ThreadPoolExecutor(n_jobs, thread_name_prefix="prepare")
        self._own = threading.local()
        self._lock = threading.Lock()
        self._workers: set[_Worker] = set()
        self._is_closed = False

    def submit(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        """Have a function called in one of the processes; all it takes and gives is pickled."""
        return self._pool.submit(self._call, function, args)

    def _call(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        worker: _Worker | None = getattr(self._own, "worker", None)
        if worker is None:
            with self._lock:
                if self._is_closed:
                    raise WorkerDied("it is ended")
                worker = self._own.worker = _Worker(self._memory)
                self._workers.add(worker)
        try:
            return worker.call(function, args)
        except WorkerDied:
            self._own.worker = None
            with self._lock:
                self._workers.discard(worker)
            raise

    @property
    def pids(self) -> list[int]:
        """Numbers of the processes that there are now."""
        with self._lock:
            return [w.process.pid for w in self._workers if w.process.pid is not None]

    def close(self, *, now: bool = False) -> None:
        """End all processes; where it is to be now, in the middle of what they do."""
        with self._lock:
            self._is_closed = True
            workers = list(self._workers)
        if now:
            for worker in workers:
                worker.process.terminate()
        self._pool.shutdown(wait=True, cancel_futures=True)
        for worker in workers:
            worker.close()


class _Worker:
    def __init__(self, memory: int | None) -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        with deaf_to_ctrl_c(), _one_thread():
            self.process = context.Process(target=_serve, args=(theirs, memory), daemon=True)
            self.process.start()
        theirs.close()

    def call(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        try:
            self._ours.send((function, args))
            is_good, result = self._ours.recv()
        except (EOFError, OSError):
            self.process.join(10)
            raise WorkerDied(_how(self.process.exitcode)) from None
        if is_good:
            return result
        raise result

    def close(self) -> None:
        self._ours.close()
        self.process.join(5)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def _how(code: int | None) -> str:
    if code is not None and code < 0:
        with contextlib.suppress(ValueError):
            return f"the process that worked on it was ended by {signal.Signals(-code).name}"
    return f"the process that worked on it ended with the code {code}"


@contextlib.contextmanager
def deaf_to_ctrl_c() -> Iterator[None]:
    """Threads and processes that begin now, and those that these begin, hear nothing of Ctrl+C.

    It reaches all processes of a terminal; the one that has begun them decides.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # As it begins by itself, this one would have signals heard again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_environment = threading.Lock()


@contextlib.contextmanager
def _one_thread() -> Any:
    """Libraries of processes that begin now use one thread each: the processes share the cores."""
    with _environment:
        before = dict(os.environ)
        for name in _ONE_THREAD:
            os.environ.setdefault(name, "1")
        try:
            yield
        finally:
            for name in _ONE_THREAD:
                if name not in before:
                    os.environ.pop(name, None)


def _serve(pipe: Connection, memory: int | None) -> None:
    """What a process does: calls until nobody is there any more."""
    # As `deaf_to_ctrl_c`, on systems that have no masks of signals.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if memory is not None:
        limit_memory(memory)
    while True:
        try:
            function, args = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            answer = (True, function(*args))
        except BaseException as error:
            answer = (False, _plain(error))
        try:
            pipe.send(answer)
        except (BrokenPipeError, OSError):
            return


def _plain(error: BaseException) -> BaseException:
    """An error that can be sent."""
    import pickle

    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def limit_memory(n_bytes: int) -> None:
    """Have this process refused more memory than so much; does nothing where none can be."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (n_bytes, hard))
