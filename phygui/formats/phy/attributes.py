"""Numbers that the folder holds of every spike, named for what they are in each generation."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from phygui.errors import DatasetError
from phygui.storage.arrays.npy import exists, open_rows
from phygui.storage.arrays.stores import Store

Warn = Callable[[str], None]

_OTHERS = re.compile(r"spike_(?!times|templates|clusters|positions|detection_templates)(\w+)\.npy")
"""What holds a number of each spike and is none of the arrays that are known."""
_MOST = 20


class Stored:
    """A number of every spike of a shank, read when it is asked for.

    Parameters
    ----------
    title, unit : str
    store : Store
        (n_spikes,) or (n_spikes, n_columns), of all shanks.
    column : int
        Which column.
    spikes : (n,) int64, optional
        Those of the shank; by default all.
    """

    def __init__(
        self, title: str, unit: str, store: Store, column: int, spikes: NDArray[np.int64] | None
    ) -> None:
        self.title = title
        self.unit = unit
        self._store = store
        self._inner = [slice(column, column + 1, 1)] * (len(store.shape) - 1)
        self._spikes = spikes

    def read(self, spike_ids: NDArray[np.int64]) -> NDArray[np.float64]:
        """The numbers of some spikes."""
        rows = spike_ids if self._spikes is None else self._spikes[spike_ids]
        return self._store.read([rows, *self._inner]).ravel().astype(np.float64)

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()


def open_attributes(
    folder: Path, n_spikes: int, spikes: NDArray[np.int64] | None, warn: Warn
) -> dict[str, Stored]:
    """The numbers that a folder holds of the spikes of a shank, by name.

    Parameters
    ----------
    folder : Path
    n_spikes : int
        Of all shanks.
    spikes : (n,) int64, optional
        Those of the shank; by default all.
    warn : callable
        Told which files are left out, and why.
    """
    found: dict[str, Stored] = {}

    def add(name: str, title: str, unit: str, path: Path, column: int = 0) -> None:
        try:
            store = open_rows(path)
            if store.shape[:1] != (n_spikes,) or len(store.shape) > 2:
                store.close()
                raise DatasetError(
                    f"{path} has the shape {store.shape}, expected a number for each of "
                    f"{n_spikes} spikes."
                )
            if column >= (store.shape[1] if len(store.shape) == 2 else 1):
                store.close()
                raise DatasetError(f"{path} has too few columns, expected x and y.")
        except DatasetError as error:
            warn(f"{error} It is left out.")
            return
        found[name] = Stored(title, unit, store, column, spikes)

    if exists(folder / "amplitudes.npy"):
        add("sorter_amplitude", *_amplitudes(folder), folder / "amplitudes.npy")
    positions = folder / "spike_positions.npy"
    if exists(positions):
        add("sorter_x", "sorter's x", "µm", positions, 0)
        add("sorter_depth", "sorter's depth", "µm", positions, 1)
    others = [match for name in sorted(_names(folder)) if (match := _OTHERS.fullmatch(name))]
    for match in others[:_MOST]:
        add(match[1], match[1].replace("_", " "), "", folder / match[0])
    return found


def _names(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir()]
    except OSError:
        return []


def _amplitudes(folder: Path) -> tuple[str, str]:
    """What `amplitudes.npy` holds, which only the program that wrote it tells: title and unit.

    Kilosort 1 to 3: the factor of the spike's template. Kilosort 4: the norm of its components.
    SpikeInterface: the voltage at the peak, in microvolts or raw units.
    """
    if exists(folder / "cluster_si_unit_ids.tsv") or exists(folder / "channel_map_si.npy"):
        return "sorter's amplitude", ""
    if exists(folder / "spike_positions.npy"):
        return "norm of the components", ""
    return "factor of the template", ""
