"""Unpacking the files of a dataset in a worker, turn by turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QObject, Signal

from phygui.errors import DatasetError
from phygui.gui.base.context import WindowContext
from phygui.gui.base.work import Latest
from phygui.storage.unpacked.packed import Cancel, Preparation


class Preparing(QObject):
    """Does what the files of the open shank can be prepared by, and says when that is done.

    Signals
    -------
    turned
        A turn of the work is over, or was given up.
    """

    turned = Signal()

    def __init__(self, window: WindowContext) -> None:
        super().__init__(window)
        self._window = window
        self._now: Preparation | None = None
        self._failed: list[Preparation] = []
        self._work = Latest(window.pool, self, burst_ms=0, is_background=True)
        self._work.done.connect(self._receive)
        self._work.failed.connect(self._fail)
        self._work.dropped.connect(self.turned)

    @property
    def is_busy(self) -> bool:
        """Whether a turn is on its way."""
        return self._work.is_busy

    def job(self) -> Callable[[Cancel], Any] | None:
        """The next turn, for :meth:`request`; None if nothing is left."""
        for preparation in self._window.session.shank.preparations:
            if not any(preparation is failed for failed in self._failed):
                job = preparation.job()
                if job is not None:
                    self._now = preparation
                    return job
        return None

    def request(self, job: Callable[[Cancel], Any]) -> None:
        """Do it in a worker."""
        self._work.request(job)

    def cancel(self) -> None:
        """Give up what runs."""
        self._work.cancel()

    def resume(self) -> None:
        """Try again what failed."""
        self._failed.clear()

    def progress(self) -> tuple[str, int, int]:
        """What is done now, how much of it is done, and how much there is."""
        assert self._now is not None
        return (self._now.title, *self._now.progress())

    def _receive(self, told: str) -> None:
        if told:
            self._window.say(told)
        self.turned.emit()

    def _fail(self, error: Exception) -> None:
        if self._now is not None:
            self._failed.append(self._now)
        if isinstance(error, DatasetError):
            self._window.say(str(error), wrong=True)
        else:
            self._window.show_trouble("Unpacking failed", error)
        self.turned.emit()
