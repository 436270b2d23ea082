"""What all visuals of a canvas share: shader sources, the cells' places, the palette."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from vispy import gloo

CANVAS = -1
"""The cell index that stands for the whole canvas, in logical pixels with y downwards."""
N_THEME_COLORS = 16
N_COLORS = 256 - N_THEME_COLORS


@cache
def shader(name: str) -> str:
    """Source of a shader of ``phygui.resources``, with what it includes."""
    lines = []
    for line in files("phygui.resources").joinpath(name).read_text("utf-8").splitlines():
        word, _, target = line.partition(" ")
        lines.append(shader(target) if word == "#include" else line)
    return "\n".join(lines)


def is_software() -> bool:
    """Whether OpenGL draws with the processor, for want of a graphics card."""
    renderer = str(gloo.gl.glGetParameter(gloo.gl.GL_RENDERER)).lower()
    return any(name in renderer for name in ("llvmpipe", "softpipe", "swrast", "software"))


class Shared:
    """GPU state that the visuals of one canvas look up by index.

    Changing a colour uploads 1 kB, panning a cell uploads a few hundred bytes;
    vertices stay where they are.
    """

    def __init__(self) -> None:
        self.n_cells = 0
        self.table = np.zeros((2, 1, 4), np.float32)
        self.cells = gloo.Texture2D(
            np.zeros((2, 1, 4), np.float32), interpolation="nearest", internalformat="rgba32f"
        )
        self.palette = gloo.Texture2D(np.zeros((1, 256, 4), np.uint8), interpolation="nearest")
        self.gain = 1.0
        self.pixel_ratio = 1.0
        self.smooth = False
        self.size = (1.0, 1.0)
        self._programs: dict[str, gloo.Program] = {}
        self._told: dict[tuple[str, str], object] = {}

    @property
    def viewport(self) -> tuple[float, float]:
        """Width and height of the canvas in pixels."""
        return self.size[0] * self.pixel_ratio, self.size[1] * self.pixel_ratio

    def program(self, kind: str) -> gloo.Program:
        """The canvas' one program that draws ``points``, ``lines``, ``text`` or an ``image``.

        Compiling one for each visual would take longer than most of them take to be drawn.
        """
        if kind not in self._programs:
            self._programs[kind] = gloo.Program(shader(f"{kind}.vert"), shader(f"{kind}.frag"))
        return self._programs[kind]

    def tell(self, kind: str, **values: object) -> None:
        """Tell a program what its uniforms are, as far as it has last been told something else.

        To look up and pack what is the same at every draw takes longer than many draws do.
        """
        program = self.program(kind)
        for name, value in values.items():
            told = self._told.get((kind, name))
            # Textures are told by which they are: what they hold is sent to them.
            if told is value or (isinstance(value, float | tuple) and told == value):
                continue
            program[name] = self._told[kind, name] = value

    def bind(self, kind: str, buffer: gloo.VertexBuffer | None) -> None:
        """Have a program read the vertices of a buffer."""
        if buffer is None or self._told.get((kind, "")) is not buffer:
            self.program(kind).bind(buffer)
            self._told[kind, ""] = buffer

    def set_places(
        self, size: tuple[float, float], ranges: NDArray[np.float64], boxes: NDArray[np.float64]
    ) -> None:
        """Say what each cell shows and where.

        Parameters
        ----------
        size : tuple of float
            Width and height of the canvas in logical pixels.
        ranges : array of float64 (n_cells, 4)
            x0, x1, y0, y1 of the data shown; y1 is at the top.
        boxes : array of float64 (n_cells, 4)
            Left, top, width, height in logical pixels.
        """
        width, height = size
        table = np.empty((2, len(ranges) + 1, 4))
        table[0, 0] = width / 2, height / 2, 2 / width, -2 / height
        table[1, 0] = 0, 0, 1, 1
        for axis in (0, 1):
            low, high = ranges[:, 2 * axis], ranges[:, 2 * axis + 1]
            table[0, 1:, axis] = (low + high) / 2
            table[0, 1:, 2 + axis] = 2 / (high - low)
        table[1, 1:, 0] = (boxes[:, 0] + boxes[:, 2] / 2) * 2 / width - 1
        table[1, 1:, 1] = 1 - (boxes[:, 1] + boxes[:, 3] / 2) * 2 / height
        table[1, 1:, 2] = boxes[:, 2] / width
        table[1, 1:, 3] = boxes[:, 3] / height
        self.table = data = table.astype(np.float32)
        if self.n_cells == data.shape[1]:
            self.cells.set_data(data)
        else:
            self.cells = gloo.Texture2D(data, interpolation="nearest", internalformat="rgba32f")
            self.n_cells = data.shape[1]
        self.size = size

    def set_palette(self, colors: NDArray[np.uint8]) -> None:
        """Upload the 256 colours, (256, 4) uint8: 16 of the theme, then those of the clusters."""
        self.palette.set_data(np.ascontiguousarray(colors[None]))
