"""Make a folder as Kilosort 4 lays one out, as large as one likes, in bounded memory.

    python benchmarks/kilosort_folder.py FOLDER [--spikes N] [--channels N] [--seconds N]

By default 10,000,000 spikes of 400 clusters on 384 channels in 240 seconds: 8.5 GB, of which 5.5 GB
are raw data. Everything is the same for the same arguments.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numba
import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 30_000
WIDTH, TROUGH = 61, 20
N_PCS, N_LOCAL = 6, 10
SMALLEST, LARGEST = 1_000, 200_000
"""Spikes of clusters, before they are scaled to the number that is asked for."""
Shapes = NDArray[np.float32]


def append_rows(path: Path, shape: tuple[int, ...], dtype: type) -> np.memmap:
    """An array in a `.npy` file, written piece by piece."""
    return np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)


def probe(n_channels: int) -> NDArray[np.float64]:
    """Four columns of staggered sites, as on a Neuropixels 1.0 probe: (n_channels, 2)."""
    rows, side = np.divmod(np.arange(n_channels), 2)
    x = np.where(rows % 2, 27.0, 11.0) + 32.0 * side
    return np.stack([x, 20.0 * rows], axis=1)


def make_templates(
    rng: np.random.Generator, positions: NDArray[np.float64], n_templates: int
) -> tuple[Shapes, NDArray[np.int64]]:
    """Waveforms of templates on all channels, and the channels nearest to each, nearest first."""
    places = np.sort(rng.uniform(0, positions[:, 1].max(), n_templates))
    time = np.arange(WIDTH) - TROUGH
    templates = np.zeros((n_templates, WIDTH, len(positions)), np.float32)
    nearest = np.zeros((n_templates, N_LOCAL), np.int64)
    for i, depth in enumerate(places):
        place = np.array([rng.uniform(11, 59), depth])
        distance = np.hypot(*(positions - place).T)
        nearest[i] = np.argsort(distance)[:N_LOCAL]
        width, late = rng.uniform(3, 6), rng.uniform(8, 16)
        shape = -np.exp(-0.5 * (time / width) ** 2)
        shape += rng.uniform(0.1, 0.5) * np.exp(-0.5 * ((time - late) / (2 * width)) ** 2)
        decay = np.exp(-distance[nearest[i]] / rng.uniform(25, 50))
        templates[i][:, nearest[i]] = rng.uniform(60, 300) * shape[:, None] * decay
    return templates, nearest


@numba.njit(cache=False)
def add_spikes(
    raw: NDArray[np.int16],
    starts: NDArray[np.int64],
    which: NDArray[np.int64],
    shapes: Shapes,
    channels: NDArray[np.int64],
) -> None:
    """Add each spike's template to the raw data, on its own channels."""
    for i in range(len(starts)):
        for s in range(shapes.shape[1]):
            row = starts[i] + s
            for c in range(channels.shape[1]):
                raw[row, channels[which[i], c]] += np.int16(shapes[which[i], s, c])


