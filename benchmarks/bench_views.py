"""Speed of the views: their drawing against bare vispy canvases, then the whole window.

    xvfb-run -a -s '-screen 0 1920x1080x24' python benchmarks/bench_views.py [--drawing | --quick]

A bare canvas is one program with one buffer: a position and a colour per vertex, nothing looked
up, nothing clipped. It draws as many vertices, as large, on as many pixels.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import QCoreApplication, Qt

QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)

from vispy import app, gloo  # noqa: E402

app.use_app("pyqt5")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from phygui import Session  # noqa: E402
from phygui.simulate import make_demo  # noqa: E402
from phygui.views import VIEWS  # noqa: E402
from phygui.views.core.base import View  # noqa: E402
from phygui.views.core.visuals.batch import pairs_along  # noqa: E402

SIZE = (800, 600)
KEPT: list[Any] = []
"""Bare canvases: the garbage collector would take their contexts down while others draw."""


class Bare(app.Canvas):
    """One program, one buffer."""

    VERTEX = """
        attribute vec2 position;
        attribute vec4 color;
        uniform vec2 u_pan;
        uniform float u_size;
        varying vec4 v_color;
        void main() {
            gl_Position = vec4(position + u_pan, 0.0, 1.0);
            gl_PointSize = u_size;
            v_color = color;
        }
    """
    POINTS = """
        varying vec4 v_color;
        void main() {
            if (length(gl_PointCoord - 0.5) > 0.5) discard;
            gl_FragColor = v_color;
        }
    """
    LINES = "varying vec4 v_color; void main() { gl_FragColor = v_color; }"

    def __init__(self, positions: np.ndarray, colors: np.ndarray, mode: str, size: float) -> None:
        super().__init__(size=SIZE, keys=None)
        self.program = gloo.Program(self.VERTEX, self.POINTS if mode == "points" else self.LINES)
        self.mode, self.point_size = mode, size
        self.set_vertices(positions, colors)
        self.pan = 0.0

    def set_vertices(self, positions: np.ndarray, colors: np.ndarray) -> None:
        """Take other vertices."""
        self.vertices = np.zeros(len(positions), [("position", "f4", 2), ("color", "f4", 4)])
        self.vertices["position"], self.vertices["color"] = positions, colors
        self.upload()

    def upload(self) -> None:
        """Send the vertices."""
        self.program.bind(gloo.VertexBuffer(self.vertices))

    def on_draw(self, event: Any) -> None:
        """Draw."""
        self.context.set_viewport(0, 0, *self.physical_size)
        self.context.set_state("translucent", depth_test=False)
        self.context.clear("black")
        self.program["u_pan"] = (self.pan, 0.0)
        self.program["u_size"] = self.point_size
        self.program.draw(self.mode)


def drawn(canvas: Any) -> None:
    """Paint, and wait until the pixels are there."""
    canvas.set_current()
    canvas.on_draw(None)
    canvas.context.finish()


def shown(canvas: Any) -> Any:
    """Put a canvas on the screen."""
    KEPT.append(canvas)
    canvas.native.resize(*SIZE)
    canvas.show()
    app.process_events()
    return canvas


def medians_ms(functions: list[Callable[[], Any]], repeats: int) -> list[float]:
    """Median durations in milliseconds, taken in turns, after two rounds that do not count."""
    durations: list[list[float]] = [[] for _ in functions]
    for turn in range(repeats + 2):
        for function, list_ in zip(functions, durations, strict=True):
            start = time.perf_counter()
            function()
            if turn > 1:
                list_.append(time.perf_counter() - start)
    return [1e3 * statistics.median(d) for d in durations]


def bare_like(view: View) -> Bare:
    """A bare canvas that draws the vertices of a view's largest visual in the same places."""
    batch: Any = max(view.visuals, key=lambda b: getattr(b, "n_vertices", 0))
    data = batch.vertices
    place = view._shared.table[:, data["cell"].astype(int) + 1]
    moved = np.column_stack([data["position"][:, 0], data["position"][:, 1] + data["dy"]])
    position = (moved - place[0, :, :2]) * place[0, :, 2:] * place[1, :, 2:] + place[1, :, :2]
    color = view.colors.palette()[16 + data["color"].astype(int)] / 255.0
    color[:, 3] *= data["alpha"]
    if batch.mode == "strips":
        ends = pairs_along(batch.shapes)
        bare = Bare(position[ends], color[ends], "lines", 1.0)
    else:
        # Views draw discs with a soft edge, one pixel larger than the disc.
        bare = Bare(position, color, batch.mode, batch.size + 1.0)
    return shown(bare)


