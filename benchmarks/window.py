"""The whole window: how long a key takes until every visible view has painted, and memory.

    xvfb-run -a -s '-screen 0 1920x1080x24' python benchmarks/window.py [--quick]

A selection is compared with its own floor, measured in the same run: bare vispy canvases of the
same sizes that draw the same vertices, plus a memory map that gives the same bytes of features and
raw data. The other keys are compared with a selection, and a start with that of a bare PyQt5 window
with five vispy canvases. Nothing is compared with a figure from another run.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import cycle
from pathlib import Path

import numpy as np
from bench_views import bare_like, drawn
from qtpy.QtWidgets import QApplication

from phygui import Session
from phygui.gui.app.app import make_application
from phygui.gui.app.preload import compile_all
from phygui.gui.base.settings import Settings
from phygui.gui.window.main_window import MainWindow
from phygui.heap import keep_large_apart
from phygui.simulate import make_demo
from phygui.views.core.base import View

N_SPIKES_SELECTED = 20_000

BARE_START = """
import os, sys, time
os.environ["QT_API"] = "pyqt5"
from PyQt5.QtCore import QCoreApplication, Qt, QTimer
QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)
from PyQt5.QtWidgets import QApplication, QMainWindow, QSplitter
application = QApplication([])
from vispy import app, gloo
app.use_app("pyqt5")
class Canvas(app.Canvas):
    painted = False
    def on_draw(self, event):
        gloo.clear("black")
        Canvas.painted += 1
window, splitter = QMainWindow(), QSplitter()
canvases = [Canvas() for _ in range(5)]
for canvas in canvases:
    splitter.addWidget(canvas.native)
window.setCentralWidget(splitter)
window.resize(1920, 1080)
window.show()
while Canvas.painted < 5:
    application.processEvents()
    for canvas in canvases:
        canvas.update()
os._exit(0)
"""

OUR_START = """
import os, sys
import phygui.cli as cli
result = cli._result
def run(application):
    from qtpy.QtCore import QTimer
    window, timer = application.windows[0], QTimer()
    timer.timeout.connect(lambda: os._exit(0) if window.is_shown else None)
    timer.start(2)
    application.app.exec()
def result_then_run(*arguments):
    from phygui.gui.app.app import Application
    Application.run = run
    return result(*arguments)
cli._result = result_then_run
cli.gui([sys.argv[1], "--read-only"])
"""


class Stalls:
    """How long the GUI thread did something else than drawing views or waiting for input.

    Attributes
    ----------
    longest_ms : list of float
        The longest turn of the event loop for each action, without the views' drawing in it.
    to_the_end : bool
        Whether views wait for their pixels while they draw. Without a graphics card threads
        rasterise, and who needs the pixels next would wait for them: drawing that is not in a view.
    """

    def __init__(self) -> None:
        self.longest_ms: list[float] = []
        self.to_the_end = False
        self._drawing = 0.0
        self._depth = 0
        on_draw = View.on_draw

        def draw_to_the_end(view: View, event: object) -> None:
            on_draw(view, event)
            if self.to_the_end:
                view.context.finish()
                view.context.flush_commands()

        View.on_draw = self._counted(draw_to_the_end)  # type: ignore[method-assign]
        # What Qt is going to show is drawn while the window waits for other views; and to make
        # another context the current one is to wait for what is drawn in the one before.
        View.draw_ahead = self._counted(View.draw_ahead)  # type: ignore[method-assign]
        View.set_current = self._counted(View.set_current)  # type: ignore[method-assign]

    def _counted(self, draw: Callable[..., None]) -> Callable[..., None]:
        """The same, with what it takes counted as drawing; once, if one is a part of another."""

        def counted(view: View, *arguments: object, **named: object) -> None:
            start = time.perf_counter()
            self._depth += 1
            try:
                draw(view, *arguments, **named)
            finally:
                self._depth -= 1
                if not self._depth:
                    self._drawing += time.perf_counter() - start

        return counted

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Clear them, and have views draw to the end meanwhile."""
        self.longest_ms.clear()
        self.to_the_end = True
        yield
        self.to_the_end = False

    def begin(self) -> None:
        """Another action comes."""
        self.longest_ms.append(0.0)

    def turn(self, work: Callable[[], object]) -> None:
        """Do something that input waits for meanwhile."""
        start, drawing = time.perf_counter(), self._drawing
        work()
        taken = time.perf_counter() - start - (self._drawing - drawing)
        if self.longest_ms:
            self.longest_ms[-1] = max(self.longest_ms[-1], 1e3 * taken)


