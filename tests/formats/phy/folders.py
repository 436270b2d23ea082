"""Small folders as Kilosort 2, Kilosort 4 and SpikeInterface lay them out, with what is in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

N_CHANNELS, N_RAW, N_TEMPLATES, N_SPIKES, N_SAMPLES = 8, 10, 5, 300, 30_000
N_LOCAL, N_PCS, WIDTH, TROUGH = 4, 3, 41, 14


@dataclass(frozen=True)
class Folder:
    """A folder and the truth about it.

    Attributes
    ----------
    path : Path
    samples, templates, clusters : (n_spikes,) int64
    features : (n_spikes, n_channels, n_pcs) float32
        Dense; 0 where a spike has none.
    has_features : (n_spikes, n_channels) bool
    shapes : (n_templates, n_samples, n_channels) float64
        Templates, not whitened.
    raw : (n_samples, n_raw_channels) int16
    """

    path: Path
    samples: np.ndarray
    templates: np.ndarray
    clusters: np.ndarray
    features: np.ndarray
    has_features: np.ndarray
    shapes: np.ndarray
    raw: np.ndarray


def make(folder: Path, like: str = "kilosort4", *, n_shanks: int = 1, seed: int = 0) -> Folder:
    """Write a folder.

    Parameters
    ----------
    folder : Path
    like : {"kilosort2", "kilosort4", "spikeinterface"}
        Dense templates, whitened, arrays column by column; the same row by row, more arrays;
        sparse ones in (n, 1) shapes, padded with -1.
    n_shanks : int
    seed : int
    """
    path = folder / like
    path.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    samples = np.sort(rng.integers(100, N_SAMPLES - 100, N_SPIKES))
    templates = rng.integers(0, N_TEMPLATES, N_SPIKES)
    clusters = np.where((templates == 4) & (rng.random(N_SPIKES) < 0.5), 7, templates)
    first = np.minimum(np.arange(N_TEMPLATES) * 2, N_CHANNELS - N_LOCAL)
    columns = first[:, None] + np.arange(N_LOCAL)
    if like == "spikeinterface":
        columns[0, -1] = -1
    local = rng.normal(0, 1, (N_SPIKES, N_PCS, N_LOCAL)).astype(np.float32)
    features = np.zeros((N_SPIKES, N_CHANNELS, N_PCS), np.float32)
    has_features = np.zeros((N_SPIKES, N_CHANNELS), bool)
    for spike in range(N_SPIKES):
        for place, channel in enumerate(columns[templates[spike]]):
            if channel >= 0:
                features[spike, channel] = local[spike, :, place]
                has_features[spike, channel] = True
    shape = -np.exp(-0.5 * ((np.arange(WIDTH) - TROUGH) / 3.0) ** 2)
    shapes = np.zeros((N_TEMPLATES, WIDTH, N_CHANNELS))
    for template in range(N_TEMPLATES):
        kept = columns[template][columns[template] >= 0]
        sizes = 60.0 + 20 * template - 15 * np.arange(len(kept))
        shapes[template][:, kept] = shape[:, None] * sizes
    channels = rng.permutation(N_RAW)[:N_CHANNELS]
    raw = rng.normal(0, 5, (N_SAMPLES, N_RAW))
    for sample, template in zip(samples, templates, strict=True):
        raw[sample - TROUGH : sample - TROUGH + WIDTH, channels] += shapes[template]
    raw = np.round(raw).astype(np.int16)
    raw.tofile(path / "recording.dat")
    whitening = np.eye(N_CHANNELS) + 0.05 * rng.normal(0, 1, (N_CHANNELS, N_CHANNELS))
    is_sparse = like == "spikeinterface"
    arrays = {
        "spike_times": samples,
        "spike_templates": templates,
        "spike_clusters": clusters.astype(np.int32),
        "amplitudes": 50.0 + templates,
        "channel_map": channels.astype(np.int32),
        "channel_positions": np.stack([np.zeros(N_CHANNELS), 20.0 * np.arange(N_CHANNELS)], axis=1),
        "pc_features": local,
        "pc_feature_ind": columns,
    }
    if is_sparse:
        for name in ("spike_times", "spike_templates", "spike_clusters", "amplitudes"):
            arrays[name] = arrays[name][:, None]
        arrays["templates"] = np.zeros((N_TEMPLATES, WIDTH, N_LOCAL))
        for template in range(N_TEMPLATES):
            kept = columns[template] >= 0
            arrays["templates"][template][:, kept] = shapes[template][:, columns[template][kept]]
        arrays["template_ind"] = columns
        table(path, "si_unit_ids", "si_unit_id", {c: f"unit {c}" for c in range(5)})
        table(path, "group", "group", dict.fromkeys(range(5), "unsorted"))
    else:
        arrays["templates"] = (shapes @ whitening).astype(np.float32)
        arrays["whitening_mat"] = whitening
        arrays["whitening_mat_inv"] = np.linalg.inv(whitening)
        labels = {c: "good" if c % 2 else "mua" for c in range(5)}
        table(path, "KSLabel", "KSLabel", labels)
        table(path, "ContamPct", "ContamPct", {c: f"{c / 10}" for c in range(5)})
        if like == "kilosort4":
            table(path, "group", "KSLabel", labels)
            arrays["spike_positions"] = rng.normal(0, 30, (N_SPIKES, 2)).astype(np.float32)
            arrays["kept_spikes"] = np.ones(N_SPIKES + 5, bool)
    if n_shanks > 1:
        arrays["channel_shanks"] = np.arange(N_CHANNELS) * n_shanks // N_CHANNELS
    for name, array in arrays.items():
        order = np.asfortranarray(array) if like == "kilosort2" else np.ascontiguousarray(array)
        np.save(path / f"{name}.npy", order)
    (path / "params.py").write_text(
        f"dat_path = {'[' if like == 'kilosort4' else ''}r'recording.dat'"
        f"{']' if like == 'kilosort4' else ''}\nn_channels_dat = {N_RAW}\n"
        "dtype = 'int16'\noffset = 0\nsample_rate = 20000.\nhp_filtered = False\n"
    )
    return Folder(path, samples, templates, clusters, features, has_features, shapes, raw)


def table(path: Path, name: str, column: str, of: dict[int, str], end: str = "\n") -> None:
    """Write `cluster_NAME.tsv`."""
    lines = [f"cluster_id\t{column}", *(f"{c}\t{cell}" for c, cell in of.items()), ""]
    (path / f"cluster_{name}.tsv").write_text(end.join(lines), newline="")
