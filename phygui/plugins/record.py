"""What is known of one plugin: where it is from, whether it is used, and why not."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from phygui.words import error_in_words, plain

log = logging.getLogger(__name__)

API_VERSION = 1
"""What plugins may rely upon; counted up when something of that changes. See docs/plugins.md."""

MOST_TEXT = 20_000
"""Characters of a traceback that are kept."""

_OWN = "phygui.plugins", "importlib", "_frozen_importlib"

Listener = Callable[["Plugin"], None]
_listeners: list[Listener] = []
_lock = threading.Lock()


@dataclass(eq=False)
class Plugin:
    """Something that others have added.

    Attributes
    ----------
    name : str
        The name of its entry point, or of its file without ``.py``.
    kinds : tuple of str
        What it adds, such as ``metric``; empty for a file that is not loaded.
    source : str
        The package that it is from, or its file.
    version : str
        That of the package, or what the file says; empty if it says nothing.
    key : str
        What it is remembered by.
    module : str
        The name of its module, or of the package that holds it.
    is_wanted : bool
        Whether the user has it switched on.
    specs : tuple
        What it adds, once it is loaded.
    error : str
        Why it is switched off although it is wanted, in one sentence; else empty.
    traceback : str
        Where that was raised.
    """

    name: str
    source: str
    key: str
    module: str
    kinds: tuple[str, ...] = ()
    version: str = ""
    is_wanted: bool = True
    is_loaded: bool = False
    specs: tuple[Any, ...] = ()
    error: str = ""
    traceback: str = field(default="", repr=False)

    @property
    def is_on(self) -> bool:
        """Whether it is used."""
        return self.is_wanted and not self.error

    @property
    def state(self) -> str:
        """On, off, or why it was switched off."""
        return "on" if self.is_on else self.error or "off"

    @property
    def remark(self) -> str:
        """What is said when it is switched off by an error: one sentence."""
        return f"the plugin {plain(self.name)} is switched off: {self.error}"

    def fail(self, error: BaseException | str) -> None:
        """Switch it off until the program is started again; the first error is kept.

        Parameters
        ----------
        error : exception or str
            What it raised, or what is wrong with it, in one clause.
        """
        with _lock:
            if self.error:
                return
            self.error = plain(error if isinstance(error, str) else in_words(error))
        if isinstance(error, BaseException):
            self.traceback = _trace_of(error)[-MOST_TEXT:]
        log.warning("%s", self.remark)
        for line in self.traceback.splitlines():
            log.warning("  %s", line)
        for tell in tuple(_listeners):
            try:
                tell(self)
            except Exception:
                log.exception("a plugin's error could not be told")


def _trace_of(error: BaseException) -> str:
    """Where an exception was raised, from the first line that is the plugin's business on."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_globals.get("__name__", "").startswith(_OWN):
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames))


def in_words(error: BaseException) -> str:
    """What an exception of a plugin means."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        package = error.name.partition(".")[0]
        return f"it needs the package {package}, which is not installed"
    if isinstance(error, SyntaxError):
        return f"line {error.lineno} is no Python ({error.msg})"
    if isinstance(error, SaidInWords):
        return str(error)
    return f"it raised {error_in_words(error)}"


class SaidInWords(Exception):
    """Something is wrong with a plugin, and the text says what, in one clause."""


def listen(tell: Listener) -> Callable[[], None]:
    """Call a function, in any thread, whenever a plugin is switched off by an error.

    Returns
    -------
    callable
        Ends that.
    """
    _listeners.append(tell)
    return lambda: _listeners.remove(tell) if tell in _listeners else None
