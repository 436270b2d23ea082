"""Signals whose listeners cannot harm each other, nor whoever tells them."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import psygnal


class _Emitter(psygnal.SignalInstance):
    """Tells every listener; what one of them raises is reported, and stops nobody."""

    def _run_emit_loop(self, args: tuple[Any, ...]) -> None:
        # psygnal itself ends at the first listener that fails, and raises where emit was called.
        # What is told here has happened already: an edit that stands must not seem to fail.
        for listener in list(self._slots):
            try:
                listener.cb(args)
            except Exception as error:
                # As for any exception that nobody catches: the window shows it, a script
                # finds it on stderr.
                sys.excepthook(type(error), error, error.__traceback__)


Signal = partial(psygnal.Signal, signal_instance_class=_Emitter)
"""Declares a signal of a class, as :class:`psygnal.Signal` does."""
