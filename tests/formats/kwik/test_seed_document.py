"""Every statement of "Working with Kwik files", in its order, on two datasets.

One is simulated in the shape of the document's own; the other is real, or stands in for that. Where
the statement names ``phy.io``, ours is ``phygui``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import phygui
from phygui import KwikModel
from phygui.simulate import make_demo

STATEMENTS = [
    "from phygui import KwikModel",
    "!ls | grep myexperiment",
    "kwik_path = 'myexperiment.kwik'",
    "model = KwikModel(kwik_path)",
    "model.spike_samples",
    "model.spike_times",
    "model.spike_clusters",
    "model.cluster_ids",
    "model.cluster_groups",
    "model.default_cluster_groups",
    "model.metadata",
    "model.masks.shape",
    "model.masks[10]",
    "model.masks[:10].shape",
    "model.masks[[10, 20, 30]].shape",
]


@dataclass
class Case:
    """A dataset and what is true of it, read with h5py alone."""

    folder: Path
    n_spikes: int
    cluster_dtype: type
    cluster_ids: list[int]
    first_samples: list[int]
    metadata: dict[str, Any]

    @property
    def kwik(self) -> Path:
        return self.folder / "myexperiment.kwik"


# What the document shows of the metadata, but for names and for the gain of its amplifier.
DOCUMENT_METADATA = {
    "assigntofirstclosestmask": 1,
    "chunk_overlap": 300,
    "chunk_size": 20000,
    "connected_component_join_size": 1,
    "debug": 0,
    "detect_spikes": "negative",
    "excerpt_size": 20000,
    "experiment_name": "myexperiment",
    "extract_s_after": 16,
    "extract_s_before": 16,
    "filter_butter_order": 3,
    "filter_high": 9500.0,
    "filter_lfp_high": 300,
    "filter_lfp_low": 0,
    "filter_low": 500.0,
    "fullstepevery": 10,
    "maskstarts": 100,
    "maxiter": 10000,
    "maxpossibleclusters": 500,
    "nbits": 16,
    "nchannels": 32,
    "nexcerpts": 50,
    "nfeatures_per_channel": 3,
    "pca_nwaveforms_max": 10000,
    "penaltyk": 0,
    "penaltyklogn": 1,
    "prb_file": "myexperiment.prb",
    "priorpoint": 1,
    "randomseed": 654,
    "raw_data_files": "myexperiment.raw.kwd",
    "sample_rate": 20000,
    "savecovariancemeans": 0,
    "savesorted": 0,
    "splitevery": 100,
    "splitfirst": 20,
    "subset": 1,
    "threshold_strong_std_factor": 4.5,
    "threshold_weak_std_factor": 2.0,
    "usedistributional": 1,
    "usemaskedinitialconditions": 1,
    "voltage_gain": 0.195,
    "waveforms_nsamples": 32,
}

# The same for the real dataset, from the detection parameters that klusta wrote.
HYBRID_METADATA = {
    "detect_spikes": "negative",
    "extract_s_after": 16,
    "extract_s_before": 16,
    "filter_butter_order": 3,
    "filter_high_factor": 0.475,
    "filter_low": 500.0,
    "n_channels": 32,
    "n_features_per_channel": 3,
    "prb_file": "1x32_buzsaki",
    "raw_data_files": "hybrid_10sec.dat",
    "sample_rate": 20000,
    "threshold_strong_std_factor": 4.5,
    "threshold_weak_std_factor": 2.0,
    "voltage_gain": 10.0,
}


def first_samples(path: Path) -> list[int]:
    with h5py.File(path, "r") as file:
        return file["channel_groups/0/spikes/time_samples"][:3].tolist()


@pytest.fixture(scope="module")
def document_case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("document")
    demo = make_demo(
        folder,
        name="myexperiment",
        n_spikes=18_539,
        n_channels=32,
        n_clusters=24,
        raw="kwd",
        generation="spikedetekt2",
    )
    demo.truth_path.unlink()
    first = first_samples(demo.kwik_path)
    return Case(folder, 18_539, np.uint32, list(range(2, 26)), first, DOCUMENT_METADATA)


@pytest.fixture
def hybrid_case(hybrid: Path) -> Case:
    for path in list(hybrid.parent.iterdir()):
        path.rename(path.with_name(f"myexperiment{path.suffix}"))
    return Case(
        hybrid.parent,
        1653,
        np.int32,
        [0, *range(2, 18)],
        first_samples(hybrid.with_name("myexperiment.kwik")),
        HYBRID_METADATA,
    )


def _samples(model: KwikModel, value: np.ndarray, case: Case) -> None:
    # Signed, whatever the file has: one is subtracted from another.
    assert value.dtype == np.int64
    assert value.shape == (case.n_spikes,)
    assert value[:3].tolist() == case.first_samples
    assert (np.diff(value) >= 0).all()


def _times(model: KwikModel, value: np.ndarray, case: Case) -> None:
    assert value.dtype == np.float64
    assert value.shape == (case.n_spikes,)
    # In the document, sample 35 at 20 kHz is 1.75 ms.
    assert np.array_equal(value, model.spike_samples / 20_000.0)
    assert value[0] == case.first_samples[0] / 20_000.0


def _clusters(model: KwikModel, value: np.ndarray, case: Case) -> None:
    assert value.dtype == case.cluster_dtype
    assert value.shape == (case.n_spikes,)
    with h5py.File(case.kwik, "r") as file:
        assert np.array_equal(value, file["channel_groups/0/spikes/clusters/main"][:])


def _cluster_ids(model: KwikModel, value: np.ndarray, case: Case) -> None:
    assert isinstance(value, np.ndarray)
    assert value.dtype.kind == "i"
    assert value.tolist() == case.cluster_ids


def _cluster_groups(model: KwikModel, value: dict, case: Case) -> None:
    assert value == dict.fromkeys(case.cluster_ids, 3)
    assert list(value) == case.cluster_ids
    assert all(isinstance(item, int) for pair in value.items() for item in pair)
    assert str(dict(value)) == str(dict.fromkeys(case.cluster_ids, 3))


def _default_groups(model: KwikModel, value: dict, case: Case) -> None:
    assert value == {0: "Noise", 1: "MUA", 2: "Good", 3: "Unsorted"}


def _metadata(model: KwikModel, value: dict, case: Case) -> None:
    for key, expected in case.metadata.items():
        assert value[key] == expected, key
        assert type(value[key]) in (int, float, str), key
        if isinstance(expected, str | int):
            assert type(value[key]) is type(expected), key
    # The other generation's names are offered for the same values.
    assert value["nchannels"] == value["n_channels"] == 32
    assert value["nfeatures_per_channel"] == value["n_features_per_channel"] == 3
    assert value["filter_high"] == value["filter_high_factor"] * 20_000


def _masks_shape(model: KwikModel, value: tuple, case: Case) -> None:
    assert value == (case.n_spikes, 32)


def _stored_masks(case: Case) -> np.ndarray:
    with h5py.File(case.folder / "myexperiment.kwx", "r") as file:
        return file["channel_groups/0/features_masks"][:31, ::3, 1]


def _masks_of_one(model: KwikModel, value: np.ndarray, case: Case) -> None:
    assert isinstance(value, np.ndarray)
    assert value.dtype == np.float32
    assert value.shape == (32,)
    assert value.min() >= 0
    assert value.max() == 1
    assert np.array_equal(value, _stored_masks(case)[10])


def _masks_of_ten(model: KwikModel, value: tuple, case: Case) -> None:
    assert value == (10, 32)
    assert np.array_equal(model.masks[:10], _stored_masks(case)[:10])


def _masks_of_three(model: KwikModel, value: tuple, case: Case) -> None:
    assert value == (3, 32)
    assert np.array_equal(model.masks[[10, 20, 30]], _stored_masks(case)[[10, 20, 30]])


CHECKS: dict[str, Callable[[KwikModel, Any, Case], None]] = {
    "model.spike_samples": _samples,
    "model.spike_times": _times,
    "model.spike_clusters": _clusters,
    "model.cluster_ids": _cluster_ids,
    "model.cluster_groups": _cluster_groups,
    "model.default_cluster_groups": _default_groups,
    "model.metadata": _metadata,
    "model.masks.shape": _masks_shape,
    "model.masks[10]": _masks_of_one,
    "model.masks[:10].shape": _masks_of_ten,
    "model.masks[[10, 20, 30]].shape": _masks_of_three,
}


@pytest.mark.parametrize("name", ["document_case", "hybrid_case"])
def test_every_statement_in_order(
    name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
):
    case: Case = request.getfixturevalue(name)
    monkeypatch.chdir(case.folder)
    namespace: dict[str, Any] = {}
    checked = set()
    for statement in STATEMENTS:
        if statement.startswith("!"):  # IPython's way of listing the folder
            listed = sorted(p.name for p in Path().iterdir() if "myexperiment" in p.name)
            assert {"myexperiment.kwik", "myexperiment.kwx"} <= set(listed)
            if name == "document_case":
                assert listed == ["myexperiment.kwik", "myexperiment.kwx", "myexperiment.raw.kwd"]
        elif statement in CHECKS:
            value = eval(statement, namespace)
            CHECKS[statement](namespace["model"], value, case)
            checked.add(statement)
        else:
            exec(statement, namespace)
    assert checked == set(CHECKS)
    assert namespace["KwikModel"] is phygui.KwikModel
    namespace["model"].close()


@pytest.mark.genuine
def test_the_statements_are_those_of_the_document(data_folder: Path):
    document = data_folder.parent / "seed" / "working-with-kwik-files.md"
    found = re.findall(r"^>>> (.*)$", document.read_text(), flags=re.MULTILINE)
    assert [statement.replace("from phy.io", "from phygui") for statement in found] == STATEMENTS
