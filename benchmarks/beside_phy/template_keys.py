"""Drive phy's `template-gui` on a folder: `template_keys.py FOLDER CLUSTERS REPEATS`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from beside_phy.driving import Drawing, main
from beside_phy.phy_keys import Window as KwikWindow


class Window(KwikWindow):
    """Its window on a folder with a `params.py`."""

    def __init__(self, path: str, drawing: Drawing) -> None:
        from phy.apps.template.gui import TemplateController
        from phy.gui import create_app
        from phy.gui.qt import QApplication, QThreadPool
        from phy.plot.base import BaseCanvas
        from phylib.io.model import get_template_params

        create_app()
        BaseCanvas.paintGL = drawing.noted(BaseCanvas.paintGL)
        told = get_template_params(str(Path(path) / "params.py"))
        self.controller = TemplateController(**told)
        self.gui = self.controller.create_gui()
        self.gui.resize(1920, 1080)
        self.gui.show()
        self.supervisor = self.controller.supervisor
        self.threads = QThreadPool.globalInstance()
        self.turn = QApplication.processEvents


if __name__ == "__main__":
    main(Window)
    sys.stdout.flush()
    os._exit(0)
