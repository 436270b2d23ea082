"""Units in NWB files, as pynwb and nwbinspector read them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phygui import Session
from phygui.analysis import sample_spikes
from phygui.exports import ExportError, export
from phygui.exports.nwb.waveforms import N_ELECTRODES, N_SPIKES, nearest
from phygui.simulate import make_demo


@contextmanager
def read(path: Path) -> Iterator[Any]:
    import pynwb

    with pynwb.NWBHDF5IO(str(path), "r") as io:
        yield io.read()


def remarks(path: Path) -> set[str]:
    """What nwbinspector finds critical in a file."""
    import nwbinspector

    with read(path) as file:
        found = list(nwbinspector.inspect_nwbfile_object(file))
    level = nwbinspector.Importance.CRITICAL.value
    return {of.check_function_name for of in found if of.importance.value >= level}


@pytest.fixture(scope="module")
def parted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of two shanks and two recordings."""
    demo = make_demo(
        tmp_path_factory.mktemp("parted"),
        n_spikes=600,
        n_clusters=8,
        n_channels=4,
        n_channel_groups=2,
        n_recordings=2,
        duration=10.0,
    )
    return demo.kwik_path


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """Somebody else's NWB file with electrodes and units."""
    import pynwb

    file = pynwb.NWBFile(
        session_description="theirs",
        identifier="theirs",
        session_start_time=datetime(2020, 1, 1, tzinfo=timezone.utc),
    )
    device = file.create_device("their probe", description="a probe")
    group = file.create_electrode_group("g", description="g", location="CA1", device=device)
    file.add_electrode_column("quality", "theirs")
    for i in range(3):
        file.add_electrode(
            location="CA1", group=group, rel_x=0.0, rel_y=500.0 * i, quality=float(i)
        )
    file.add_unit(spike_times=[1.5, 2.5])
    path = tmp_path / "given.nwb"
    with pynwb.NWBHDF5IO(str(path), "w") as io:
        io.write(file)
    return path


def test_units_are_those_of_the_session(curated: Session, tmp_path: Path) -> None:
    shank = curated.shank
    path = export(curated, "nwb", tmp_path / "x.nwb", options={"location": "CA1"})
    with read(path) as file:
        units = file.units
        assert units["cluster_id"][:].tolist() == curated.cluster_ids.tolist()
        assert units["quality"][:].tolist() == list(curated.cluster_groups.values())
        assert units.resolution == 1 / shank.sample_rate
        assert all(column.description for column in units.columns)
        regions = [curated.labels_of(int(c)).get("region", "") for c in curated.cluster_ids]
        assert units["region"][:].tolist() == regions
        electrodes = file.electrodes
        positions = np.column_stack([electrodes["rel_x"][:], electrodes["rel_y"][:]])
        assert np.array_equal(positions, shank.channel_positions)
        assert electrodes["channel"][:].tolist() == shank.channels.tolist()
        assert set(electrodes["location"][:]) == {"CA1"}
        assert shank.waveforms is not None
        volts = shank.channel_gains * 1e-6
        curated.learn_all()
        for row, cluster_id in enumerate(curated.cluster_ids.tolist()):
            spike_ids = curated.spikes_per_cluster[cluster_id]
            assert np.array_equal(units.get_unit_spike_times(row), shank.spike_times[spike_ids])
            assert units.get_unit_obs_intervals(row).tolist() == [[0.0, shank.duration]]
            assert units["electrode_group"][row].name == f"shank{shank.channel_group}"
            assert units["electrodes"][row].index.tolist() == list(range(shank.n_channels))
            some = shank.waveforms[sample_spikes(spike_ids, N_SPIKES)] * volts
            known = curated.stats[cluster_id].summary.mean_waveform
            assert known is not None
            for name, value in (("mean", known * volts), ("sd", some.std(axis=0))):
                np.testing.assert_allclose(
                    units[f"waveform_{name}"][row], value, rtol=1e-3, atol=1e-9
                )
        assert units.waveform_unit == "volts"
        assert units.waveform_rate == shank.sample_rate
        before = 1e3 * shank.n_samples_before / shank.sample_rate
        assert units.waveform_time_before_peak_in_ms == before
        snr = dict(zip(units["cluster_id"][:], units["snr"][:], strict=True))
        assert "noise" in units["snr"].description
        assert np.isfinite(list(snr.values())).any()
        history = file.processing["ecephys"]["curation_history"]
        assert history["edit"][:].tolist() == [edit.description for edit in curated.history]
        for text in (str(curated.path), "phygui", "main"):
            assert text in units.description
            assert text in file.notes
    assert not remarks(path)


