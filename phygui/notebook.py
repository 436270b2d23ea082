"""Windows and pictures from Python: beside a running kernel, or in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from phygui.curation.session import Session
from phygui.guards import cluster_ids_of

if TYPE_CHECKING:
    from phygui.gui.app.app import Application
    from phygui.gui.window.main_window import MainWindow
    from phygui.views.data.figure import Figure

_ANSWERING, _ANSWERS_MS = "kernel answers", 100
"""Name of the timer by which a kernel looks for cells, and its milliseconds."""
_application: Application | None = None
"""It and its windows live as long as the kernel."""


def show(
    session_or_path: Session | str | os.PathLike[str],
) -> MainWindow | subprocess.Popen[bytes]:
    """Open the window, and return at once.

    Beside a kernel of IPython or Jupyter, the window belongs to the kernel: what cells do with its
    session is shown, journalled and undoable, and what the user does is there for the next cell.
    Elsewhere, a path is opened in a process of its own.

    Parameters
    ----------
    session_or_path : Session or path
        A session is closed with its window.

    Returns
    -------
    MainWindow or subprocess.Popen
        The window, whose `session` is the one it shows; or the process.

    Raises
    ------
    DatasetError
        If the dataset cannot be opened.
    RuntimeError
        If there is no display; if a session is given where no kernel runs, since nobody would draw
        its window.
    """
    _insist_on_display()
    shell = _shell()
    if shell is None:
        if isinstance(session_or_path, Session):
            raise RuntimeError(
                "a session is shown beside a kernel of IPython or Jupyter: run this there, or give "
                "the path of the dataset, which is then opened in a process of its own"
            )
        command = [sys.executable, "-m", "phygui", os.fspath(session_or_path)]
        return subprocess.Popen(command, start_new_session=True)
    session = session_or_path
    if not isinstance(session, Session):
        session = Session.open(Path(session))
    shell.enable_gui("qt5")
    application = _running()
    _keep_answering(shell, application)
    return application.show_session(session)


def figure(
    session_or_path: Session | str | os.PathLike[str],
    view: str,
    cluster_ids: Iterable[int] | int | None = None,
    *,
    kind: Literal["png", "svg"] = "png",
    size: tuple[int, int] = (800, 500),
    theme: Literal["light", "dark"] = "light",
    scale: float = 2.0,
    **settings: Any,
) -> Figure:
    """A picture of a view, without a window.

    Parameters
    ----------
    session_or_path : Session or path
        A path is opened to be read only.
    view : str
        The name of the view, as ``"waveforms"`` or ``"correlograms"``; those of plugins too.
    cluster_ids : iterable of int, optional
        Clusters, the first of which has the first colour; by default those that are selected.
    kind : ``"png"`` or ``"svg"``
    size : tuple of int
        Width and height in logical pixels.
    theme : ``"light"`` or ``"dark"``
    scale : float
        Pixels of the picture per logical pixel.
    **settings
        Settings of the view, by the names of its parameters.

    Returns
    -------
    Figure
        A notebook shows it; ``save(path)`` writes it.

    Raises
    ------
    DatasetError
        If the dataset cannot be opened.
    ValueError
        If there is no such view, cluster or setting.
    RuntimeError
        If there is no display, or no OpenGL.
    """
    from phygui.views import SPECS
    from phygui.words import no_such

    if view not in SPECS:
        raise ValueError(no_such("view", repr(view), SPECS))
    if not (min(size) > 0 and scale > 0):
        raise ValueError(f"a picture has a size and a scale above 0, not {size} and {scale:g}")
    _insist_on_display()
    is_own = not isinstance(session_or_path, Session)
    session = session_or_path if isinstance(session_or_path, Session) else None
    if session is None:
        session = Session.open(Path(session_or_path), read_only=True)  # type: ignore[arg-type]
    try:
        session.learn_stats()
        return _drawn(session, view, cluster_ids, kind, size, theme, scale, settings)
    finally:
        if is_own:
            session.close()


def _drawn(
    session: Session,
    name: str,
    cluster_ids: Iterable[int] | int | None,
    kind: Literal["png", "svg"],
    size: tuple[int, int],
    theme: str,
    scale: float,
    settings: dict[str, Any],
) -> Figure:
    from qtpy.QtCore import Qt

    from phygui.gui.base import opengl
    from phygui.gui.dialogs.view_settings import params_of, setting_problem
    from phygui.views import SPECS
    from phygui.views.core.export import figure_of
    from phygui.words import no_such

    snapshot = session.snapshot()
    if cluster_ids is not None:
        chosen = tuple(cluster_ids_of(cluster_ids))
        for cluster_id in chosen:
            if cluster_id not in snapshot.spikes_per_cluster:
                raise ValueError(f"no cluster {cluster_id}")
        groups = {c: session.shown.cluster_groups[c] for c in chosen}
        snapshot = replace(snapshot, cluster_ids=chosen, cluster_groups=groups)
    _running()
    if problem := opengl.found().problem:
        raise RuntimeError(problem)
    spec = SPECS[name]
    known = [field.name for field in fields(spec.params)]
    for setting, value in settings.items():
        if setting not in known:
            raise ValueError(no_such("setting", repr(setting), known))
        if problem := setting_problem(spec.params, setting, value, snapshot.shank):
            raise ValueError(problem)
    own = params_of(spec.params, settings, snapshot.shank)
    params = spec.cls.in_room(own, size, snapshot.cluster_ids)
    data = spec.cls.load(snapshot, params, lambda: False)
    made = spec.cls(params, theme=theme)
    try:
        # OpenGL has a context only for what Qt takes to be shown.
        made.native.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        made.native.resize(*size)
        made.native.show()
        made.set_data(data)
        return figure_of(made, kind, scale)
    finally:
        made.close()


def _running() -> Application:
    """The application, made at the first call."""
    global _application
    if _application is None:
        from phygui.gui.app.app import Application

        _application = Application()
        # What raises in a callback of Qt would end the whole kernel.
        _application.guard()
    return _application


def _shell() -> Any:
    """The shell of IPython that this runs in; None if there is none."""
    get = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return None if get is None else get()


def _keep_answering(shell: Any, application: Application) -> None:
    """Let the kernel look for cells to be run a few times a second, whatever wakes it.

    It waits in Qt's event loop for its socket. A cell that was taken from there just before would
    wait until the next one comes.
    """
    from qtpy.QtCore import QTimer

    waiting = getattr(getattr(getattr(shell, "kernel", None), "app", None), "qt_event_loop", None)
    if waiting is None or application.app.findChild(QTimer, _ANSWERING) is not None:
        return
    timer = QTimer(application.app)
    timer.setObjectName(_ANSWERING)
    # Whichever loop it is in by then: another choice of a toolkit may have made it a new one.
    timer.timeout.connect(lambda: shell.kernel.app.qt_event_loop.quit())
    timer.start(_ANSWERS_MS)


def _insist_on_display() -> None:
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise RuntimeError("there is no display: run this on a desktop, or under xvfb-run")
