"""Who may use a session: the process that opened it, one thread at a time, until it is closed."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import wraps
from types import TracebackType
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from phygui.curation.edits.update import EditError
from phygui.errors import DatasetError

P = ParamSpec("P")
T = TypeVar("T")


class NotUsable(EditError, DatasetError):
    """A session is closed, or belongs to another process or thread; nothing was touched."""


class Turns:
    """Lets one thread at a time change a session; the others wait.

    Attributes
    ----------
    is_closed : bool
        Whether the session has been closed.
    thread : int or None
        The only thread that may use the session; None if all may.
    """

    def __init__(self) -> None:
        self.is_closed = False
        self.thread: int | None = None
        self._process = os.getpid()
        # A listener may edit in its turn.
        self._lock = threading.RLock()

    @property
    def is_ours(self) -> bool:
        """Whether this is the process that opened the session, and no child that it forked."""
        return self._process == os.getpid()

    def in_window(self) -> bool:
        """Whether this thread is that of the window that shows the session."""
        return self.thread == threading.get_ident()

    @property
    def problem(self) -> str:
        """Why nothing may be changed any more, in half a sentence; empty if it may."""
        if not self.is_ours:
            return f"the session belongs to process {self._process}, of which this one is a fork"
        return "the session has been closed" if self.is_closed else ""

    def check(self) -> None:
        """Make sure that the session is open, and this process's.

        Raises
        ------
        NotUsable
            If it is not.
        """
        if self.problem:
            raise NotUsable(f"{self.problem}: open the file again")

    def __enter__(self) -> None:
        # Before the lock: in a forked child, a thread may hold it that is not there any more.
        if not self.is_ours:
            self.check()
        if self.thread not in (None, threading.get_ident()):
            raise NotUsable("the session belongs to the thread of the window: edit it from there")
        self._lock.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lock.release()


class _HasTurns(Protocol):
    turns: Turns


S = TypeVar("S", bound=_HasTurns)


def in_turn(method: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """A method of a session that one thread at a time goes through, as long as it is open."""

    @wraps(method)
    def taking_turns(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with self.turns:
            self.turns.check()
            return method(self, *args, **kwargs)

    return taking_turns
