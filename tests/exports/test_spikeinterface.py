"""Sortings and curations for SpikeInterface: read and applied by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phygui import Session
from phygui.exports import export
from phygui.exports.spikeinterface.sorting import file_names
from phygui.simulate import make_demo
from tests.formats.spikeinterface.analyzers import PLAIN, make


def trains(sorting: Any) -> dict[Any, list[list[int]]]:
    """The samples of each unit, segment by segment."""
    segments = range(sorting.get_num_segments())
    return {
        unit: [sorted(sorting.get_unit_spike_train(unit, segment_index=s)) for s in segments]
        for unit in sorting.unit_ids.tolist()
    }


def curated_by_it(folder: Path) -> tuple[Any, Any]:
    """The sorting of an export, and what SpikeInterface makes of the sorter's one."""
    import spikeinterface as si
    from spikeinterface.curation import apply_curation

    curation = json.loads((folder / "curation.json").read_text())
    return si.load(folder / "sorting"), apply_curation(si.load(folder / "original"), curation)


def properties(sorting: Any, name: str) -> dict[Any, Any]:
    return dict(zip(sorting.unit_ids.tolist(), sorting.get_property(name).tolist(), strict=True))


def test_sorting_and_curation(curated: Session, tmp_path: Path) -> None:
    last, other = curated.cluster_ids.tolist()[-1], 4
    parts = curated.split(curated.spikes_per_cluster[last][::3]).added
    curated.merge([other, parts[0]])
    folder = export(curated, "spikeinterface", tmp_path / "si")
    # A part of one unit that is merged with another one takes two steps, and one for the labels.
    assert len(json.loads((folder / "curation.json").read_text())) == 3
    sorting, applied = curated_by_it(folder)
    assert sorting.unit_ids.tolist() == curated.cluster_ids.tolist()
    assert sorting.sampling_frequency == curated.shank.sample_rate
    samples = curated.shank.spike_samples.astype(int)
    for cluster_id, spike_ids in curated.spikes_per_cluster.items():
        assert sorting.get_unit_spike_train(cluster_id).tolist() == samples[spike_ids].tolist()
    assert properties(sorting, "quality") == curated.cluster_groups
    regions = {c: curated.labels_of(c).get("region", "") for c in curated.cluster_groups}
    assert properties(sorting, "region") == regions
    curated.learn_all()
    for cluster_id, value in properties(sorting, "snr").items():
        metric = curated.metrics[cluster_id]["snr"]
        assert value == pytest.approx(metric.value if metric.is_defined else np.nan, nan_ok=True)
    assert trains(applied) == trains(sorting)
    assert properties(applied, "region") == properties(sorting, "region")
    groups = {c: of or "unsorted" for c, of in properties(applied, "quality").items()}
    assert groups == properties(sorting, "quality")
    assert sorting.get_annotation("source") == str(curated.path)


def test_only_what_is_exported_stays(curated: Session, tmp_path: Path) -> None:
    folder = export(curated, "spikeinterface", tmp_path / "si", groups=["good"])
    sorting, applied = curated_by_it(folder)
    assert sorting.unit_ids.tolist() == [3, 4, 16]
    assert trains(applied) == trains(sorting)


def test_shanks_and_recordings(tmp_path: Path) -> None:
    demo = make_demo(
        tmp_path,
        n_spikes=400,
        n_clusters=8,
        n_channels=4,
        n_channel_groups=2,
        n_recordings=2,
        duration=8.0,
        raw=None,
    )
    with Session.open(demo.kwik_path, journal=False) as session:
        session.merge([int(c) for c in session.cluster_ids[:2]])
        folder = export(session, "spikeinterface", tmp_path / "si")
        sorting, applied = curated_by_it(folder)
        assert trains(applied) == trains(sorting)
        found = trains(sorting)
        for group in (0, 1):
            session.change_channel_group(group)
            shank = session.shank
            own = shank.spike_samples.astype(int) - shank.timeline.starts[shank.spike_recordings]
            for cluster_id, spike_ids in session.spikes_per_cluster.items():
                parts = [spike_ids[shank.spike_recordings[spike_ids] == r] for r in (0, 1)]
                expected = [sorted(own[part].tolist()) for part in parts]
                assert found[f"{group}-{cluster_id}"] == expected
        session.change_channel_group(0)
        session.undo()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
def test_an_analyzer_keeps_the_ids_of_its_units(tmp_path: Path) -> None:
    import spikeinterface.core as si
    from spikeinterface.curation import apply_curation

    path = make(tmp_path / "made", PLAIN, unit_ids=["a", "b", "7", "c", "d"], n_shanks=2)
    with Session.open(path, journal=False) as session:
        session.change_channel_group(1)
        first, second = [int(c) for c in session.cluster_ids[:2]]
        session.move([first], "good")
        session.merge([first, second])
        folder = export(session, "spikeinterface", tmp_path / "si")
        session.undo()
        session.undo()
    curation = json.loads((folder / "curation.json").read_text())
    own = si.load_sorting_analyzer(path, load_extensions=False).sorting
    applied = apply_curation(own, curation)
    assert trains(applied) == trains(si.load(folder / "sorting"))
    assert trains(own) == trains(si.load(folder / "original"))
    assert len(applied.unit_ids) == len(own.unit_ids) - 1


def test_names_of_files_of_properties() -> None:
    assert file_names(["region", "a/b", "a:b", "Region", ".."]) == [
        "region",
        "a_b",
        "a_b_2",
        "Region_2",
        "label",
    ]
