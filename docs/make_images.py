"""Make the pictures that the documentation shows, of the views and of the window, from the demo.

    python docs/make_images.py [NAME ...]

A name is that of a view, ``splits``, ``window`` or ``archive``; without names, all. It needs a
display; `xvfb-run -a` gives one, with -s '-screen 0 1920x1080x24' for the window.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtCore import QCoreApplication, Qt

FOLDER = Path(__file__).parent / "images"
SIZES = {
    "features": (760, 520),
    "waveforms": (600, 500),
    "traces": (900, 350),
    "drift": (760, 400),
    "templates": (600, 500),
    "probe": (600, 400),
    "events": (760, 500),
    "matrix": (480, 420),
}
WINDOW = (1820, 1020)
PARAMS = {"traces": {"time": 60.1}, "intervals": {"log": True, "longest_ms": 1000.0}}


def main(names: list[str]) -> None:
    """Write one picture for each view, and one of the window."""
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)
    from vispy import app

    app.use_app("pyqt5")
    from phygui import Session
    from phygui.gui.app.app import make_application
    from phygui.gui.base.settings import Settings
    from phygui.simulate import make_demo
    from phygui.views import VIEWS
    from phygui.views.core.export import export_image

    with tempfile.TemporaryDirectory() as folder:
        application = make_application(Settings(Path(folder) / "settings.ini"))
        demo = make_demo(folder)
        with Session.open(demo.kwik_path, read_only=True) as session:
            pair = demo.truth[0].roles["merge"]
            largest = max(
                session.spikes_per_cluster, key=lambda c: len(session.spikes_per_cluster[c])
            )
            session.select([*pair, largest])
            for name in [name for name in names or VIEWS if name in VIEWS]:
                cls = VIEWS[name]
                view = cls(cls.Params(**PARAMS.get(name, {})))
                view.native.resize(*SIZES.get(name, (600, 350)))
                view.show()
                app.process_events()
                view.set_data(cls.load(session.snapshot(), view.params, lambda: False))
                app.process_events()
                export_image(view, FOLDER / f"view-{name}.png", 1.5)
                view.close()
        for name, act in (
            ("splits", lambda window: _propose(window, demo.truth[0].roles["split"])),
            ("window", lambda window: _decide(window, pair)),
        ):
            if not names or name in names:
                _picture_window(application, demo.kwik_path, Path(folder), name, act)
        if not names or "archive" in names:
            _picture_archive(application, Path(folder))


def _decide(window: Any, pair: Any) -> None:
    """Make some decisions, and select a pair."""
    session = window.session
    best = sorted(session.spikes_per_cluster, key=session.knowledge.quality, reverse=True)
    others = [cluster for cluster in best if cluster not in pair]
    for group, decided in (("good", others[:2]), ("mua", others[3:4]), ("noise", others[-1:])):
        session.move(decided, group)
    session.select(pair[:1], pair[1:])
    window.commands.trace_to(19.72)


def _propose(window: Any, cluster_id: int) -> None:
    """See a cluster of two units in parts."""
    window.layout_keeper.show("Split")
    window.session.select([cluster_id])
    window.splitting.propose()


def _picture_window(
    application: Any, path: Path, folder: Path, name: str, act: Callable[[Any], None]
) -> None:
    """Write a picture of the window after something was done in it."""
    from qtpy.QtTest import QTest

    from phygui import Session
    from phygui.gui.base.settings import Settings
    from phygui.gui.window.main_window import MainWindow

    window = MainWindow(Session.open(path), Settings(folder / "settings.ini"), reset_layout=True)
    # On a screen of its size it would fill it.
    window.setWindowState(Qt.WindowState.WindowNoState)
    window.resize(*WINDOW)
    window.show()

    def settle() -> None:
        application.processEvents()
        while not window.is_settled:
            QTest.qWait(20)

    settle()
    act(window)
    settle()
    window.picture(FOLDER / f"{name}.png")
    window.dispose()
    window.close()


def _picture_archive(application: Any, folder: Path) -> None:
    """Write a picture of the window of an archive: demos, some prepared, some decided."""
    from qtpy.QtTest import QTest

    from phygui import Session
    from phygui.gui.archive.window import ArchiveWindow
    from phygui.gui.base.settings import Settings
    from phygui.prepare import prepare
    from phygui.simulate import make_demo

    archive = folder / "archive"
    for i in range(9):
        place = archive / f"mouse{12 + i // 3}" / f"2026-11-{17 + i:02d}"
        place.mkdir(parents=True)
        sizes = {"n_clusters": 8 + 3 * (i % 4), "n_channel_groups": 1 + i % 2}
        demo = make_demo(place, name="tetrodes", seed=i, n_channels=16, n_spikes=6_000,
                         duration=60.0 + 7 * i, **sizes)  # fmt: skip
        if i < 7:
            prepare(demo.kwik_path)
        with Session.open(demo.kwik_path) as session:
            ids = sorted(session.cluster_ids)
            n = len(ids) if i < 3 else (7 - i) * len(ids) // 6
            for group, decided in (("good", ids[:n:2]), ("mua", ids[1:n:4]), ("noise", ids[3:n:4])):
                if decided:
                    session.move(decided, group)
            if session.is_modified:
                session.save()
    damaged = archive / "mouse14" / "2026-11-26" / "tetrodes.kwik"
    damaged.parent.mkdir()
    damaged.write_bytes(demo.kwik_path.read_bytes()[:5_000])
    window = ArchiveWindow(archive, Settings(folder / "settings.ini"))
    window.resize(1366, 420)
    window.show()
    while not window.is_settled:
        QTest.qWait(20)
    window.picture(FOLDER / "archive.png")
    window.close()


if __name__ == "__main__":
    main(sys.argv[1:])
