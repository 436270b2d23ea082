"""Forked children: each runs one case and tells how it ended."""

from __future__ import annotations

import os
import select
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass

_STEPS = 60
"""Of the time that a child has."""


@dataclass(frozen=True)
class End:
    """How a child ended: by a signal (0 if none), and what it said."""

    by: int
    said: bytes
    too_slow: bool = False

    @property
    def text(self) -> str:
        """What it said, as text."""
        return self.said.decode(errors="replace")


class Child:
    """A child that runs a function of the file descriptor on which it may talk."""

    def __init__(self, work: Callable[[int], None]) -> None:
        ours, theirs = os.pipe()
        self.process = os.fork()
        if self.process == 0:
            os.close(ours)
            # What h5py says of files that it could not close; what matters goes through the pipe.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            status = 0
            try:
                work(theirs)
            except BaseException:
                os.write(theirs, traceback.format_exc().encode())
                status = 1
            os._exit(status)
        os.close(theirs)
        self._pipe = ours

    @property
    def pipe(self) -> int:
        """Where it talks."""
        return self._pipe

    def kill(self) -> None:
        """End it without warning."""
        os.kill(self.process, signal.SIGKILL)

    def end(self, timeout: float = 60.0, *, may_hang: bool = False) -> End:
        """Wait for it; it is killed when it takes too long.

        Parameters
        ----------
        timeout : float
            Seconds in which it has to say something or end. Time in which this process was
            stopped, as the child then was as well, does not count.
        may_hang : bool
            Whether the caller looks at :attr:`End.too_slow` itself. Else that is a failure of its
            own: the kill would be taken for one that was asked for, at a moment that nobody chose.
        """
        said, left, too_slow = b"", timeout, False
        # Not select: it knows no descriptor above 1023, and whoever starts this may have many.
        poll = select.poll()
        poll.register(self._pipe, select.POLLIN)
        while True:
            # In small steps: a clock would go on while this process is stopped.
            if not too_slow and not poll.poll(1e3 * timeout / _STEPS):
                left -= timeout / _STEPS
                if left <= 0:
                    too_slow = True
                    self.kill()
                continue
            data = os.read(self._pipe, 1 << 16)
            if not data:
                break
            said += data
        os.close(self._pipe)
        _, status = os.waitpid(self.process, 0)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status):
            raise AssertionError(f"a child failed:\n{said.decode(errors='replace')}")
        if too_slow and not may_hang:
            raise AssertionError(
                f"a child hangs: it did not end in {timeout:g} s; it said {said!r}"
            )
        return End(os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, said, too_slow)


def run(work: Callable[[int], None], timeout: float = 60.0, *, may_hang: bool = False) -> End:
    """Run a function in a child of its own; as :meth:`Child.end`."""
    return Child(work).end(timeout, may_hang=may_hang)