STALLS = Stalls()


def settle(window: MainWindow, *, background: bool = False) -> None:
    """Run the event loop until every visible view has painted, or nothing at all is to be done."""
    while True:
        STALLS.turn(QApplication.processEvents)
        if window.is_settled if background else window.is_shown:
            return
        time.sleep(0.0005)


def composition_ms(window: MainWindow) -> float:
    """How long Qt takes to put the window together anew, when nothing but a label has changed.

    Without a graphics card that is much of what a turn of the event loop takes in which a view was
    drawn, whatever the view; it is part of drawing.
    """
    times = []
    for _ in range(11):
        settle(window)
        window.status["edit"].update()
        start = time.perf_counter()
        QApplication.processEvents()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def stall_row(what: str, window: MainWindow) -> bool:
    """Print the longest stalls since they were cleared, beyond drawing."""
    composition = composition_ms(window)
    stalls = [taken - composition for taken in STALLS.longest_ms]
    median = statistics.median(stalls)
    return row(
        f"longest stall of the GUI thread, {what}",
        f"{median:.0f} ms, at most {max(stalls):.0f}",
        f"50 ms beyond drawing (composition {composition:.0f} ms)",
        median / 50,
        1.0,
    )


def timed(window: MainWindow, action: Callable[[], object]) -> float:
    """Milliseconds from an action until every visible view has painted."""
    # A burst of keys is thinned out on purpose; these are single ones, each after a pause.
    pause = time.perf_counter() + 0.15
    while time.perf_counter() < pause:
        QApplication.processEvents()
        time.sleep(0.005)
    STALLS.begin()
    start = time.perf_counter()
    STALLS.turn(action)
    settle(window)
    return 1e3 * (time.perf_counter() - start)


