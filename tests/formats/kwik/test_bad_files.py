"""Damaged and hostile files are refused, in one sentence that names file and place."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from phygui import KwikModel
from phygui.errors import DatasetError, DatasetWarning
from phygui.formats.kwik.hdf5 import file as hdf5

from .conftest import GROUP, N_RAW, N_SPIKES, Tiny
from .damage import (
    CLUSTERS,
    MAIN,
    SPIKES,
    TOLD,
    Damage,
    Explodes,
    adding,
    as_link,
    huge,
    huge_attribute,
    low_level,
    named_type,
    opened,
    pickled,
    spoil,
    stored_outside,
    truncated,
    virtual,
    with_item,
    with_values,
    without,
)

REFUSED: dict[str, tuple[Damage, str]] = {
    # the file itself
    "missing file": (lambda t: t.kwik.unlink(), r"tiny\.kwik does not exist"),
    "a folder": (
        lambda t: (t.kwik.unlink(), t.kwik.mkdir()),
        r"is a folder, not a file",
    ),
    "a fifo": (lambda t: (t.kwik.unlink(), os.mkfifo(t.kwik)), "is not a regular file"),
    "empty file": (lambda t: t.kwik.write_bytes(b""), r"is empty \(0 bytes\)"),
    "text file": (lambda t: t.kwik.write_text("# Kwik\n"), "not an HDF5 file"),
    "half a file": (truncated("kwik", 0.5), "truncated"),
    "last byte gone": (lambda t: os.truncate(t.kwik, t.kwik.stat().st_size - 1), "truncated"),
    "zeros": (lambda t: t.kwik.write_bytes(bytes(9000)), "not an HDF5 file"),
    # the layout
    "not a Kwik file": (without("channel_groups"), "/channel_groups is missing"),
    "version 1": (lambda t: t.set("/", "kwik_version", 1), "kwik_version is 1, expected 2"),
    "version 3": (lambda t: t.set("/", "kwik_version", 3), "kwik_version is 3, expected 2"),
    "version in words": (lambda t: t.set("/", "kwik_version", "two"), "'two', expected 2"),
    "channel groups are a dataset": (
        lambda t: t.replace("channel_groups", [1, 2]),
        "/channel_groups is a dataset, expected a group",
    ),
    "no channel group": (without(GROUP), "channel_groups is missing or empty"),
    "no spikes": (without(SPIKES), "spikes/time_samples is missing"),
    "spikes are a dataset": (lambda t: t.replace(SPIKES, [1]), "time_samples is missing"),
    # times
    "no times": (without(f"{SPIKES}/time_samples"), "spikes/time_samples is missing"),
    "times are a group": (
        low_level(f"{SPIKES}/time_samples", lambda g, n: g.create_group(n)),
        "time_samples is a group, expected a dataset",
    ),
    "times are a type": (
        low_level(f"{SPIKES}/time_samples", named_type),
        "time_samples is a named type, expected a dataset",
    ),
    "times of rank 2": (
        with_values(f"{SPIKES}/time_samples", lambda x: x[:, None]),
        r"time_samples has shape \(60, 1\), expected 1 dimension",
    ),
    "a single time": (
        with_values(f"{SPIKES}/time_samples", lambda x: x[0]),
        r"time_samples has shape \(\), expected 1 dimension",
    ),
    "times in words": (
        with_values(f"{SPIKES}/time_samples", lambda x: x.astype("S")),
        "time_samples holds .*S.*, expected numbers",
    ),
    "complex times": (
        with_values(f"{SPIKES}/time_samples", lambda x: x.astype(complex)),
        "time_samples holds complex128, expected numbers",
    ),
    "times with a fraction": (
        with_values(f"{SPIKES}/time_samples", lambda x: x + 0.5),
        "at index 0, expected whole samples",
    ),
    "NaN times": (
        with_values(f"{SPIKES}/time_samples", lambda x: np.where(x == x[7], np.nan, x)),
        "holds nan at index 7, expected whole samples",
    ),
    "negative time": (
        with_values(f"{SPIKES}/time_samples", lambda x: x.astype(np.int64) - 1000),
        "time_samples is negative .* at index 0",
    ),
    "decreasing times": (
        with_values(f"{SPIKES}/time_samples", lambda x: np.r_[x[:20], x[20:40][::-1], x[40:]]),
        r"time_samples decreases at spike 39 \(to 2368, 1444 samples before one listed earlier\)",
    ),
    "absurd time": (
        with_item(f"{SPIKES}/time_samples", -1, 2**60),
        r"reaches 1152921504606846976 samples, expected less than 2\*\*53",
    ),
    "times never written": (
        low_level(f"{SPIKES}/time_samples", huge((N_SPIKES,), "u8")),
        "should hold 480 bytes, but only 0 are in the file",
    ),
    "2**60 times": (
        low_level(f"{SPIKES}/time_samples", huge((2**60,), "u1", chunks=(1024,))),
        "has 1152921504606846976 rows, expected at most",
    ),
    "2**60 times, compressed": (
        low_level(f"{SPIKES}/time_samples", huge((2**60,), "u8", chunks=(64,), compression=9)),
        "has 1152921504606846976 rows, expected at most",
    ),
    "a billion compressed times": (
        low_level(f"{SPIKES}/time_samples", huge((10**9,), "u8", chunks=(10**6,), compression=9)),
        "should hold 8000000000 bytes, but only 0 are in the file",
    ),
    "virtual times": (
        low_level(f"{SPIKES}/time_samples", virtual),
        "time_samples is a virtual dataset, which is not followed",
    ),
    "times stored outside": (
        low_level(f"{SPIKES}/time_samples", stored_outside),
        "time_samples keeps its data in another file",
    ),
    "external link to times": (
        as_link(f"{SPIKES}/time_samples", h5py.ExternalLink("/etc/passwd", "/x")),
        "time_samples is an HDF5 external link, which is not followed",
    ),
    "soft link to an external link": (
        lambda t: (
            as_link("elsewhere", h5py.ExternalLink("other.h5", "/x"))(t),
            as_link(f"{SPIKES}/time_samples", h5py.SoftLink("/elsewhere"))(t),
        ),
        "is an HDF5 external link, which is not followed",
    ),
    "soft link to itself": (
        as_link(f"{SPIKES}/time_samples", h5py.SoftLink(f"/{SPIKES}/time_samples")),
        "soft link that leads to itself",
    ),
    "dangling soft link": (
        as_link(f"{SPIKES}/time_samples", h5py.SoftLink("/nowhere")),
        "time_samples is missing",
    ),
    # recordings
    "recordings of another length": (
        with_values(f"{SPIKES}/recording", lambda x: x[:-1]),
        "recording has 59 values, expected 60",
    ),
    "negative recording": (
        with_item(f"{SPIKES}/recording", 3, -1),
        r"recording is negative \(-1\)",
    ),
    "recording that is not there": (
        with_item(f"{SPIKES}/recording", 3, 7),
        "recording reaches 7, expected less than 1",
    ),
    "recordings are floats": (
        with_values(f"{SPIKES}/recording", lambda x: x.astype(float)),
        "recording holds float64, expected integers",
    ),
    "two recordings, which is whose?": (
        lambda t: (
            adding("recordings/1")(t),
            without(f"{SPIKES}/recording")(t),
        ),
        "recording is missing, expected the recording of each spike",
    ),
    # clusterings
    "no clusterings": (without(f"{SPIKES}/clusters"), "spikes/clusters is missing"),
    "clusterings are empty": (
        lambda t: (without(MAIN)(t), without(f"{SPIKES}/clusters/original")(t)),
        "shank 0 has no clusters",
    ),
    "main of another length": (
        with_values(MAIN, lambda x: x[:-3]),
        "main has 57 values, expected 60",
    ),
    "main of rank 2": (with_values(MAIN, lambda x: x[None]), r"main has shape \(1, 60\)"),
    "main is a group": (
        low_level(MAIN, lambda g, n: g.create_group(n)),
        "main is a group, expected a dataset",
    ),
    "main has fractions": (
        with_values(MAIN, lambda x: x + 0.25),
        "main holds float64, expected whole numbers",
    ),
    "main is in words": (with_values(MAIN, lambda x: x.astype("S")), "expected numbers"),
    "main is compound": (
        with_values(MAIN, lambda x: np.zeros(N_SPIKES, dtype=[("a", "i4"), ("b", "f4")])),
        "expected numbers",
    ),
    "negative cluster": (with_item(MAIN, 5, -2), "main holds -2 at spike 5"),
    "absurd cluster": (with_item(MAIN, 5, 2**40), r"main holds 1099511627776, .* below 2\*\*31"),
    "external link to main": (
        as_link(MAIN, h5py.ExternalLink("other.h5", "/x")),
        "main is an HDF5 external link",
    ),
    "clusters are external": (
        as_link(CLUSTERS, h5py.ExternalLink("other.h5", "/x")),
        "external link",
    ),
    # channels
    "no channels": (
        lambda t: (t.set(GROUP, "channel_order", None), without(f"{GROUP}/channels")(t)),
        "channel_order is missing, and .* lists no channel",
    ),
    "a channel twice": (
        lambda t: t.set(GROUP, "channel_order", np.array([0, 1, 1, 3])),
        r"channel_order is \[0, 1, 1, 3\], expected channel numbers from 0 up, each once",
    ),
    "negative channel": (
        lambda t: t.set(GROUP, "channel_order", np.array([0, -1, 1, 3])),
        r"channel_order is \[0, -1, 1, 3\]",
    ),
    "channels are floats": (
        lambda t: t.set(GROUP, "channel_order", np.array([0.0, 1.5])),
        "channel_order has shape .* and type float64",
    ),
    # metadata
    "no sample rate": (
        lambda t: (t.set(TOLD, "sample_rate", None), t.set("recordings/0", "sample_rate", None)),
        "neither .*/@sample_rate nor a recording has a sample rate",
    ),
    "a sample rate of 0": (
        lambda t: (t.set(TOLD, "sample_rate", 0.0), t.set("recordings/0", "sample_rate", 0.0)),
        "neither .*/@sample_rate nor a recording has a sample rate",
    ),
    "10 GB attribute": (huge_attribute, "10737418240 bytes, expected at most|is damaged"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_one_sentence(name: str, tiny: Tiny) -> None:
    damage, message = REFUSED[name]
    damage(tiny)
    with pytest.raises(DatasetError, match=message) as caught:
        KwikModel(tiny.kwik)
    text = str(caught.value)
    assert str(tiny.folder) in text, "the sentence names the file"
    assert "\n" not in text
    assert text.endswith(".")


def test_a_pickle_is_never_opened(tiny: Tiny) -> None:
    witness = Path("/tmp/phygui-was-here")
    witness.unlink(missing_ok=True)
    for place in ("/", TOLD, GROUP, "recordings/0", f"{CLUSTERS}/2", f"{GROUP}/channels/1"):
        tiny.set(place, "note", pickled(Explodes(), 0))
    model, text = opened(tiny)
    _ = model.cluster_metadata, model.clustering_metadata, model.metadata
    assert "pickled" in text
    assert not witness.exists()


def test_nan_features_are_given_and_said_once(tiny: Tiny) -> None:
    with_values(
        f"{GROUP}/features_masks",
        lambda x: np.where(np.arange(N_SPIKES)[:, None, None] == 7, np.nan, x),
        "kwx",
    )(tiny)
    model = KwikModel(tiny.kwik)
    assert model.features is not None
    with pytest.warns(DatasetWarning, match="holds NaN or infinite values, first seen at spike 7"):
        assert np.isnan(model.features[7]).all()
    assert np.isnan(model.features[7]).all()
    assert np.isfinite(model.features[6]).all()


def test_spikes_beyond_a_truncated_dat_give_zeros_and_a_warning(tiny: Tiny) -> None:
    whole = KwikModel(tiny.kwik)
    assert whole.waveforms is not None
    inside = whole.spike_samples < 2500
    expected = whole.waveforms[inside]
    os.truncate(tiny.dat, 3000 * N_RAW * 2)
    with pytest.warns(
        DatasetWarning, match=r"ends at sample 3000, but there is a spike at \d+: it is"
    ):
        model = KwikModel(tiny.kwik)
    assert model.waveforms is not None
    n_outside = int((model.spike_samples >= 3000).sum())
    with pytest.warns(DatasetWarning, match=f"{n_outside} of the requested spikes lie outside"):
        found = model.waveforms[:]
    assert (found[model.spike_samples >= 3000] == 0).all()
    np.testing.assert_allclose(found[inside], expected, atol=1e-3)


@pytest.mark.parametrize("told", ["/etc/passwd", "../outside.dat", "a/../../outside.dat", "x\0y"])
def test_a_path_out_of_the_folder_is_not_followed(tiny: Tiny, told: str) -> None:
    outside = tiny.folder.parent / "outside.dat"
    outside.write_bytes(tiny.dat.read_bytes())
    tiny.dat.unlink()
    with tiny.edit() as file:
        file["recordings/0/raw"].attrs["dat_path"] = np.bytes_(told.encode())
    model = KwikModel(tiny.kwik)
    assert model.traces is None
    assert "traces" in model.missing
    model.locate("traces", outside)
    assert model.traces is not None


def test_a_fifo_as_raw_data_does_not_block(tiny: Tiny) -> None:
    tiny.dat.unlink()
    os.mkfifo(tiny.dat)
    assert KwikModel(tiny.kwik).traces is None


def test_a_file_open_for_writing_elsewhere_is_refused(tiny: Tiny) -> None:
    code = "import h5py, sys; f = h5py.File(sys.argv[1], 'r+'); print('open', flush=True); input()"
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(tiny.kwik)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(DatasetError, match="is open for writing in another program"):
            KwikModel(tiny.kwik)
    finally:
        other.communicate(b"\n")
    assert KwikModel(tiny.kwik).n_spikes == N_SPIKES


def test_absurdly_many_members_are_refused_unread(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tiny.edit() as file:
        for cluster in range(1000, 1060):
            file.create_group(f"{CLUSTERS}/{cluster}")
    monkeypatch.setattr(hdf5, "MAX_MEMBERS", 50)
    with pytest.raises(DatasetError, match="clusters/main holds 65 members, expected at most 50"):
        KwikModel(tiny.kwik)


def test_a_large_attribute_is_refused_unread(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.set(TOLD, "prb_file", np.zeros(2000, dtype=np.int8))
    monkeypatch.setattr(hdf5, "MAX_ATTRIBUTE_BYTES", 1999)
    with pytest.raises(
        DatasetError, match=r"prb_file of .* holds 2000 bytes, expected at most 1999"
    ):
        KwikModel(tiny.kwik)


@pytest.mark.parametrize(
    "name", ["été", "кластеры", "聚类", "🧠", "a b", "..", "-x", "a\nb", "%s{0}<b>", "e\u0301"]
)
def test_names_in_any_unicode(tiny: Tiny, name: str) -> None:
    with tiny.edit() as file:
        file.copy(MAIN, f"{SPIKES}/clusters/{name}")
        file[GROUP].create_group(f"cluster_groups/{name}/4").attrs["name"] = name
        file[GROUP].create_group(f"clusters/{name}/2").attrs["cluster_group"] = 4
        file["recordings/0"].attrs["name"] = name
        file.create_dataset(f"event_types/{name}/events/time_samples", data=np.array([20000]))
    model = KwikModel(tiny.kwik, clustering=name)
    assert model.clustering == name
    assert model.cluster_group_names[4] == name
    assert model.cluster_groups[2] == 4
    assert model.recordings[0]["name"] == name
    assert {key: times.tolist() for key, times in model.events.items()} == {name: [1.0]}
    values = np.asarray(model.spike_clusters).copy()
    values[:3] = 40
    model.save(values, {40: 4})
    again = KwikModel(tiny.kwik, clustering=name)
    assert again.cluster_groups[40] == 4


def test_names_that_are_no_unicode_are_still_read(tiny: Tiny) -> None:
    with tiny.edit() as file:
        parent = file[f"{SPIKES}/clusters"].id
        parent.links.create_hard(b"caf\xe9", parent, b"main")
        file[f"{CLUSTERS}/2"].attrs["cluster_group"] = np.bytes_(b"caf\xe9")
    model, text = opened(tiny)
    assert len(model.clusterings) == 3
    assert "cluster_group of clusters 2" in text
    model.clustering = model.clusterings[1]
    assert model.n_clusters == 4


def test_what_was_wrong_is_said_again_in_the_description(tiny: Tiny) -> None:
    spoil("/", "kwik_version", None)(tiny)
    tiny.kwx.unlink()
    model, text = opened(tiny)
    assert text in model.describe()
    assert "none: tiny.kwx was not found" in model.describe()
