"""Make the pictures of the views that the documentation shows, from the demo dataset.

    python docs/make_images.py [NAME ...]

Without names, all views. It needs a display; `xvfb-run -a` gives one.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PyQt5.QtCore import QCoreApplication, Qt

FOLDER = Path(__file__).parent / "images"
SIZES = {
    "features": (760, 520),
    "waveforms": (600, 500),
    "traces": (900, 350),
    "probe": (600, 400),
    "matrix": (480, 420),
}
PARAMS = {"traces": {"time": 60.1}, "intervals": {"log": True, "longest_ms": 1000.0}}


def main(names: list[str]) -> None:
    """Write one picture for each view."""
    QCoreApplication.setAttribute(Qt.AA_ShareOpenGLContexts)
    from vispy import app

    app.use_app("pyqt5")
    from phygui import Session
    from phygui.io.demo import make_demo
    from phygui.views import VIEWS

    with tempfile.TemporaryDirectory() as folder:
        demo = make_demo(folder)
        with Session.open(demo.kwik_path, read_only=True) as session:
            pair = demo.truth[0].roles["merge"]
            largest = max(
                session.spikes_per_cluster, key=lambda c: len(session.spikes_per_cluster[c])
            )
            session.select([*pair, largest])
            for name in names or VIEWS:
                cls = VIEWS[name]
                view = cls(cls.Params(**PARAMS.get(name, {})))
                view.native.resize(*SIZES.get(name, (600, 350)))
                view.show()
                app.process_events()
                view.set_data(cls.load(session.snapshot(), view.params, lambda: False))
                app.process_events()
                view.export_image(FOLDER / f"view-{name}.png", 1.5)
                view.close()


if __name__ == "__main__":
    main(sys.argv[1:])