def resident_mb() -> float:
    """Private resident memory of this process: without the pages of mapped files."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1024
    raise OSError("no RssAnon in /proc/self/status")


def floor_ms(window: MainWindow, repeats: int = 5) -> float:
    """What no program can beat: bare canvases drawing the same, a memory map read the same.

    The canvases draw one after the other, and the window is put together once.
    """
    docks = [d for d in window.view_docks.values() if d.isVisible() and d.view.visuals]
    bares = [(bare_like(dock.view), dock.view.native) for dock in docks]
    for bare, native in bares:
        bare.native.resize(native.width(), native.height())
        drawn(bare)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        for bare, _ in bares:
            bare.upload()
            drawn(bare)
        times.append(time.perf_counter() - start)
    for bare, _ in bares:
        bare.close()
    return 1e3 * (statistics.median(times) + read_bytes(window)) + composition_ms(window)


def read_bytes(window: MainWindow) -> float:
    """Seconds that a memory map takes to give the bytes of what the views draw."""
    model = window.session.model
    features = window.view_docks["features"].view.data
    mapped = np.memmap(model.path.with_suffix(".kwx"), np.float32, "r")
    row = model.features_masks.shape[1] * 2
    base = np.asarray(features.spike_ids)[:, None] * row + 2 * np.arange(12)
    start = time.perf_counter()
    mapped[base].sum()
    raw = np.memmap(model.path.with_suffix(".dat"), np.int16, "r")
    n_channels = model.traces.shape[1]
    for spike in window.view_docks["waveforms"].view.data.spike_ids:
        at = int(model.spike_samples[spike])
        raw[max(0, at - 130) * n_channels : (at + 130) * n_channels].sum()
    return time.perf_counter() - start


def open_window(path: Path, folder: Path, *, is_still: bool = False) -> MainWindow:
    """A window of the default layout on a dataset.

    All that it computes by itself is done then, or, where it is to be still, not begun.
    """
    settings = Settings(folder / "settings.ini")
    application = make_application(settings)
    window = MainWindow(Session.open(path, journal=True), settings, reset_layout=True)
    window.resize(1920, 1080)
    window.show()
    if is_still:
        window.background.toggle()
    application.processEvents()
    settle(window, background=not is_still)
    return window


def row(name: str, value: str, against: str, ratio: float, bar: float | None) -> bool:
    """Print one line of the table."""
    good = bar is None or ratio <= bar
    met = "| |" if bar is None else f"{bar:g} | {'yes' if good else 'NO'} |"
    print(f"| {name} | {value} | {against} | {ratio:.2f} | {met}", flush=True)
    return good


PAIR = "select two"


def time_keys(
    window: MainWindow, next_pair: Callable[[], Sequence[int]], repeats: int
) -> dict[str, list[float]]:
    """Milliseconds that the commonest keys take, and the selection of a pair beside them.

    Parameters
    ----------
    window : MainWindow
    next_pair : callable
        Two clusters, others than those that it gave last.
    repeats : int
    """
    session = window.session
    times: dict[str, list[float]] = {}

    def measure(key: str, action: Callable[[], object]) -> None:
        times.setdefault(key, []).append(timed(window, action))

    for _ in range(repeats):
        measure("next", session.next_best)
        measure("previous", session.previous_best)
        best, match = next_pair()
        measure(PAIR, partial(session.select, [best], [match]))
        measure("merge", session.merge)
        measure("undo", session.undo)
        measure("move", partial(session.move, [best], "good"))
        session.undo()
        settle(window)
        measure("split", partial(session.split, session.spikes_per_cluster[best][::2]))
        session.undo()
        settle(window)
    return times


def in_turns(clusters: Sequence[int]) -> Callable[[], tuple[int, int]]:
    """Gives the first two of four clusters, then the others, and so on."""
    pairs = cycle([(clusters[0], clusters[1]), (clusters[2], clusters[3])])
    return partial(next, pairs)


def bench_keys(path: Path, folder: Path, repeats: int, name: str) -> tuple[list[bool], float]:
    """Selections, and edits against selections."""
    window = open_window(path, folder)
    session = window.session
    session.wizard.skip_noise_and_mua = False
    sizes = {c: len(s) for c, s in session.spikes_per_cluster.items()}
    large = sorted(sizes, key=lambda c: abs(sizes[c] - N_SPIKES_SELECTED))[: 2 * repeats + 2]
    for cluster in large[:2]:
        timed(window, lambda c=cluster: session.select([c]))
    selections, floors = [], []
    for cluster in large[2 : repeats + 2]:
        selections.append(timed(window, lambda c=cluster: session.select([c])))
        floors.append(floor_ms(window))
    selection = statistics.median(selections)
    floor = statistics.median(floors)
    results = [
        row(f"select one of {name}", f"{selection:.0f} ms", f"floor {floor:.0f} ms",
            selection / floor, 2.0),
    ]  # fmt: skip
    keys = time_keys(window, in_turns(large), repeats)
    with STALLS.measured():
        for cluster in large[repeats + 2 :]:
            timed(window, lambda c=cluster: session.select([c]))
    results.append(stall_row(f"select one of {name}", window))
    with STALLS.measured():
        time_keys(window, in_turns(large), repeats)
    results.append(stall_row(f"other keys, {name}", window))
    both = statistics.median(keys.pop(PAIR))
    for key, times in keys.items():
        time_ms = statistics.median(times)
        results.append(
            row(f"{key}, {name}", f"{time_ms:.0f} ms", f"selection of two {both:.0f} ms",
                time_ms / both, 1.5)
        )  # fmt: skip
    window.dispose()
    window.close()
    return results, selection


MEMORY = """
import sys, tempfile, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from phygui._isolation import forget_current_folder
forget_current_folder()
from window import open_window, resident_mb, settle, compile_all
from phygui.gui.base.delays import DELAYS
from phygui.heap import keep_large_apart
from qtpy.QtWidgets import QApplication
keep_large_apart()
compile_all()
window = open_window(Path(sys.argv[1]), Path(tempfile.mkdtemp()))
session = window.session
def resting():
    settle(window, background=True)
    end = time.monotonic() + DELAYS.trim_ms / 1000 + 1
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.01)
    return resident_mb()
