"""What SpikeInterface makes of the same clusters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from decisions.truth import Truth, merged
from phygui import Session
from phygui.words import error_in_words

COSINE = 0.9
"""Least cosine of two templates for which they are merged, in the comparison."""
PRESETS = (
    "similarity_correlograms",
    "temporal_splits",
    "x_contaminations",
    "feature_neighbors",
    "slay",
)


def others(path: Path, shank: int, truth: Truth) -> dict[str, float]:
    """Mean accuracy after all merges of each preset of SpikeInterface, and of the cosine."""
    from spikeinterface.curation import compute_merge_unit_groups

    analyzer = analyzer_of(path, shank, truth)
    accuracies = {}
    for preset in PRESETS:
        try:
            groups = compute_merge_unit_groups(analyzer, preset=preset, resolve_graph=True)
        except Exception as error:
            # One of them divides by the spread of x, which is 0 on a single column of channels.
            print(f"    {preset}: {error_in_words(error)}")
            continue
        accuracies[preset] = truth.accuracy(
            merged(truth.labels, [tuple(map(int, g)) for g in groups])
        )
    analyzer.compute("template_similarity", method="cosine", max_lag_ms=0.1)
    values = analyzer.get_extension("template_similarity").get_data()
    a, b = np.nonzero(np.triu(values >= COSINE, 1))
    ids = np.asarray(analyzer.unit_ids)
    pairs = [(int(ids[i]), int(ids[j])) for i, j in zip(a, b, strict=True)]
    accuracies["cosine"] = truth.accuracy(merged(truth.labels, pairs))
    return accuracies


def analyzer_of(
    path: Path,
    shank: int,
    truth: Truth,
    unit_ids: list[int] | None = None,
    sparse: bool | None = None,
) -> Any:
    """The same clusters and filtered raw data, as SpikeInterface has them; units in some order."""
    import spikeinterface.full as si

    with Session.open(path, channel_group=shank, read_only=True) as session:
        of = session.shank
        samples, recordings = np.asarray(of.spike_samples), np.asarray(of.spike_recordings)
        channels, positions = np.asarray(of.channels), np.asarray(of.channel_positions)
        parts = of.timeline
        starts = np.asarray(parts.starts)
        n_raw = of.traces.shape[1]
        rate = of.sample_rate
    files = sorted(path.parent.glob("*.dat"))
    stored = si.read_binary(
        files, sampling_frequency=rate, dtype="int16", num_channels=n_raw, gain_to_uV=0.195,
        offset_to_uV=0.0,
    )  # fmt: skip
    stored = stored.select_channels(stored.channel_ids[channels])
    stored.set_dummy_probe_from_locations(positions)
    recording = si.bandpass_filter(stored, freq_min=500.0, freq_max=0.475 * rate, dtype="float32")
    within = samples.astype(np.int64) - starts[recordings]
    each = [recordings == k for k in range(recording.get_num_segments())]
    sorting = si.NumpySorting.from_samples_and_labels(
        [within[part] for part in each], [truth.labels[part] for part in each], rate
    )
    if unit_ids is not None:
        sorting = sorting.select_units(unit_ids)
    is_sparse = len(channels) > 64 if sparse is None else sparse
    analyzer = si.create_sorting_analyzer(sorting, recording, sparse=is_sparse)
    analyzer.compute("random_spikes", seed=0)
    analyzer.compute(["noise_levels", "waveforms", "templates"])
    return analyzer