def write_folder(
    folder: Path,
    n_spikes: int,
    n_channels: int = 384,
    n_templates: int = 400,
    seconds: int = 240,
    n_pcs: int = N_PCS,
) -> None:
    """Write a folder; nothing is done where it is there already."""
    if (folder / "params.py").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    positions = probe(n_channels)
    templates, nearest = make_templates(rng, positions, n_templates)
    local = np.stack([t[:, c] for t, c in zip(templates, nearest, strict=True)])
    sizes = np.exp(rng.uniform(np.log(SMALLEST), np.log(LARGEST), n_templates))
    chance = sizes / sizes.sum()
    means = rng.normal(0, 30, (n_templates, n_pcs, N_LOCAL)).astype(np.float32)
    means *= np.linspace(1, 0.2, N_LOCAL, dtype=np.float32)
    arrays = {
        "spike_times": append_rows(folder / "spike_times.npy", (n_spikes,), np.int64),
        "spike_templates": append_rows(folder / "spike_templates.npy", (n_spikes,), np.int32),
        "spike_clusters": append_rows(folder / "spike_clusters.npy", (n_spikes,), np.int32),
        "amplitudes": append_rows(folder / "amplitudes.npy", (n_spikes,), np.float32),
        "spike_positions": append_rows(folder / "spike_positions.npy", (n_spikes, 2), np.float32),
        "pc_features": append_rows(
            folder / "pc_features.npy", (n_spikes, n_pcs, N_LOCAL), np.float32
        ),
    }
    noise = rng.normal(0, 12, (SAMPLE_RATE, n_channels)).astype(np.int16)
    bounds = np.linspace(0, n_spikes, seconds + 1).astype(int)
    with open(folder / "recording.dat", "wb") as file:
        for second in range(seconds):
            rows = slice(bounds[second], bounds[second + 1])
            n = rows.stop - rows.start
            starts = np.sort(rng.integers(0, SAMPLE_RATE - WIDTH, n))
            which = rng.choice(n_templates, n, p=chance)
            raw = np.roll(noise, rng.integers(SAMPLE_RATE), axis=0)
            add_spikes(raw, starts, which, local, nearest)
            raw.tofile(file)
            values = means[which] + rng.standard_normal((n, n_pcs, N_LOCAL), np.float32) * 8
            arrays["pc_features"][rows] = values
            arrays["spike_times"][rows] = second * SAMPLE_RATE + starts + TROUGH
            arrays["spike_templates"][rows] = which
            arrays["spike_clusters"][rows] = which
            arrays["amplitudes"][rows] = np.linalg.norm(values.reshape(n, -1), axis=1)
            arrays["spike_positions"][rows] = positions[nearest[which, 0]] + rng.normal(
                0, 5, (n, 2)
            )
    for array in arrays.values():
        array.flush()
    unit = (
        local.reshape(n_templates, -1)
        / np.linalg.norm(local.reshape(n_templates, -1), axis=1)[:, None]
    )
    similar = np.where(nearest[:, :1] == nearest[:, 0], unit @ unit.T, 0)
    small = {
        "templates": templates,
        "templates_ind": np.tile(np.arange(n_channels), (n_templates, 1)),
        "pc_feature_ind": nearest.astype(np.uint32),
        "similar_templates": similar.astype(np.float32),
        "channel_map": np.arange(n_channels, dtype=np.int32),
        "channel_positions": positions,
        "whitening_mat": np.eye(n_channels, dtype=np.float32),
        "whitening_mat_inv": np.eye(n_channels, dtype=np.float32),
    }
    for name, small_array in small.items():
        np.save(folder / f"{name}.npy", small_array)
    lines = [f"{c}\t{'good' if sizes[c] > 20_000 else 'mua'}\n" for c in range(n_templates)]
    for name in ("KSLabel", "group"):
        text = "cluster_id\tKSLabel\n" + "".join(lines)
        (folder / f"cluster_{name}.tsv").write_text(text)
    write_params(folder, n_channels)


def write_hollow_folder(folder: Path, n_spikes: int, n_channels: int = 384) -> None:
    """Write a folder whose features and raw data are holes, which take no room on the disk.

    To see what opening takes, whatever the features are.
    """
    folder.mkdir(parents=True)
    rng, n_templates, n_samples = np.random.default_rng(0), 400, 3600 * SAMPLE_RATE
    positions = probe(n_channels)
    templates, nearest = make_templates(rng, positions, n_templates)
    which = rng.integers(0, n_templates, n_spikes).astype(np.int32)
    small = {
        "spike_times": np.sort(rng.integers(TROUGH, n_samples - WIDTH, n_spikes)),
        "spike_templates": which,
        "spike_clusters": which,
        "amplitudes": rng.random(n_spikes, np.float32),
        "templates": templates,
        "pc_feature_ind": nearest.astype(np.uint32),
        "channel_map": np.arange(n_channels, dtype=np.int32),
        "channel_positions": positions,
    }
    for name, array in small.items():
        np.save(folder / f"{name}.npy", array)
    append_rows(folder / "pc_features.npy", (n_spikes, N_PCS, N_LOCAL), np.float32)
    with open(folder / "recording.dat", "wb") as file:
        file.truncate(n_samples * n_channels * 2)
    write_params(folder, n_channels)


def write_params(folder: Path, n_channels: int) -> None:
    """Write what is written last: a folder that has it is whole."""
    (folder / "params.py").write_text(
        f"dat_path = ['recording.dat']\nn_channels_dat = {n_channels}\ndtype = 'int16'\n"
        f"offset = 0\nsample_rate = {SAMPLE_RATE}.0\nhp_filtered = False\n"
    )


def main() -> int:
    """Make the folder that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--spikes", type=int, default=10_000_000)
    parser.add_argument("--channels", type=int, default=384)
    parser.add_argument("--templates", type=int, default=400)
    parser.add_argument("--seconds", type=int, default=240)
    told = parser.parse_args()
    write_folder(told.folder, told.spikes, told.channels, told.templates, told.seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