def test_shanks_are_one_table(parted: Path, tmp_path: Path) -> None:
    with Session.open(parted, read_only=True) as session:
        path = export(session, "nwb", tmp_path / "x.nwb", options={"offset": "2.5"})
        with read(path) as file:
            units = file.units
            assert set(units["shank"][:]) == {0, 1}
            assert len(set(units["unit_name"][:])) == len(units) == len(set(units.id[:]))
            for group in (0, 1):
                session.change_channel_group(group)
                rows = np.flatnonzero(units["shank"][:] == group)
                assert units["cluster_id"][:][rows].tolist() == session.cluster_ids.tolist()
                line = session.shank.timeline
                edges = np.column_stack([line.starts, line.stops]) / session.shank.sample_rate
                assert len(edges) == 2
                for row, c in zip(rows.tolist(), session.cluster_ids.tolist(), strict=True):
                    times = session.shank.spike_times[session.spikes_per_cluster[c]] + 2.5
                    assert np.array_equal(units.get_unit_spike_times(row), times)
                    assert np.array_equal(units.get_unit_obs_intervals(row), edges + 2.5)
                    electrodes = units["electrodes"][row]
                    assert set(electrodes["group_name"]) == {f"shank{group}"}
                    assert electrodes["channel"].tolist() == session.shank.channels.tolist()
        assert not remarks(path)


@pytest.mark.slow
def test_a_file_that_is_there_keeps_what_it_holds(
    curated: Session, given: Path, tmp_path: Path
) -> None:
    export(curated, "nwb", given, groups=["good"])
    with read(given) as file:
        assert file.identifier == "theirs"
        assert file.units.get_unit_spike_times(0).tolist() == [1.5, 2.5]
        assert file.electrodes["quality"][:3].tolist() == [0, 1, 2]
        units = file.processing["ecephys"]["phygui_units"]
        assert units["cluster_id"][:].tolist() == [3, 4, 16]
        electrodes = units["electrodes"][0]
        assert electrodes.index.tolist() == list(range(3, 3 + curated.shank.n_channels))
        assert electrodes["rel_y"].tolist() == curated.shank.channel_positions[:, 1].tolist()
        assert "curation_history" not in file.processing["ecephys"].data_interfaces
    with pytest.raises(ExportError, match="another name"):
        export(curated, "nwb", given)
    export(curated, "nwb", given, options={"table": "again"})
    with read(given) as file:
        # Its electrodes are known by their places.
        assert len(file.electrodes) == 3 + curated.shank.n_channels
        assert len(file.processing["ecephys"]["again"]) == curated.n_clusters


def test_what_is_no_nwb_file_is_left_as_it_is(curated: Session, tmp_path: Path) -> None:
    path = tmp_path / "x.nwb"
    path.write_text("no")
    with pytest.raises(ExportError, match=r"x\.nwb cannot be read as an NWB file"):
        export(curated, "nwb", path)
    assert path.read_text() == "no"


def test_volts_that_are_not_known_are_not_told(
    curated: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(curated.shank), "voltage_unit", "units")
    with read(export(curated, "nwb", tmp_path / "x.nwb")) as file:
        assert "waveform_mean" not in file.units.colnames
        assert "How many volts" in file.units.description


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"offset": "soon"}, "option offset"),
        ({"session_start": "yesterday"}, "option session_start"),
        ({"sex": "w"}, "option sex"),
        ({"age": "90 days"}, "option age is '90 days', expected a duration such as P90D"),
        ({"age": "P"}, "option age"),
        ({"age": "P1DT"}, "option age"),
    ],
)
def test_options_that_make_no_sense(
    curated: Session, tmp_path: Path, options: dict[str, str], words: str
) -> None:
    with pytest.raises(ExportError, match=words):
        export(curated, "nwb", tmp_path / "x.nwb", options=options)
    with pytest.raises(ExportError, match="no cluster"):
        export(curated, "nwb", tmp_path / "x.nwb", groups=["noise"])


def test_what_is_told_of_the_session(curated: Session, tmp_path: Path) -> None:
    options = {
        "session_start": "2026-11-29T14:05:00+01:00",
        "subject": "r7",
        "species": "Rattus norvegicus",
        "experimenter": "Curie, Marie; Meitner, Lise",
    }
    with read(export(curated, "nwb", tmp_path / "x.nwb", options=options)) as file:
        assert file.session_start_time == datetime.fromisoformat(options["session_start"])
        assert file.subject.subject_id == "r7"
        # Left out, which nwbinspector prefers to an empty text.
        assert file.subject.description is None
        assert file.experimenter == ("Curie, Marie", "Meitner, Lise")
        assert "1970" not in file.notes


def test_electrodes_of_a_unit_on_a_large_probe(curated: Session) -> None:
    class Probe:
        channel_positions = np.column_stack([np.zeros(100), 20.0 * np.arange(100)])

    places = nearest(Probe(), 50)  # type: ignore[arg-type]
    assert len(places) == N_ELECTRODES
    assert places.tolist() == list(range(places[0], places[0] + N_ELECTRODES))
    assert 50 in places[10:-10]
