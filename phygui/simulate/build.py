"""The demo dataset: a simulated recording with known units, written as Kwik files.

The simulation goes through the recording, and then through the spikes, a stretch at a time: only
the times and labels of the spikes are ever held whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from . import features as detection
from .fill import Progress, write_features, write_raw
from .probe import Shank, make_shank
from .traces import extent
from .units import (
    MAX_MEAN_RATE,
    MIN_SPIKES_PER_CLUSTER,
    OVERSPLITS,
    STIMULUS_PERIOD,
    Timing,
    Truth,
    make_population,
)
from .write import GENERATIONS, Description, dialect, write_kwik

_DEFAULT_DURATION = 120.0  # seconds
_COMFORTABLE_RATE = 20.0  # spikes per second and cluster, where the duration is left open


@dataclass(frozen=True)
class Demo:
    """A demo dataset on the disk, and what is known about it.

    Attributes
    ----------
    kwik_path : Path
        The ``.kwik`` file; the others are beside it.
    truth : dict of int to Truth
        Per channel group, the unit of every spike and the roles of some clusters.
    truth_path : Path
        The same as ``NAME.ground_truth.npz``: ``units_G``, ``merge_G``, ``split_G``, ``noise_G``,
        ``mua_G``, ``siblings_G`` (pairs of clusters) and ``siblings_how_G`` for every group G.
    """

    kwik_path: Path
    truth_path: Path
    truth: dict[int, Truth] = field(repr=False)


def make_demo(
    folder: str | PathLike[str],
    *,
    name: str = "demo",
    n_spikes: int = 20_000,
    n_channels: int = 32,
    n_clusters: int = 24,
    n_channel_groups: int = 1,
    n_recordings: int = 1,
    duration: float | None = None,
    sample_rate: float = 20_000.0,
    n_features_per_channel: int = 3,
    seed: int = 0,
    raw: str | None = "dat",
    generation: str = "klusta",
    features: bool = True,
    oversplit: Sequence[str] = ("amplitude",),
    drift: float = 0.0,
    shuffled_channels: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Demo:
    """Simulate a recording with known units and write it as a Kwik dataset.

    Every channel group is a shank of its own with ``n_channels``, ``n_spikes`` and
    ``n_clusters`` of its own. Among the clusters are two that are one unit, one that holds two
    units, one of artefacts, one of multi-unit activity; the others are a unit each.

    Parameters
    ----------
    folder : path
        Where the files go; created if need be.
    name : str
        The files are ``NAME.kwik``, ``NAME.kwx``, ``NAME.dat`` (``NAME_0.dat`` and so on for
        several recordings) or ``NAME.raw.kwd``, and ``NAME.ground_truth.npz``.
    n_spikes, n_channels, n_clusters : int
        Spikes, channels and clusters of each channel group.
    n_channel_groups, n_recordings : int
        Shanks, and parts of unequal length that the experiment was recorded in.
    duration : float, optional
        Seconds; by default 120, or as long as it takes for 20 spikes a second and cluster.
    sample_rate : float
        Samples per second.
    n_features_per_channel : int
        Principal components per channel.
    seed : int
        The same seed and parameters give the same dataset.
    raw : {"dat", "kwd", None}
        The kind of raw data. Without any, features are drawn from the mean and the spread of
        every unit instead of the traces, which is quick for any number of spikes.
    generation : {"klusta", "spikedetekt2"}
        Whose files these look like.
    features : bool
        Whether to write the ``.kwx``.
    oversplit : sequence of {"amplitude", "drift", "position"}
        One over-split unit an entry, and how: by amplitude, by time while it drifts along the
        probe, or by its place along the probe as it moves back and forth.
    drift : float
        Micrometres that all units travel along the probe during the recording.
    shuffled_channels : bool
        Whether the columns of the raw data are in another order than the probe's.
    overwrite : bool
        Whether existing files of this name are replaced.
    progress : callable, optional
        Told the fraction done, from 0 to 1.

    Returns
    -------
    Demo

    Raises
    ------
    ValueError
        A parameter makes no sense; the text says which and why.
    FileExistsError
        One of the files exists and ``overwrite`` is false.
    """
    folder = Path(folder)
    if duration is None:
        duration = max(_DEFAULT_DURATION, n_spikes / max(1, n_clusters) / _COMFORTABLE_RATE)
    _check(
        name=name,
        n_spikes=n_spikes,
        n_channels=n_channels,
        n_clusters=n_clusters,
        n_channel_groups=n_channel_groups,
        n_recordings=n_recordings,
        duration=duration,
        sample_rate=sample_rate,
        n_features=n_features_per_channel,
        seed=seed,
        raw=raw,
        generation=generation,
        oversplit=oversplit,
        drift=drift,
    )
    kwik_path = folder / f"{name}.kwik"
    files = [folder / f"{name}{suffix}" for suffix in (".kwik", ".kwx", ".dat", ".raw.kwd")]
    existing = [path for path in files if path.exists()]
    if existing and not overwrite:
        raise FileExistsError(f"{existing[0]} exists; ask to overwrite it, or give another name")
    folder.mkdir(parents=True, exist_ok=True)
    # The .kwik goes first and comes back last: an interrupted build leaves no dataset behind.
    for path in existing:
        path.unlink()
    report = progress or (lambda fraction: None)

    timing = _make_timing(duration, sample_rate, n_recordings, seed)
    shanks = _make_shanks(n_channel_groups, n_channels, shuffled_channels, seed)
    populations = [
        make_population(
            shank,
            n_spikes=n_spikes,
            n_clusters=n_clusters,
            oversplit=oversplit,
            drift=drift,
            timing=timing,
            rng=np.random.default_rng((seed, 5, g)),
        )
        for g, shank in enumerate(shanks)
    ]
    if raw == "kwd" or (raw is None and generation == "spikedetekt2"):
        raw_files = [f"{name}.raw.kwd"]
    elif n_recordings == 1 or raw is None:
        raw_files = [f"{name}.dat"]
    else:
        raw_files = [f"{name}_{r}.dat" for r in range(n_recordings)]
    description = Description(name, shanks, timing, n_features_per_channel, raw, raw_files)
    how = dialect(generation)
    report(0.02)
    if raw is not None:
        write_raw(folder, how, description, populations, seed, lambda f: report(0.02 + 0.58 * f))
    if features:
        begin = 0.6 if raw else 0.02

        def written(g: int, fraction: float) -> None:
            report(begin + (0.98 - begin) * (g + fraction) / n_channel_groups)

        with h5py.File(folder / f"{name}.kwx", "w") as file:
            how.root(file, name)
            for g in range(n_channel_groups):
                write_features(
                    folder,
                    file,
                    how,
                    description,
                    populations[g],
                    g,
                    seed,
                    partial(written, g),
                )
    with h5py.File(kwik_path, "w") as file:
        write_kwik(file, how, description, populations, seed)
    truth = {g: population.truth for g, population in enumerate(populations)}
    truth_path = folder / f"{name}.ground_truth.npz"
    _write_truth(truth_path, truth)
    report(1.0)
    return Demo(kwik_path, truth_path, truth)


def _check(
    *,
    name: str,
    n_spikes: int,
    n_channels: int,
    n_clusters: int,
    n_channel_groups: int,
    n_recordings: int,
    duration: float,
    sample_rate: float,
    n_features: int,
    seed: int,
    raw: str | None,
    generation: str,
    oversplit: Sequence[str],
    drift: float,
) -> None:
    if not name or Path(name).name != name:
        raise ValueError(f"name is {name!r}; it must be a file name without a folder")
    counts = {
        "n_channels": n_channels,
        "n_channel_groups": n_channel_groups,
        "n_recordings": n_recordings,
        "n_features_per_channel": n_features,
    }
    for key, value in counts.items():
        if value < 1:
            raise ValueError(f"{key} is {value}; it must be 1 or more")
    n_samples = detection.BEFORE + detection.AFTER
    if n_features > n_samples:
        raise ValueError(
            f"n_features_per_channel is {n_features}; a waveform of {n_samples} samples has at "
            f"most that many principal components"
        )
    if isinstance(oversplit, str) or not set(oversplit) <= set(OVERSPLITS) or not oversplit:
        raise ValueError(
            f"oversplit is {oversplit!r}; it must hold one or more of {', '.join(OVERSPLITS)}"
        )
    least = 2 * len(oversplit) + 3
    if n_clusters < least:
        raise ValueError(
            f"n_clusters is {n_clusters}; it must be {least} or more: {2 * len(oversplit)} to "
            "merge, and one each to split, of noise and of multi-unit activity"
        )
    if n_spikes < MIN_SPIKES_PER_CLUSTER * n_clusters:
        raise ValueError(
            f"n_spikes is {n_spikes}; {n_clusters} clusters need at least "
            f"{MIN_SPIKES_PER_CLUSTER * n_clusters}"
        )
    if sample_rate < 5000:
        raise ValueError(f"sample_rate is {sample_rate:g}; spikes need 5000 a second or more")
    if not np.isfinite(duration) or duration < n_recordings:
        raise ValueError(
            f"duration is {duration:g} s; {n_recordings} recordings need at least a second each"
        )
    rate = n_spikes / n_clusters / duration
    if rate > MAX_MEAN_RATE:
        raise ValueError(
            f"{n_spikes} spikes of {n_clusters} clusters in {duration:g} s are {rate:.0f} a second "
            f"and cluster; at most {MAX_MEAN_RATE:g} leave room for refractory periods"
        )
    if seed < 0:
        raise ValueError(f"seed is {seed}; it must be 0 or more")
    if raw not in ("dat", "kwd", None):
        raise ValueError(f"raw is {raw!r}; it must be 'dat', 'kwd' or None")
    if generation not in GENERATIONS:
        raise ValueError(f"generation is {generation!r}; it must be one of {GENERATIONS}")
    if not np.isfinite(drift):
        raise ValueError(f"drift is {drift}; it must be a number of micrometres")


def _make_timing(duration: float, sample_rate: float, n_recordings: int, seed: int) -> Timing:
    n_samples = round(duration * sample_rate)
    shares = np.linspace(1.2, 0.8, n_recordings) if n_recordings > 1 else np.ones(1)
    bounds = np.rint(np.cumsum([0.0, *shares]) / shares.sum() * n_samples).astype(np.int64)
    rng = np.random.default_rng((seed, 1, 1))
    stimuli = np.arange(0.5, duration - 0.5, STIMULUS_PERIOD)
    stimuli = stimuli + rng.uniform(0.0, 0.5, len(stimuli))
    edge = max(sum(extent(sample_rate)) // 2, detection.BEFORE + 2)
    return Timing(sample_rate, bounds, edge, stimuli)


def _make_shanks(
    n_channel_groups: int, n_channels: int, shuffled_channels: bool, seed: int
) -> list[Shank]:
    columns = np.arange(n_channel_groups * n_channels, dtype=np.int32)
    if shuffled_channels:
        columns = np.random.default_rng((seed, 2, 2)).permutation(columns)
    return [
        make_shank(g, n_channels, part)
        for g, part in enumerate(np.split(columns, n_channel_groups))
    ]


def _write_truth(path: Path, truth: dict[int, Truth]) -> None:
    arrays: dict[str, Any] = {}
    for g, t in truth.items():
        arrays[f"units_{g}"] = t.units
        arrays.update({f"{role}_{g}": np.array(clusters) for role, clusters in t.roles.items()})
        arrays[f"siblings_{g}"] = np.array([pair[:2] for pair in t.siblings])
        arrays[f"siblings_how_{g}"] = np.array([pair[2] for pair in t.siblings])
    np.savez(path, **arrays)
