"""Small analyzers made by SpikeInterface itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

N_CHANNELS, N_UNITS, RATE, SECONDS, GAIN = 8, 5, 20_000.0, (3.0, 2.0), 0.25
ALL = {
    "random_spikes": {"method": "all"},
    "waveforms": {},
    "templates": {},
    "principal_components": {"n_components": 4},
    "spike_amplitudes": {},
    "noise_levels": {},
    "quality_metrics": {"metric_names": ["num_spikes", "snr"]},
}
SOME = ALL | {"random_spikes": {"max_spikes_per_unit": 5, "seed": 0}}
PLAIN = {name: SOME[name] for name in ("random_spikes", "templates", "waveforms")}


def make(
    folder: Path,
    computed: dict[str, Any] = ALL,
    *,
    unit_ids: list[Any] | None = None,
    n_shanks: int = 1,
    sparse: bool = True,
) -> Path:
    """Write an analyzer of two segments, and its recording beside it.

    Parameters
    ----------
    folder : Path
    computed : dict
        Extensions and their settings.
    unit_ids : list, optional
        Texts, ``"0"`` to ``"4"``, by default.
    n_shanks : int
    sparse : bool
    """
    import spikeinterface.core as si

    folder.mkdir(parents=True, exist_ok=True)
    made, sorting = si.generate_ground_truth_recording(
        durations=list(SECONDS),
        num_channels=N_CHANNELS,
        num_units=N_UNITS,
        sampling_frequency=RATE,
        noise_kwargs={"noise_levels": 5.0, "strategy": "on_the_fly"},
        seed=0,
    )
    raw = [
        np.round(made.get_traces(segment_index=i) / GAIN).astype(np.int16)
        for i in range(len(SECONDS))
    ]
    recording = si.NumpyRecording(raw, RATE, channel_ids=made.channel_ids)
    recording.set_probegroup(made.get_probegroup(), in_place=True)
    recording.set_channel_gains(GAIN)
    recording.set_channel_offsets(0)
    recording.set_property("group", np.arange(N_CHANNELS) * n_shanks // N_CHANNELS)
    recording = recording.save(folder=folder / "recording", verbose=False, progress_bar=False)
    if unit_ids is not None:
        sorting = sorting.rename_units(unit_ids)
    analyzer = si.create_sorting_analyzer(
        sorting,
        recording,
        format="binary_folder",
        folder=folder / "analyzer",
        sparse=sparse,
        progress_bar=False,
    )
    analyzer.compute(computed, progress_bar=False, verbose=False)
    return folder / "analyzer"


WITH_ZARR = sys.version_info < (3, 14)
"""Whether SpikeInterface writes zarr: with zarr 3, the only one for Python 3.14, it does not."""
SUFFIXES = ["", ".zarr"] if WITH_ZARR else [""]
"""How the names of analyzers end, by their formats."""


def as_zarr(path: Path) -> Path:
    """The same analyzer in the other format, where there is one."""
    import spikeinterface.core as si

    goal = path.with_suffix(".zarr")
    if not WITH_ZARR:
        return goal
    si.load_sorting_analyzer(path).save_as(folder=goal, format="zarr")
    return goal
