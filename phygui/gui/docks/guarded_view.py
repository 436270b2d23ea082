"""What a dock does about a view that is not the program's own, and may fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel

from phygui.errors import DatasetError
from phygui.plugins import LIMITS, Guarded, Plugin
from phygui.views.core.base import Cancelled
from phygui.views.spec import ViewSpec


def loader(spec: ViewSpec, plugin: Plugin | None) -> Callable[..., Any]:
    """What loads the data of a view; of a plugin, it is stopped once it takes too long."""
    load: Callable[..., Any] = spec.cls.load
    if plugin is None:
        return load
    return Guarded(plugin, load, limit_s=LIMITS.view_s, passes=(Cancelled, DatasetError))


@contextmanager
def judged(plugin: Plugin | None) -> Iterator[None]:
    """What raises here switches a plugin off, and goes no further."""
    try:
        yield
    except Exception as error:
        if plugin is None:
            raise
        plugin.fail(error)


def placeholder(text: str) -> QLabel:
    """What a dock holds as long as there is no view: nothing, or why there will be none."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setWordWrap(True)
    return label
