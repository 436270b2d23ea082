"""Signals wait here until the edit that they tell of is on the disk, and keep their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace

from phygui.curation.shown import Shown
from phygui.curation.suggestions.splitting.proposal import Proposal
from phygui.curation.time_range.within import TimeRange
from phygui.errors import DatasetError
from phygui.storage.state.scratch import Place

Action = Callable[[], None]


@dataclass(frozen=True)
class _Entry:
    state: Shown
    shown: Action
    future: Future[Place | None] | None
    take_back: Action | None


class Outbox:
    """What is to be announced, in order.

    Parameters
    ----------
    on_failure : callable
        Called with one sentence after edits that cannot reach the disk were taken back.

    Attributes
    ----------
    shown : Shown
        The state that was published last.
    proposal : Proposal or None
        What is shown in parts, as long as nothing else happens.
    time_range : TimeRange or None
        What all is restricted to.
    """

    shown: Shown
    _state_now: Callable[[], Shown]

    def __init__(self, on_failure: Callable[[str], None]) -> None:
        self.dispatch: Callable[[Action], None] | None = None
        self.proposal: Proposal | None = None
        self.time_range: TimeRange | None = None
        self._on_failure = on_failure
        self._waiting: deque[_Entry] = deque()

    def begin(self, capture: Callable[[], Shown]) -> None:
        """Publish the first state, and learn what gives the state as it is now."""
        self._state_now = capture
        self.shown = capture()

    def _capture(self) -> Shown:
        state = self._state_now()
        if self.proposal is not None and self.proposal.generation != state.generation:
            self.proposal = None
        return replace(state, proposal=self.proposal, within=self.time_range)

    def refresh(self) -> None:
        """Publish the state as it is now, unless what is still to be announced will do that."""
        if not self._waiting:
            self.shown = self._capture()

    @property
    def is_busy(self) -> bool:
        """Whether something is still to be announced."""
        return bool(self._waiting)

    def post(
        self,
        shown: Action,
        future: Future[Place | None] | None = None,
        take_back: Action | None = None,
    ) -> None:
        """Announce something once it and all before it are on the disk.

        Parameters
        ----------
        shown : callable
            Announces it.
        future : Future, optional
            Done when it is on the disk; by default it need not be.
        take_back : callable, optional
            Undoes it in memory when the disk fails. What cannot be undone is announced.

        Raises
        ------
        DatasetError
            If the disk fails and there is no ``dispatch``: the edit is then taken back.
        """
        self._waiting.append(_Entry(self._capture(), shown, future, take_back))
        if self.dispatch is None:
            problem = self.deliver(wait=True)
            if problem:
                raise DatasetError(problem)
        elif future is None or len(self._waiting) > 1:
            # Whatever it waits for wakes the outbox itself.
            self.deliver()
        if future is not None and self.dispatch is not None:
            future.add_done_callback(self._wake)

    def deliver(self, *, wait: bool = False) -> str:
        """Announce what is ready; returns what went wrong, in one sentence, or nothing."""
        while self._waiting:
            future = self._waiting[0].future
            if future is not None and not (wait or future.done()):
                return ""
            failure = None if future is None else future.exception()
            if failure is not None:
                return self._fail(str(failure))
            entry = self._waiting.popleft()
            # With nothing behind it, what is there now: a save may have come in between.
            self.shown = entry.state if self._waiting else self._capture()
            entry.shown()
        return ""

    def _wake(self, _: Future[Place | None]) -> None:
        dispatch = self.dispatch
        if dispatch is not None:
            dispatch(self._deliver_later)

    def _deliver_later(self) -> None:
        self.deliver()

    def _fail(self, reason: str) -> str:
        entries = list(self._waiting)
        self._waiting.clear()
        n_edits = 0
        for entry in reversed(entries):
            if entry.take_back is not None:
                entry.take_back()
                n_edits += entry.future is not None
        self.shown = self._capture()
        word = "the last edit was" if n_edits == 1 else f"the last {n_edits} edits were"
        problem = f"{reason}; {word} undone, because only edits on the disk are shown"
        self._on_failure(problem)
        for entry in entries:
            if entry.take_back is None:
                entry.shown()
        return problem
