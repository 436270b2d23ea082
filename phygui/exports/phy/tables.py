"""What is known of clusters as the tables of phy: groups, one for each label, and one of all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from phygui.dataset.groups import GROUP_NAMES
from phygui.exports.curation import ShankCuration
from phygui.exports.phy.spikes import Spikes
from phygui.formats.phy.decisions import cells_of, tables_of
from phygui.formats.phy.tables import GROUP, INFO_FILE, Table

_OWN = ("ch", "depth", "fr", GROUP, "n_spikes", "sh")
"""Columns of `cluster_info.tsv` that phy itself shows."""
_SHIFTED = "id_in_shank"
_STANDARD = set(GROUP_NAMES.values())
_REPEATED = ("channel", "depth", "firing_rate", "n_spikes")


def write_tables(
    folder: Path, spikes: Spikes, largest: NDArray[np.int64], positions: NDArray[np.float64]
) -> None:
    """`cluster_group.tsv`, a table for each label, and `cluster_info.tsv`.

    Parameters
    ----------
    folder : Path
    spikes : Spikes
    largest : (n_templates,) int64
        Channel on which each template is largest.
    positions : (n_channels, 2) float64
        Of all channels.
    """
    told: dict[int, dict[str, str]] = {}
    info: dict[int, dict[str, str]] = {}
    columns: dict[str, None] = {}
    for place, shank in enumerate(spikes.shanks):
        shift = spikes.cluster_shifts[place]
        template_of = _template_of(spikes, place)
        for cluster_id in shank.cluster_ids.tolist():
            new_id = cluster_id + shift
            cells = cells_of(shank.labels_of(cluster_id), _group(shank, cluster_id))
            told[new_id] = cells
            n = len(shank.spikes_per_cluster[cluster_id])
            channel = int(largest[template_of[cluster_id]])
            rest = {
                name: _number(column.values[cluster_id])
                for name, column in shank.columns.items()
                if cluster_id in column.values and name not in _REPEATED
            }
            info[new_id] = {
                **rest,
                **cells,
                "ch": str(channel),
                "depth": _number(float(positions[channel, 1])),
                "fr": _number(n / shank.data.duration) if shank.data.duration else "",
                "n_spikes": str(n),
                "sh": str(shank.channel_group),
                **({_SHIFTED: str(cluster_id)} if any(spikes.cluster_shifts) else {}),
            }
            columns |= dict.fromkeys(info[new_id])
    for name, table in tables_of({}, told).items():
        (folder / name).write_bytes(table.encoded(folder / name))
    names = [*_OWN, *(name for name in columns if name not in _OWN)]
    path = folder / INFO_FILE
    path.write_bytes(Table(tuple(names), info).encoded(path))


def _group(shank: ShankCuration, cluster_id: int) -> str:
    """The group, by the name that all programs know where it is one of the usual ones."""
    name = shank.group(cluster_id)
    return name.lower() if name.lower() in _STANDARD else name


def _template_of(spikes: Spikes, place: int) -> dict[int, int]:
    """The template that most spikes of each cluster of a shank were found with."""
    shank = spikes.shanks[place]
    own = spikes.shank_of == place
    templates = np.zeros(shank.data.n_spikes, np.int32)
    templates[spikes.spike_ids[own]] = spikes.templates[own]
    return {
        cluster_id: int(np.bincount(templates[shank.spikes_per_cluster[cluster_id]]).argmax())
        for cluster_id in shank.cluster_ids.tolist()
    }


def _number(value: float) -> str:
    if isinstance(value, int) or float(value).is_integer():
        return str(int(value))
    return f"{value:.6g}" if np.isfinite(value) else ""
