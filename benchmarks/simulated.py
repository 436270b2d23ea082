"""Recordings simulated by SpikeInterface, written as Kwik datasets, for `bench_quality.py`.

Five sets, from a tetrode to 384 channels, each a flat int16 file or two, a `.kwik` and a `.kwx`.
The clusters are the simulated units, with a few spikes given to a wrong one and a cluster of
detections where nothing was. To be imported where SpikeInterface is installed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

GAIN = 0.195
"""Microvolts per step of the raw data."""
LOW, HIGH_FACTOR, ORDER = 500.0, 0.475, 3
BEFORE_MS, AFTER_MS = 1.0, 1.5
N_FEATURES = 3
GAP_S = 37.0
"""Seconds between two recordings of which nothing is stored."""
REACH_UM = 100.0
"""Channels farther than this from the best one are masked, in large sets."""
SWAPPED, FALSE = 0.03, 0.03
"""Share of the spikes that are in a wrong cluster, and of detections where nothing was."""
NOISE_CLUSTER = 0
SILENT = 1
"""The unit that falls silent, for its presence ratio."""


@dataclass(frozen=True)
class Plan:
    """One set to be simulated."""

    name: str
    sample_rate: float
    durations: tuple[float, ...]
    """Seconds of each recording."""
    positions: np.ndarray
    """(n_channels, 2) micrometres."""
    n_units: int
    rates: tuple[float, float]
    """Spikes per second, least and most."""
    drift_um: float = 0.0
    seed: int = 101

    @property
    def shanks(self) -> np.ndarray:
        """Shank of every channel."""
        return (self.positions[:, 0] > 150).astype(int)


@dataclass(frozen=True)
class Simulated:
    """A set that was made: the Kwik file, and what SpikeInterface needs of the same."""

    path: Path
    recording: Any
    """Filtered, of all channels."""
    spikes: dict[int, Spikes] = field(default_factory=dict)
    """By shank."""


@dataclass(frozen=True)
class Spikes:
    """The spikes of one shank, in the order of the file."""

    channels: np.ndarray
    samples: np.ndarray
    """Within their recording."""
    recordings: np.ndarray
    clusters: np.ndarray


def plans() -> list[Plan]:
    """The five sets."""
    tetrode = np.array([(0, 0), (0, 20), (20, 0), (20, 20)], float)
    linear = np.array([(0, 20 * i) for i in range(32)], float)
    two = np.array([(300 * s + 16 * (i % 2), 20 * (i // 2)) for s in (0, 1) for i in range(16)])
    staggered = np.array([(16 * (i // 2 % 2) + 32 * (i % 2), 20 * (i // 2)) for i in range(384)])
    return [
        Plan("tetrode", 24414.0625, (300.0,), tetrode, 5, (3.0, 12.0)),
        Plan("32 channels, drift", 30_000.0, (90.0,), linear, 12, (6.0, 15.0), drift_um=30.0),
        Plan("two shanks, gap", 25_000.0, (60.0, 45.0), two.astype(float), 12, (6.0, 15.0)),
        Plan("128 channels", 31_999.7, (90.0,), staggered[:128].astype(float), 16, (12.0, 20.0)),
        Plan("384 channels", 30_000.0, (60.0,), staggered.astype(float), 20, (18.0, 25.0)),
    ]


def simulate(plan: Plan, folder: Path) -> Simulated:
    """Make a set in an empty folder."""
    import spikeinterface.full as si

    raw, sorting = _generated(plan)
    files = [folder / f"recording_{k}.dat" for k in range(len(plan.durations))]
    for k, path in enumerate(files):
        _write_raw(raw, k, path)
    stored = si.read_binary(
        files,
        sampling_frequency=plan.sample_rate,
        dtype="int16",
        num_channels=len(plan.positions),
        gain_to_uV=GAIN,
        offset_to_uV=0.0,
    )
    stored.set_dummy_probe_from_locations(plan.positions)
    high = HIGH_FACTOR * plan.sample_rate
    recording = si.bandpass_filter(
        stored, freq_min=LOW, freq_max=high, filter_order=ORDER, margin_ms=30.0, dtype="float32"
    ).save(format="memory", chunk_duration="5s", n_jobs=1, progress_bar=False)
    made = Simulated(folder / "set.kwik", recording)
    with (
        h5py.File(folder / "set.kwik", "w") as kwik,
        h5py.File(folder / "set.kwx", "w") as kwx,
    ):
        _write_metadata(kwik, plan, files, [raw.get_num_samples(k) for k in range(len(files))])
        for shank, spikes in _shank_spikes(plan, sorting, recording).items():
            features, masks = _features(plan, recording, spikes)
            _write_shank(kwik, kwx, shank, plan, spikes, features, masks)
            made.spikes[shank] = spikes
    return made


# -- signals and spikes --------------------------------------------------------------------------


def _generated(plan: Plan) -> tuple[Any, Any]:
    """The raw recording and its units."""
    import spikeinterface.full as si
    from probeinterface import Probe
    from spikeinterface.core.generate import generate_unit_locations

    probe = Probe(ndim=2, si_units="um")
    probe.set_contacts(plan.positions, shapes="circle", shape_params={"radius": 6})
    probe.set_device_channel_indices(np.arange(len(plan.positions)))
    sorting = si.generate_sorting(
        num_units=plan.n_units,
        sampling_frequency=plan.sample_rate,
        durations=list(plan.durations),
        firing_rates=plan.rates,
        refractory_period_ms=3.0,
        seed=plan.seed,
    )
    places = {"margin_um": 5.0, "minimum_z": 5.0, "maximum_z": 30.0, "minimum_distance": 18.0}
    places |= {"max_iteration": 200, "distance_strict": False}
    shapes = {"alpha": (150.0, 450.0), "spatial_decay": (10, 30)}
    shapes |= {"ellipse_shrink": (0.4, 1), "ellipse_angle": (0, 2 * np.pi)}
    rng = np.random.default_rng(plan.seed)
    if plan.drift_um:
        n_spikes = len(sorting.to_spike_vector())
        [duration] = plan.durations
        motion = {"drift_mode": "zigzag", "non_rigid_gradient": None, "t_start_drift": 0.0}
        motion |= {"t_end_drift": None, "period_s": 2 * duration}
        _, recording, sorting = si.generate_drifting_recording(
            sorting=sorting,
            duration=duration,
            sampling_frequency=plan.sample_rate,
            probe=probe,
            seed=plan.seed,
            amplitude_factor=np.clip(rng.normal(1, 0.1, n_spikes), 0.5, 1.5),
            amplitude_std=None,
            generate_unit_locations_kwargs={**places, "distribution": "uniform"},
            generate_displacement_vector_kwargs={
                "displacement_sampling_frequency": 5.0,
                "drift_start_um": [0, plan.drift_um / 2],
                "drift_stop_um": [0, -plan.drift_um / 2],
                "drift_step_um": 1,
                "motion_list": [motion],
            },
            generate_templates_kwargs={
                "ms_before": 1.5,
                "ms_after": 3.0,
                "mode": "ellipsoid",
                "unit_params": shapes,
            },
            generate_noise_kwargs={"noise_levels": (5.0, 7.0), "spatial_decay": 20.0},
        )
        return recording, sorting
    # Units lie beside the contacts of a shank, not between the shanks.
    shanks = plan.shanks
    sides = [plan.positions[shanks == shank] for shank in np.unique(shanks)]
    locations = np.concatenate(
        [
            generate_unit_locations(
                plan.n_units // len(sides), contacts, seed=plan.seed + k, **places
            )
            for k, contacts in enumerate(sides)
        ]
    )
    templates = si.generate_templates(
        plan.positions, locations, plan.sample_rate, 1.5, 3.0, seed=plan.seed, unit_params=shapes
    )
    recording, sorting = si.generate_ground_truth_recording(
        durations=list(plan.durations),
        sampling_frequency=plan.sample_rate,
        num_channels=len(plan.positions),
        num_units=plan.n_units,
        sorting=sorting,
        probe=probe,
        templates=templates,
        ms_before=1.5,
        ms_after=3.0,
        seed=plan.seed,
        noise_kwargs={"noise_levels": 6.0, "strategy": "on_the_fly"},
    )
    return recording, sorting


def _write_raw(recording: Any, segment: int, path: Path) -> None:
    n_samples, step = recording.get_num_samples(segment), int(recording.sampling_frequency)
    with path.open("wb") as file:
        for start in range(0, n_samples, step):
            stop = min(start + step, n_samples)
            piece = recording.get_traces(segment_index=segment, start_frame=start, end_frame=stop)
            np.clip(np.rint(piece / GAIN), -32768, 32767).astype("<i2").tofile(file)


def _window(plan: Plan) -> tuple[int, int]:
    """Samples of a waveform before and after the spike."""
    return tuple(round(ms * plan.sample_rate / 1000) for ms in (BEFORE_MS, AFTER_MS))  # type: ignore[return-value]


def _shank_spikes(plan: Plan, sorting: Any, recording: Any) -> dict[int, Spikes]:
    """Clusters with known faults, by shank."""
    rng = np.random.default_rng(plan.seed + 1)
    vector = sorting.to_spike_vector()
    samples, units, recordings = (
        vector[name].astype(np.int64) for name in ("sample_index", "unit_index", "segment_index")
    )
    lengths = np.array([recording.get_num_samples(k) for k in range(len(plan.durations))])
    inside = (samples > 200) & (samples < lengths[recordings] - 200)
    inside &= ~((units == SILENT) & (samples > 0.6 * lengths[recordings]))
    samples, units, recordings = samples[inside], units[inside], recordings[inside]
    best = np.array(
        [_best_channel(recording, samples, recordings, units, u) for u in range(plan.n_units)]
    )
    shanks = plan.shanks
    found = {}
    for shank in np.unique(shanks):
        mine = shanks[best[units]] == shank
        clusters = units[mine] + 2
        swapped = (rng.random(len(clusters)) < SWAPPED) & (units[mine] != SILENT)
        clusters[swapped] = rng.permutation(clusters[swapped])
        n_false = round(FALSE * len(clusters))
        of = rng.integers(0, len(lengths), n_false)
        where = (200 + rng.random(n_false) * (lengths[of] - 400)).astype(np.int64)
        all_samples = np.concatenate([samples[mine], where])
        all_recordings = np.concatenate([recordings[mine], of])
        clusters = np.concatenate([clusters, np.full(n_false, NOISE_CLUSTER)])
        order = np.lexsort((all_samples, all_recordings))
        found[int(shank)] = Spikes(
            np.flatnonzero(shanks == shank),
            all_samples[order],
            all_recordings[order],
            clusters[order],
        )
    return found


def _best_channel(
    recording: Any, samples: np.ndarray, recordings: np.ndarray, units: np.ndarray, unit: int
) -> int:
    some = np.flatnonzero(units == unit)[:100]
    mean = np.mean(
        [
            recording.get_traces(
                segment_index=int(recordings[i]),
                start_frame=int(samples[i]) - 20,
                end_frame=int(samples[i]) + 30,
            )
            for i in some
        ],
        axis=0,
    )
    return int(np.abs(mean).max(axis=0).argmax())


def _features(plan: Plan, recording: Any, spikes: Spikes) -> tuple[np.ndarray, np.ndarray]:
    """Principal components of the waveforms on each channel, and masks by their size."""
    before, after = _window(plan)
    names = recording.channel_ids[spikes.channels]
    positions = plan.positions[spikes.channels]
    n_channels, n_spikes = len(names), len(spikes.samples)
    rng = np.random.default_rng(plan.seed + 2)

    def waveforms(chosen: np.ndarray) -> np.ndarray:
        pieces = np.empty((len(chosen), before + after, n_channels), np.float32)
        for k, i in enumerate(chosen):
            pieces[k] = recording.get_traces(
                segment_index=int(spikes.recordings[i]),
                start_frame=int(spikes.samples[i]) - before,
                end_frame=int(spikes.samples[i]) + after,
                channel_ids=names,
            )
        return pieces

    some = waveforms(np.sort(rng.choice(n_spikes, min(n_spikes, 1000), replace=False)))
    noise = np.median(np.abs(some[:, :10]), axis=(0, 1)) / 0.6745
    covariance = np.einsum("ntc,nuc->ctu", some, some, optimize=True)
    components = np.linalg.eigh(covariance)[1][:, :, : -N_FEATURES - 1 : -1]
    features = np.empty((n_spikes, n_channels, N_FEATURES), np.float32)
    peaks = np.empty((n_spikes, n_channels), np.float32)
    for start in range(0, n_spikes, 500):
        chosen = np.arange(start, min(start + 500, n_spikes))
        pieces = waveforms(chosen)
        features[chosen] = np.einsum("ntc,ctp->ncp", pieces, components, optimize=True)
        peaks[chosen] = np.abs(pieces[:, before - 8 : before + 12]).max(axis=1)
    masks = np.clip((peaks / noise - 2) / 2.5, 0, 1)
    if n_channels > 64:
        distances = np.linalg.norm(positions[:, None] - positions, axis=2)
        far = distances[peaks.argmax(axis=1)] > REACH_UM
        masks[far], features[far] = 0, 0
    return features.reshape(n_spikes, -1), masks


# -- the Kwik files ------------------------------------------------------------------------------


def _write_metadata(kwik: h5py.File, plan: Plan, files: list[Path], lengths: list[int]) -> None:
    kwik.attrs["kwik_version"] = 2
    kwik.attrs["name"] = plan.name
    before, after = _window(plan)
    kwik.create_group("application_data/spikedetekt").attrs.update(
        sample_rate=plan.sample_rate,
        n_channels=len(plan.positions),
        n_features_per_channel=N_FEATURES,
        extract_s_before=before,
        extract_s_after=after,
        filter_low=LOW,
        filter_high_factor=HIGH_FACTOR,
        filter_butter_order=ORDER,
        voltage_gain=GAIN,
        dtype="int16",
        nbits=16,
    )
    start = 0
    for k, (path, length) in enumerate(zip(files, lengths, strict=True)):
        recording = kwik.create_group(f"recordings/{k}")
        recording.attrs.update(
            name=path.stem,
            start_sample=start,
            start_time=start / plan.sample_rate,
            sample_rate=plan.sample_rate,
            bit_depth=16,
        )
        recording.create_group("raw").attrs["dat_path"] = path.name
        start += length + round(GAP_S * plan.sample_rate)


def _write_shank(
    kwik: h5py.File,
    kwx: h5py.File,
    shank: int,
    plan: Plan,
    spikes: Spikes,
    features: np.ndarray,
    masks: np.ndarray,
) -> None:
    group = kwik.create_group(f"channel_groups/{shank}")
    group.attrs["channel_order"] = spikes.channels.astype(np.int32)
    group.attrs["adjacency_graph"] = np.zeros((0, 2), np.int32)
    for channel in spikes.channels:
        group.create_group(f"channels/{channel}").attrs.update(
            name=f"channel {channel}",
            position=plan.positions[channel],
            ignored=False,
            voltage_gain=GAIN,
        )
    group["spikes/time_samples"] = spikes.samples.astype(np.uint64)
    group["spikes/time_fractional"] = np.zeros(len(spikes.samples), np.uint8)
    group["spikes/recording"] = spikes.recordings.astype(np.int32)
    for clustering in ("main", "original"):
        group[f"spikes/clusters/{clustering}"] = spikes.clusters.astype(np.int32)
        for number, name in enumerate(("Noise", "MUA", "Good", "Unsorted")):
            path = f"cluster_groups/{clustering}/{number}"
            group.create_group(path).attrs["name"] = name
        for cluster in np.unique(spikes.clusters):
            path = f"clusters/{clustering}/{cluster}"
            group.create_group(path).attrs["cluster_group"] = 0 if cluster == NOISE_CLUSTER else 3
    both = np.stack([features, np.repeat(masks, N_FEATURES, axis=1)], axis=2)
    kwx[f"channel_groups/{shank}/features_masks"] = both.astype(np.float32)
