"""Ten plugins each of which is broken in its own way."""

from __future__ import annotations

from pathlib import Path

METRIC = """
from phygui.analysis import Metric, MetricSpec


def of_cluster(data):
    {body}


PLUGIN = MetricSpec("{name}", "{name}", "{name}", "made up", of_cluster, is_hidden=False)
"""
VIEW = """
import numpy as np

from phygui.views.core.axes import Axis, Cell
from phygui.views.core.base import View
from phygui.views.core.visuals import Batch, vertices
from phygui.views.spec import ViewSpec


class Made(View):
    @staticmethod
    def load(snapshot, params, cancelled):
        {load}
        return np.zeros(10)

    def __init__(self, params=None, *, theme="dark"):
        super().__init__(params, theme=theme)
        self.points = Batch("points")
        self.visuals = [self.points]

    def build(self, data):
        self.set_cells([Cell(Axis("x", 0, 1, "x"), Axis("y", 0, 1, "y"))])
        self.points.set_data(vertices(data, data))

    def before_draw(self):
        {draw}


PLUGIN = ViewSpec("{name}", "{title}", "made up", Made)
"""
ACTION = """
from phygui.gui.actions.spec import ActionSpec


def run(w):
    {body}


PLUGIN = ActionSpec("{name}", "A {name} action", "Tools|lab", run, ("F8", "G"))
"""


def view(name: str, load: str = "pass", draw: str = "pass") -> str:
    """The file of a view."""
    title = name.replace("_", " ").capitalize()
    return VIEW.format(name=name, title=title, load=load, draw=draw)


SOURCES = {
    "a_syntax_error": "def f(:\n",
    "at_import": "raise RuntimeError('no reason')\n",
    "in_load": view("in_load", load="raise RuntimeError('cannot load')"),
    "in_draw": view("in_draw", draw="raise RuntimeError('cannot draw')"),
    "in_metric": METRIC.format(name="in_metric", body="return 1 / 0"),
    "endless": view("endless", load="while True: pass"),
    "needy": "import package_that_nobody_has\n",
    "of_tomorrow": "PHYGUI_API = 99\n" + METRIC.format(name="tomorrow", body="return Metric(0)"),
    "same_name": METRIC.format(name="snr", body="return Metric(0)"),
    "huge": view("huge", load="return np.broadcast_to(0.0, (10**12,))"),
}
SAID = {
    "a_syntax_error": "line 1 is no Python",
    "at_import": "it raised RuntimeError: no reason",
    "in_load": "it raised RuntimeError: cannot load",
    "in_draw": "it raised RuntimeError: cannot draw",
    "in_metric": "it raised ZeroDivisionError: division by zero",
    "endless": "it has not come to an end within",
    "needy": "it needs the package package_that_nobody_has, which is not installed",
    "of_tomorrow": "it is written for version 99 of the plugin interface",
    "same_name": "there is already another metric that is called snr",
    "huge": "it raised ValueError: 1000000000000 vertices are too many",
}


def write_all(folder: Path) -> None:
    """Write the ten, and two that are in order."""
    for name, source in SOURCES.items():
        (folder / f"{name}.py").write_text(source)
    (folder / "fine.py").write_text(METRIC.format(name="fine", body="return Metric(42.0)"))
    (folder / "fine_view.py").write_text(view("fine_view"))
    (folder / "test_fine.py").write_text("raise RuntimeError('tests are no plugins')\n")
