"""What both programs are driven by: the same keys, timed in the same way."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Protocol

STILL_S = 2.0
"""Seconds without drawing after which a program has done what a key asked for."""


class Program(Protocol):
    """What the keys of a program do."""

    def turn(self) -> object:
        """Let the program do what waits in its event loop."""

    def is_busy(self) -> bool:
        """Whether it computes something that will be drawn."""

    def select(self, clusters: Sequence[int]) -> object:
        """Select some clusters."""

    def next(self) -> object:
        """Select the next candidate beside them."""

    def merge(self) -> object:
        """Merge what is selected."""

    def split(self, cluster: int) -> object:
        """Take every second spike of a cluster out of it."""

    def move(self) -> object:
        """Call the selected clusters good."""

    def undo(self) -> object:
        """Undo."""

    def redo(self) -> object:
        """Redo."""


class Drawing:
    """When a view was drawn last.

    Attributes
    ----------
    ended : float
        By `time.perf_counter`.
    """

    def __init__(self) -> None:
        self.ended = 0.0

    def noted(self, draw: Callable[..., object]) -> Callable[..., None]:
        """The same drawing, whose end is noted."""

        def drawn(*arguments: object) -> None:
            draw(*arguments)
            self.ended = time.perf_counter()

        return drawn


class Driver:
    """Presses keys and notes how long they take."""

    def __init__(self, program: Program, drawing: Drawing) -> None:
        self.program = program
        self.drawing = drawing
        self.still_s = STILL_S
        self.times_ms: dict[str, list[float]] = {}

    def settle(self, still_s: float | None = None) -> None:
        """Run the event loop until nothing has been drawn or computed for a while."""
        still_s = self.still_s if still_s is None else still_s
        end = time.perf_counter() + still_s
        while time.perf_counter() < end:
            self.program.turn()
            end = max(end, self.drawing.ended + still_s)
            if self.program.is_busy():
                end = max(end, time.perf_counter() + still_s)
            time.sleep(0.0005)

    def measure(self, what: str, action: Callable[[], object]) -> None:
        """Time an action until the end of the last drawing."""
        self.settle()
        self.drawing.ended = begin = time.perf_counter()
        action()
        self.settle()
        self.times_ms.setdefault(what, []).append(1e3 * (self.drawing.ended - begin))
        # Whoever runs out of patience has what there is by then.
        print(json.dumps(self.times_ms), flush=True)

    def run_few(self, clusters: Sequence[int], repeats: int) -> None:
        """Selections, merges and undos, where each takes a program very long."""
        program = self.program
        program.select(clusters[:1])
        self.settle()
        for n in range(repeats):
            a, b, c = clusters[3 * n + 1 : 3 * n + 4]
            self.measure("select", lambda a=a: program.select([a]))
            program.select([b, c])
            self.measure("merge", program.merge)
            self.measure("undo", program.undo)

    def run_selections(self, clusters: Sequence[int], repeats: int) -> None:
        """Selections of one, two and ten clusters, in this program, which says when it is busy."""
        program = self.program
        self.still_s = 0.5
        for one in clusters[:4]:
            program.select([one])
            self.settle()
        for n in range(repeats):
            # What was selected before is remembered: each time others.
            a, b, c, *ten = clusters[4 + 13 * n : 17 + 13 * n]
            self.measure("select", lambda a=a: program.select([a]))
            self.measure("select two", lambda b=b, c=c: program.select([b, c]))
            self.measure("select ten", lambda ten=ten: program.select(ten))

    def run(self, clusters: Sequence[int], repeats: int) -> None:
        """All keys, on other clusters each time."""
        program = self.program
        for one in clusters[:4]:
            program.select([one])
            self.settle()
        for n in range(repeats):
            a, b, c = clusters[3 * n : 3 * n + 3]
            ten = clusters[len(clusters) - 10 - n : len(clusters) - n]
            self.measure("select", lambda a=a: program.select([a]))
            self.measure("select ten", lambda ten=ten: program.select(ten))
            program.select([b])
            self.measure("next", program.next)
            program.select([b, c])
            self.measure("merge", program.merge)
            self.measure("undo", program.undo)
            self.measure("redo", program.redo)
            self.measure("undo", program.undo)
            program.select([a])
            self.measure("split", lambda a=a: program.split(a))
            program.undo()
            self.settle()
            program.select([b])
            self.measure("move", program.move)
            program.undo()
            self.settle()


def main(make: Callable[[str, Drawing], Program]) -> None:
    """Drive the program that is made for a path; the last line printed holds the times.

    Arguments are the path, the clusters as JSON, and repeats; `few` is for the commonest keys only,
    `selections` for those.
    """
    drawing = Drawing()
    driver = Driver(make(sys.argv[1], drawing), drawing)
    driver.settle(5.0)
    runs = {"few": driver.run_few, "selections": driver.run_selections}
    run = next((runs[word] for word in sys.argv[4:] if word in runs), driver.run)
    run(json.loads(sys.argv[2]), int(sys.argv[3]))
