"""Arrays with documented names: ``.npz`` for numpy, ``.mat`` for MATLAB.

``docs/export.md`` says what each is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.exports.curation import Curation, ShankCuration
from phygui.exports.spec import ExportSpec
from phygui.exports.tables.table import TableColumn, cluster_table
from phygui.exports.work import Work

Arrays = dict[str, NDArray[Any]]
_LONGEST_NAME = 63
"""Letters of a name in MATLAB."""


def spike_arrays(curation: Curation) -> Arrays:
    """One entry a spike of the exported clusters, shank by shank, in the order of time."""

    def joined(of: Callable[[ShankCuration], Any], dtype: type) -> NDArray[Any]:
        parts: list[NDArray[Any]] = [np.asarray(of(shank), dtype) for shank in curation.shanks]
        return np.concatenate([np.empty(0, dtype), *parts])

    def each(shank: ShankCuration) -> NDArray[np.int64]:
        return shank.exported_spikes[0]

    return {
        "spike_times": joined(lambda s: s.data.spike_times[each(s)], np.float64),
        "spike_samples": joined(lambda s: s.data.spike_samples[each(s)], np.int64),
        "spike_clusters": joined(lambda s: s.exported_spikes[1], np.int64),
        "spike_channel_groups": joined(lambda s: np.full(len(each(s)), s.channel_group), np.int64),
        "spike_ids": joined(each, np.int64),
        "sample_rate": np.array([shank.data.sample_rate for shank in curation.shanks][:1]),
    }


def column_array(column: TableColumn) -> NDArray[Any]:
    """The values of a column: int64, float64 with NaN, or text; empty where it is not known."""
    values = column.values
    if column.kind is str:
        return np.array(["" if v is None else v for v in values], np.str_)
    if column.kind is int and None not in values:
        return np.array(values, np.int64)
    return np.array([np.nan if v is None else v for v in values], np.float64)


def write_npz(curation: Curation, path: Path, _: Mapping[str, Any], work: Work) -> None:
    """Write arrays for ``numpy.load``; none of them is an object."""
    work.step(0.0, "writing")
    columns = cluster_table(curation)
    arrays = spike_arrays(curation)
    arrays |= {f"table_{column.name}": column_array(column) for column in columns}
    arrays["table_columns"] = np.array([column.name for column in columns], np.str_)
    arrays["table_units"] = np.array([column.unit for column in columns], np.str_)
    arrays["table_descriptions"] = np.array([column.help for column in columns], np.str_)
    arrays["provenance"] = np.array(json.dumps(curation.provenance.in_words()))
    # A path without the ending gets it from numpy, and an open file does not.
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def write_mat(curation: Curation, path: Path, _: Mapping[str, Any], work: Work) -> None:
    """Write a MAT-file of version 5: columns, and a struct ``table`` with one field a column."""
    from scipy.io import savemat

    work.step(0.0, "writing")
    columns = cluster_table(curation)
    names = matlab_names([column.name for column in columns])
    arrays = {name: values[:, None] for name, values in spike_arrays(curation).items()}
    held: dict[str, Any] = dict(arrays)
    held["table"] = {
        name: _cells(column.values) if column.kind is str else column_array(column)[:, None]
        for name, column in zip(names, columns, strict=True)
    }
    held["table_columns"] = _cells([column.name for column in columns])
    held["table_units"] = _cells([column.unit for column in columns])
    held["table_descriptions"] = _cells([column.help for column in columns])
    held["provenance"] = curation.provenance.in_words()
    savemat(path, held, appendmat=False, long_field_names=True, do_compression=True)


def _cells(texts: list[str | None]) -> NDArray[Any]:
    """A cell array of texts, one a row."""
    found = np.empty((len(texts), 1), object)
    found[:, 0] = ["" if text is None else text for text in texts]
    return found


def matlab_names(names: list[str]) -> list[str]:
    """Names that MATLAB takes for those of fields, all different."""
    found: dict[str, None] = {}
    for name in names:
        word = re.sub(r"[^A-Za-z0-9_]", "_", name)
        word = word if word[:1].isalpha() else f"x{word}"
        word, number = word[:_LONGEST_NAME], 2
        while word in found:
            word, number = f"{word[: _LONGEST_NAME - 4]}_{number}", number + 1
        found[word] = None
    return list(found)


NPZ = ExportSpec(
    "npz",
    "NumPy arrays",
    ".npz",
    "Times and clusters of the spikes and the table of clusters, for numpy.load.",
    write_npz,
)
MAT = ExportSpec(
    "mat",
    "MATLAB file",
    ".mat",
    "Times and clusters of the spikes and the table of clusters, for MATLAB's load.",
    write_mat,
)
