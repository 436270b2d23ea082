"""A display that cannot be used: one sentence, where Qt would end the process with a core dump."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from qtpy.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

USAGE = 2
"""Exit code, as of whatever else the user has to set right."""


def why_no_display(told: str, variables: dict[str, str] | os._Environ[str] = os.environ) -> str:
    """What Qt says before it gives up, in one sentence that tells what to do.

    Parameters
    ----------
    told : str
        All that it has said.
    variables : mapping
        Those of the environment that name the display.
    """
    named = variables.get("DISPLAY") or variables.get("WAYLAND_DISPLAY") or ""
    platform = re.search(r'platform plugin "(\w*)"', told)
    if "could not connect to display" in told.lower() or not platform:
        where = f"the display {named} does not answer" if named else "there is no display"
        return f"{where}: start it on a desktop, or under xvfb-run"
    if "no Qt platform plugin could be initialized" in told and "even though" not in told:
        return (
            f"Qt has no platform {platform[1]!r}: unset QT_QPA_PLATFORM and QT_PLUGIN_PATH, or "
            "install PyQt5 anew"
        )
    return (
        f"Qt's platform {platform[1]!r} cannot be loaded, mostly for want of a package of the "
        "system: the page on installing lists them, and QT_DEBUG_PLUGINS=1 tells which is missing"
    )


@contextmanager
def ending_in_words(end: Callable[[int], object] = os._exit) -> Iterator[None]:
    """While the application is made: what is fatal to Qt ends the process with one sentence."""
    said: list[str] = []

    def hear(kind: QtMsgType, _: QMessageLogContext, text: str | None) -> None:
        said.append(text or "")
        if kind == QtMsgType.QtFatalMsg:
            print(f"phygui: {why_no_display(' '.join(said))}.", file=sys.stderr, flush=True)
            end(USAGE)

    before = qInstallMessageHandler(hear)
    try:
        yield
    finally:
        qInstallMessageHandler(before)
    for text in said:
        # Of OpenGL one sentence is said, once it is tried.
        if "OpenGL" not in text:
            print(text, file=sys.stderr)
