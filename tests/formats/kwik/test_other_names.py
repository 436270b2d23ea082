"""Names that scripts written for phy 0.1, phy 0.2 and klusta use: as `docs/coming-from-phy.md`."""

from __future__ import annotations

import numpy as np
import pytest

from phygui import KwikModel
from phygui.errors import DatasetError

from .conftest import GROUP, N_CHANNELS, N_FEATURES, N_SPIKES, Tiny


def test_the_file_is_named_in_either_way(tiny: Tiny) -> None:
    model = KwikModel(kwik_path=str(tiny.kwik), channel_group=0, clustering="original")
    assert model.kwik_path == model.path == tiny.kwik
    assert model.clustering == "original"
    with pytest.raises(ValueError, match=r"expected the path of a \.kwik file"):
        KwikModel()


def test_arrays_by_the_names_of_klusta(tiny: Tiny) -> None:
    model = KwikModel(tiny.kwik)
    assert model.has_kwd()
    for name in ("masks", "features_masks", "traces", "waveforms"):
        ours, theirs = getattr(model, name), getattr(model, f"all_{name}")
        assert ours.shape == theirs.shape
        np.testing.assert_array_equal(ours[3:6], theirs[3:6])
    assert isinstance(model.channels, np.ndarray)
    assert model.channels.tolist() == [0, 1, 3, 4]


@pytest.mark.parametrize(
    "key",
    [
        ...,
        7,
        (slice(None, 5), 2),
        (slice(2, 40, 3), slice(None), 1),
        ([5, 2, 5], slice(None, None, -1), [2, 0, 1]),
        ([1, 2], [3, 0], [1, 1]),
        (slice(0, 0), 1),
    ],
    ids=str,
)
def test_features_channel_by_channel(tiny: Tiny, key: object) -> None:
    model = KwikModel(tiny.kwik)
    assert model.features is not None
    assert model.all_features is not None
    assert model.all_features.shape == (N_SPIKES, N_CHANNELS, N_FEATURES)
    plain = model.features[:].reshape(N_SPIKES, N_CHANNELS, N_FEATURES)
    np.testing.assert_array_equal(model.all_features[key], plain[key])  # type: ignore[index]


def test_without_files_there_are_no_arrays(tiny: Tiny) -> None:
    tiny.kwx.unlink()
    tiny.dat.unlink()
    model = KwikModel(tiny.kwik)
    assert not model.has_kwd()
    for name in ("features", "masks", "features_masks", "traces", "waveforms"):
        assert getattr(model, f"all_{name}") is None


def test_groups_of_clusters_by_number_and_by_name(tiny: Tiny) -> None:
    model = KwikModel(tiny.kwik)
    metadata = model.cluster_metadata
    assert [metadata.group(c) for c in (2, 3, 5, 9, 1234)] == [2, 1, 3, 0, 3]
    names = ["good", "mua", "unsorted", "noise", "unsorted"]
    assert [metadata[c] for c in (2, 3, 5, 9, 1234)] == names
    assert len(metadata) == model.n_clusters == 4
    # What is read by name can be saved by name.
    model.save(model.spike_clusters, dict(metadata))
    assert model.cluster_groups == {2: 2, 3: 1, 5: 3, 9: 0}


def test_errors_are_value_errors(tiny: Tiny) -> None:
    model = KwikModel(tiny.kwik)
    for wrong in ("automat", "", None):
        with pytest.raises(ValueError, match="has no clustering"):
            model.clustering = wrong  # type: ignore[assignment]
    with pytest.raises(ValueError, match="has no shank 42"):
        model.channel_group = 42
    with pytest.raises(ValueError, match="cannot be changed"):
        model.delete_cluster_group(2)
    with pytest.raises(ValueError, match="keeps its name"):
        model.rename_clustering("original", "b")


def test_a_sentence_is_not_wrapped_in_another(tiny: Tiny) -> None:
    (tiny.folder / "text.kwik").write_text("no HDF5 at all")
    with pytest.raises(DatasetError, match="is not an HDF5 file") as caught:
        KwikModel(tiny.folder / "text.kwik")
    assert "damaged and cannot be read" not in str(caught.value)
    assert "cannot be opened" not in str(caught.value)
    tiny.replace(f"{GROUP}/spikes/time_samples", None)
    with pytest.raises(DatasetError, match="time_samples is missing") as caught:
        KwikModel(tiny.kwik)
    assert "damaged and cannot be read" not in str(caught.value)
