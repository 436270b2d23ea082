"""Folders with a `params.py`, behind the door that all formats come in by."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from phygui.dataset.incomplete import NO_SPIKES, chosen_group
from phygui.dataset.protocol import Outline
from phygui.formats.phy.params import FILE
from phygui.formats.phy.raw import recorded_samples
from phygui.formats.phy.shank import PhyShank
from phygui.formats.phy.sorting import read_sorting
from phygui.formats.phy.store import PhyClusterings
from phygui.formats.phy.transaction import finish
from phygui.storage.arrays.npy import exists


class PhyDataset:
    """An open folder.

    Parameters
    ----------
    path : Path
        The folder, or its `params.py`.

    Raises
    ------
    DatasetError
        If it cannot be read.
    """

    format_name = "phy"

    def __init__(self, path: Path) -> None:
        self.path = path.parent if path.name == FILE and not path.is_dir() else path
        # What may not be written here is read where the save has left it.
        with contextlib.suppress(OSError):
            finish(self.path)
        self._remarks: list[str] = []
        self._sorting = read_sorting(self.path, self._remarks.append)
        self.channel_groups = self._sorting.channel_groups
        self.incomplete: Mapping[int, str] = self._empty()
        self.clusterings = PhyClusterings(self._sorting)
        self.located_by = {"traces": "*.dat *.bin *.raw"}

    def _empty(self) -> dict[int, str]:
        """Shanks without spikes."""
        spikes = ((group, self._sorting.spikes_of(group)) for group in self.channel_groups)
        return {group: NO_SPIKES for group, of in spikes if of is not None and not len(of)}

    def open(self, channel_group: int | None = None) -> PhyShank:
        """See :class:`~phygui.dataset.Dataset`."""
        group = chosen_group(self.path, self.channel_groups, self.incomplete, channel_group)
        return PhyShank(self._sorting, group, self._remarks)

    def outline(self) -> Outline:
        """See :class:`~phygui.dataset.Outlined`; without raw data, up to the last spike."""
        sorting = self._sorting
        n_samples = recorded_samples(self.path, sorting.params)
        if n_samples is None:
            n_samples = int(sorting.spike_samples.max()) + 1
        return Outline(n_samples / sorting.params.sample_rate, len(sorting.channels))

    def describe(self) -> str:
        """What it holds and lacks, in words, several lines."""
        sorting, params = self._sorting, self._sorting.params
        clusters = self.clusterings.all_keys()
        n_clusters = sum(
            len(np.unique(self.clusterings.read(key).spike_clusters))
            for key in clusters
            if key[1] == "main" and key[0] not in self.incomplete
        )
        there = [name for name in ("pc_features.npy", "templates.npy", "amplitudes.npy")
                 if exists(self.path / name)]  # fmt: skip
        lines = [
            f"{self.path}: a folder of phy",
            f"{sorting.n_spikes:,d} spikes in {n_clusters:,d} clusters on "
            f"{len(sorting.channels)} channels, {len(self.channel_groups)} shank"
            + "s"
            * (len(self.channel_groups) > 1),
            f"sample rate {params.sample_rate:g} Hz, last spike at "
            f"{int(sorting.spike_samples.max()) / params.sample_rate:.1f} s",
            f"arrays: {', '.join(there) or 'none beside the spikes'}",
            f"raw data: {', '.join(params.dat_paths) or 'none named'}",
        ]
        return "\n".join(lines)


class PhyFormat:
    """Folders as phy, Kilosort and SpikeInterface's `export_to_phy` write them."""

    name = "phy"
    patterns = (FILE,)
    is_folder = True

    def supports(self, path: Path) -> bool:
        """Whether a path is a folder with a `params.py`, or that file."""
        if path.is_dir():
            return exists(path / FILE) or exists(path / "spike_times.npy")
        return path.name == FILE

    def open(self, path: Path) -> PhyDataset:
        """See :class:`~phygui.dataset.Format`."""
        return PhyDataset(path)


FORMAT = PhyFormat()
