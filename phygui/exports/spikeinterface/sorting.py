"""A sorting as SpikeInterface keeps it: a ``NumpyFolderSorting``.

Arrays and two small JSON files: it is written here, so that SpikeInterface need not be installed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SPIKE = np.dtype([("sample_index", "<i8"), ("unit_index", "<i8"), ("segment_index", "<i8")])
_LAYOUT = "0.105.3"
"""The SpikeInterface whose layout this is."""


def spike_vector(
    segments: NDArray[np.int32], samples: NDArray[np.int64], units: NDArray[np.int32]
) -> NDArray[Any]:
    """All spikes as SpikeInterface holds them, from those in the order of time.

    Parameters
    ----------
    segments, samples, units : (n_spikes,) integers
        Segment, sample from its start, and place of the unit; by segment, then by sample.
    """
    spikes = np.empty(len(segments), SPIKE)
    spikes["sample_index"], spikes["unit_index"], spikes["segment_index"] = samples, units, segments
    return spikes


def write_sorting(
    folder: Path,
    spikes: NDArray[Any],
    unit_ids: Sequence[int | str],
    *,
    sample_rate: float,
    n_segments: int,
    properties: Mapping[str, NDArray[Any]],
    annotations: Mapping[str, Any],
) -> None:
    """Write a sorting that ``spikeinterface.load`` and ``read_numpy_sorting_folder`` open."""
    (folder / "properties").mkdir(parents=True)
    np.save(folder / "spikes.npy", spikes)
    for name, values in zip(file_names(properties), properties.values(), strict=True):
        np.save(folder / "properties" / f"{name}.npy", values, allow_pickle=False)
    _write_json(
        folder / "numpysorting_info.json",
        {
            "sampling_frequency": float(sample_rate),
            "unit_ids": list(unit_ids),
            "num_segments": n_segments,
        },
    )
    _write_json(folder / "annotations.json", annotations)
    _write_json(
        folder / "si_folder.json",
        {
            "class": "spikeinterface.core.sortingfolder.NumpyFolderSorting",
            "module": "spikeinterface",
            "version": _LAYOUT,
            "kwargs": {"folder_path": ".", "mmap_mode": None},
            "annotations": annotations,
            "properties": {},
            "relative_paths": True,
        },
    )


def file_names(names: Collection[str]) -> list[str]:
    """What properties are called in the folder: names that files may have, all different."""
    found: dict[str, None] = {}
    for name in names:
        stem = plain = re.sub(r"[^\w .-]", "_", name).strip(" .")[:100] or "label"
        number = 2
        while plain.lower() in (of.lower() for of in found):
            plain, number = f"{stem}_{number}", number + 1
        found[plain] = None
    return list(found)


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")