def row(name: str, ours: float, bare: float, note: str = "") -> None:
    """Print one line of the table."""
    print(f"| {name} | {ours:.1f} | {bare:.1f} | {ours / bare:.2f} | {note} |")


def main() -> int:
    """Print both tables; exit code 1 if a bar of the second one is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--drawing", action="store_true", help="compare the drawing only")
    parser.add_argument("--quick", action="store_true", help="the window with fewer spikes")
    parser.add_argument("--folder", help="where the window's datasets are built and kept")
    arguments = parser.parse_args()
    repeats = arguments.repeats
    print("| work | phygui, ms | bare canvas, ms | ratio | |")
    print("| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        demo = make_demo(folder, n_spikes=60_000, raw="dat")
        with Session.open(demo.kwik_path) as session:
            by_size = sorted(session.cluster_ids, key=lambda c: -len(session.spikes_per_cluster[c]))
            for n_clusters in (1, 2, 8):
                session.select([int(c) for c in by_size[:n_clusters]])
                compare_redraws(session, n_clusters, repeats)
            compare_pan(session, [int(c) for c in by_size[:2]], repeats)
    if arguments.drawing:
        return 0
    print(flush=True)
    # In a process of its own, in which no other canvases are alive.
    command = [sys.executable, str(Path(__file__).with_name("window.py"))]
    command += ["--quick"] if arguments.quick else []
    command += ["--folder", arguments.folder] if arguments.folder else []
    return subprocess.run(command, check=False).returncode


def compare_redraws(session: Session, n_clusters: int, repeats: int) -> None:
    """Draw each view as it is shown by default."""
    for name in ("features", "waveforms"):
        cls = VIEWS[name]
        data = cls.load(session.snapshot(), cls.Params(), lambda: False)
        view = shown(cls())
        view.set_data(data)
        drawn(view)
        bare = bare_like(view)
        n = sum(getattr(b, "n_vertices", 0) for b in view.visuals)

        def again(view: View = view) -> None:
            view.refresh()
            drawn(view)

        text = f"draw {name}, {n_clusters} cluster{'s' * (n_clusters > 1)}"
        ours, theirs = medians_ms([again, lambda b=bare: drawn(b)], repeats)
        row(text, ours, theirs, f"{n:,} vertices")
        view.close()
        bare.close()


def compare_pan(session: Session, cluster_ids: list[int], repeats: int) -> None:
    """Pan and zoom 100,000 points of the feature view."""
    session.select(cluster_ids)
    cls: Any = VIEWS["features"]
    params = cls.Params(n_spikes=2625, n_background=1000)
    data = cls.load(session.snapshot(), params, lambda: False)
    view = shown(cls(params))
    view.set_data(data)
    drawn(view)
    bare = bare_like(view)
    step = [0]

    def pan() -> None:
        step[0] += 1
        by = 0.001 if step[0] % 2 else -0.001
        axis = view.cells[0].y
        axis.pan(by * (axis.view[1] - axis.view[0]))
        view.moved()
        drawn(view)

    def zoom() -> None:
        step[0] += 1
        view.cells[0].y.zoom(1.01 if step[0] % 2 else 1 / 1.01, 0.0)
        view.moved()
        drawn(view)

    def pan_bare() -> None:
        step[0] += 1
        bare.pan = 0.001 * (step[0] % 2)
        drawn(bare)

    n = view.visuals[0].n_vertices
    panned, zoomed, theirs = medians_ms([pan, zoom, pan_bare], repeats)
    row("pan of the feature view", panned, theirs, f"{n:,} points")
    row("zoom of the feature view", zoomed, theirs, f"{n:,} points")
    view.close()
    bare.close()


if __name__ == "__main__":
    sys.exit(main())
