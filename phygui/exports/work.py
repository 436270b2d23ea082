"""How far an export is, and whether it is still wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from typing import TypeVar

from phygui.errors import Cancelled

Progress = Callable[[float, str], None]
T = TypeVar("T")


class Work:
    """What an export tells of its progress, and asks between two steps.

    Parameters
    ----------
    progress : callable, optional
        Called with the part that is done, in [0, 1], and what is done now, in a few words.
    cancelled : callable, optional
        Whether the export is not wanted any more.
    """

    def __init__(
        self,
        progress: Progress = lambda _, __: None,
        cancelled: Callable[[], bool] = lambda: False,
        *,
        _start: float = 0.0,
        _stop: float = 1.0,
    ) -> None:
        self.progress = progress
        self.cancelled = cancelled
        self._start, self._stop = _start, _stop

    def step(self, fraction: float, what: str) -> None:
        """Tell how much is done; to be called every tenth of a second or so.

        Raises
        ------
        Cancelled
            If the export is not wanted any more.
        """
        if self.cancelled():
            raise Cancelled
        done = min(max(fraction, 0.0), 1.0)
        self.progress(self._start + done * (self._stop - self._start), what)

    def part(self, start: float, stop: float) -> Work:
        """What tells of a part of this work, from one fraction of it to another, as of a whole."""
        length = self._stop - self._start
        first, last = self._start + start * length, self._start + stop * length
        return Work(self.progress, self.cancelled, _start=first, _stop=last)

    def through(self, items: Iterable[T], what: str) -> Iterator[T]:
        """Items of a list, one step each."""
        n = len(items) if isinstance(items, Sized) else 0
        for i, item in enumerate(items):
            self.step(i / n if n else 0.0, what)
            yield item
