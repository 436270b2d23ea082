"""Where a start goes: what the libraries, the drawing and the modules of the program take of it.

    xvfb-run -a -s '-screen 0 1920x1080x24' python benchmarks/bench_start.py
        [--repeats N] [--folder F]

Processes take turns, each from its start until every canvas has painted: a bare PyQt5 window with
five vispy canvases; the same that loads the libraries which a start loads; that draws as many
vertices in as many programs as the views of the demo do; that does both; that loads the program's
own modules too, and makes nothing of them; and the program with the demo. What is between the last
two is opening the file, making the window and preparing what is drawn.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from window import BARE_START, OUR_START, keep_statistics, process_s, row

from phygui.simulate import make_demo

LOADED = """
import os, sys
OUT = sys.argv.pop()
leave = os._exit
def tell(code):
    with open(OUT, "w") as file:
        file.write("\\n".join(sys.modules))
    leave(code)
os._exit = tell
"""
"""Goes before a start, for it to say what it has loaded by the end."""

LOAD = """
import sys
for name in open(sys.argv.pop()).read().split():
    try:
        __import__(name)
    except (ImportError, RuntimeError):
        pass  # a part that another name is for
"""

DRAW = """
import numpy as np
JOBS = [
    [("lines", 74_000, 148_862), ("triangles", 528, 0)],
    [("lines", 80_000, 159_936), ("triangles", 960, 0)],
    [("points", 41_280, 0), ("lines", 222, 0), ("triangles", 1_152, 0)],
    [("lines", 60, 0), ("triangles", 738, 0)],
    [("lines", 82, 0), ("triangles", 678, 0)],
]
def draw(self, event):
    self.context.clear("black")
    for mode, n_vertices, n_indices in self.jobs:
        program = gloo.Program(
            "attribute vec2 a; varying vec2 v; void main() "
            "{ gl_Position = vec4(a, 0., 1.); v = a; gl_PointSize = 2.; }",
            "varying vec2 v; void main() { gl_FragColor = vec4(v, 0., 1.); }",
        )
        at = np.linspace(-1, 1, 2 * n_vertices, dtype=np.float32).reshape(-1, 2)
        program["a"] = gloo.VertexBuffer(at)
        indices = np.resize(np.arange(n_vertices, dtype=np.uint32), n_indices)
        program.draw(mode, gloo.IndexBuffer(indices) if n_indices else None)
    Canvas.painted += 1
Canvas.on_draw = draw
for canvas, canvas.jobs in zip(canvases, JOBS):
    pass
"""
"""What `bench_scale.py footprint` has the views of the demo draw: counted once, in the program."""


def drawing(code: str) -> str:
    """The code of a bare window whose canvases draw."""
    before, after = code.split("for canvas in canvases:\n    splitter", 1)
    return f"{before}{DRAW}for canvas in canvases:\n    splitter{after}"


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--folder", type=Path, help="where the demo is built and kept")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="phygui-bench-"))
    demo = folder / "demo.kwik"
    if not demo.exists():
        make_demo(folder)
    keep_statistics(demo)
    modules = folder / "modules.txt"
    process_s(LOADED + OUR_START, str(demo), str(modules))
    names = modules.read_text().split()
    lists = {"libraries": folder / "libraries.txt", "modules": modules}
    own = [name for name in names if name.partition(".")[0] == "phygui"]
    lists["libraries"].write_text("\n".join(name for name in names if name not in own))
    print(f"{len(own)} modules of its own, {len(names) - len(own)} others")
    processes = {
        "a bare window": (BARE_START,),
        "... with the libraries": (LOAD + BARE_START, str(lists["libraries"])),
        "... that draws as much": (drawing(BARE_START),),
        "... with both": (LOAD + drawing(BARE_START), str(lists["libraries"])),
        "... with both, and the modules": (LOAD + drawing(BARE_START), str(lists["modules"])),
        "the program": (OUR_START, str(demo)),
    }
    times: dict[str, list[float]] = {name: [] for name in processes}
    for turn in range(arguments.repeats + 1):
        for name, process in processes.items():
            taken = process_s(*process)
            if turn:
                times[name].append(taken)
    bare = statistics.median(times["a bare window"])
    for name, taken in times.items():
        median = statistics.median(taken)
        row(name, f"{median:.2f} s", f"a bare window {bare:.2f} s", median / bare, None)


if __name__ == "__main__":
    main()