figures = []
for n in range(100):
    session.next_best() if n % 40 else session.first_best()
    settle(window)
    if n % 2 and len(session.selected) > 1:
        session.merge()
        settle(window)
        session.undo()
        settle(window)
    if n == 9:
        same = session.selected[:1], session.selected[1:]
    if n in (9, 99):
        # What other clusters take to show would be taken for growth.
        session.select(*same)
        figures.append(resting())
print(*figures)
import os
os._exit(0)
"""


def bench_memory(path: Path, name: str, bar_mb: float) -> list[bool]:
    """Private memory after a hundred selections and fifty edits, in a process of its own.

    It is measured while the same clusters are shown.
    """
    code = [sys.executable, "-c", MEMORY, str(path), str(Path(__file__).parent)]
    told = subprocess.run(code, check=True, capture_output=True, text=True).stdout.split()
    start, end = float(told[-2]), float(told[-1])
    what = f"private memory after 100 selections and edits, {name}"
    return [
        row(what, f"{end:.0f} MB", f"after 10: {start:.0f} MB", end / start, 1.10),
        row(what, f"{end:.0f} MB", f"{bar_mb:.0f} MB", end / bar_mb, 1.0),
    ]


def keep_statistics(path: Path) -> None:
    """Have the statistics of a dataset kept beside it, as of whoever has opened it before."""
    with Session.open(path) as session:
        session.learn_all()
        if keep := session.statistics.remember_job():
            keep()


def process_s(code: str, *arguments: str) -> float:
    """Seconds that a process of Python takes, which keeps what it compiles."""
    start = time.perf_counter()
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, env=environment)
    return time.perf_counter() - start


def bench_start(demo: Path, repeats: int, bar: float = 2.5) -> bool:
    """From the start of the process until every view has painted.

    Measured with the statistics of its clusters kept beside the file, as whoever has opened it
    before has them, and without; the bar is for the former.
    """

    def measure(what: str, bar: float | None) -> bool:
        bare, ours = [], []
        for n in range(repeats + 1):
            times = process_s(BARE_START), process_s(OUR_START, str(demo))
            if n:
                bare.append(times[0])
                ours.append(times[1])
        a, b = statistics.median(ours), statistics.median(bare)
        return row(what, f"{a:.2f} s", f"bare window {b:.2f} s", a / b, bar)

    shutil.rmtree(demo.with_suffix(".phygui"), ignore_errors=True)
    measure("start until all painted, demo never opened before", None)
    keep_statistics(demo)
    return measure("start until all painted, demo, caches warm", bar)


def main() -> int:
    """Print the table; exit code 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the spikes, no 10 million")
    parser.add_argument("--folder", type=Path, help="where datasets are built and kept")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="phygui-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    repeats = 3 if arguments.quick else 7
    keep_large_apart()
    compile_all()

    def dataset(n_spikes: int, n_clusters: int, duration: float) -> Path:
        path = folder / f"spikes-{n_spikes}.kwik"
        if not path.exists():
            make_demo(folder, name=path.stem, n_spikes=n_spikes, n_clusters=n_clusters,
                      duration=duration)  # fmt: skip
        return path

    print("| what | time | against | ratio | bar | met |")
    print("| --- | --- | --- | --- | --- | --- |")
    results = [bench_start(dataset(20_000, 24, 120.0), repeats)]
    n = 100_000 if arguments.quick else 1_000_000
    done, million = bench_keys(dataset(n, n // 10_000 + 10, n / 1000), folder, repeats, f"{n:,}")
    results += done
    results += bench_memory(dataset(n, n // 10_000 + 10, n / 1000), f"{n:,}", 600)
    if not arguments.quick:
        large = dataset(10_000_000, 500, 900.0)
        done, ten = bench_keys(large, folder, repeats, "10,000,000")
        results += bench_memory(large, "10,000,000", 1500)
        results.append(row("select one of 10,000,000", f"{ten:.0f} ms",
                           f"of 1,000,000: {million:.0f} ms", ten / million, 1.3))  # fmt: skip
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
