"""Sorting analyzers of SpikeInterface, behind the door that all formats come in by."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from phygui.dataset.incomplete import NO_SPIKES, chosen_group
from phygui.dataset.protocol import Outline
from phygui.errors import DatasetError
from phygui.formats.spikeinterface.analyzer import read_analyzer
from phygui.formats.spikeinterface.shank import AnalyzerShank
from phygui.formats.spikeinterface.store import AnalyzerClusterings


class AnalyzerDataset:
    """An open analyzer.

    Parameters
    ----------
    path : Path
        Its folder.

    Raises
    ------
    DatasetError
        If it cannot be read, or SpikeInterface is not installed.
    """

    format_name = "SpikeInterface"

    def __init__(self, path: Path) -> None:
        if find_spec("spikeinterface") is None:
            raise DatasetError(
                f"{path} is an analyzer of SpikeInterface, which is needed to open it and is not "
                'installed: pip install "phygui[spikeinterface]".'
            )
        self.path = path
        self._remarks: list[str] = []
        self._analyzer = read_analyzer(path, self._remarks.append)
        self.channel_groups = self._analyzer.channel_groups
        spikes = {group: self._analyzer.spikes_of(group) for group in self.channel_groups}
        self.incomplete: Mapping[int, str] = {
            group: NO_SPIKES for group, of in spikes.items() if of is not None and not len(of)
        }
        self.clusterings = AnalyzerClusterings(self._analyzer)
        self.located_by = {"traces": "*.dat *.bin *.raw"}

    def open(self, channel_group: int | None = None) -> AnalyzerShank:
        """See :class:`~phygui.dataset.Dataset`."""
        group = chosen_group(self.path, self.channel_groups, self.incomplete, channel_group)
        return AnalyzerShank(self._analyzer, group, self._remarks)

    def outline(self) -> Outline:
        """See :class:`~phygui.dataset.Outlined`."""
        analyzer = self._analyzer
        known = [probe.get("annotations") for probe in analyzer.tree.probes()]
        names = [str(of.get("model_name") or of.get("name") or "") for of in known
                 if isinstance(of, dict)]  # fmt: skip
        return Outline(
            sum(analyzer.lengths) / analyzer.sample_rate,
            len(analyzer.channel_ids),
            ", ".join(dict.fromkeys(filter(None, names))),
        )

    def describe(self) -> str:
        """What it holds and lacks, in words, several lines."""
        analyzer = self._analyzer
        known = ("templates", "principal_components", "waveforms", "spike_amplitudes",
                 "quality_metrics")  # fmt: skip
        there = [name.replace("_", " ") for name in known if analyzer.tree.has(name)]
        n_shanks = len(self.channel_groups)
        n_units = len(np.unique(analyzer.spike_units))
        curation = self.clusterings.path
        seconds = sum(analyzer.lengths) / analyzer.sample_rate
        lines = [
            f"{self.path}: a sorting analyzer of SpikeInterface",
            f"{len(analyzer.spike_samples):,d} spikes of {n_units:,d} units on "
            f"{len(analyzer.channel_ids)} channels, {n_shanks} shank{'s' * (n_shanks > 1)}",
            f"sample rate {analyzer.sample_rate:g} Hz, {seconds:.1f} s in {len(analyzer.lengths)} "
            f"segment{'s' * (len(analyzer.lengths) > 1)}",
            f"computed: {', '.join(there) or 'nothing beside the spikes'}",
            f"curation: {curation.name if curation.exists() else 'none yet'}",
        ]
        return "\n".join(lines)


class AnalyzerFormat:
    """Analyzers as SpikeInterface saves them, as a binary folder or as zarr."""

    name = "SpikeInterface"
    patterns = ("spikeinterface_info.json", "*.zarr")
    is_folder = True

    def supports(self, path: Path) -> bool:
        """Whether a path is a folder with a sorting and what is known of its recording."""
        return (path / "sorting").is_dir() and (path / "recording_info").is_dir()

    def open(self, path: Path) -> AnalyzerDataset:
        """See :class:`~phygui.dataset.Format`."""
        return AnalyzerDataset(path)


FORMAT = AnalyzerFormat()
