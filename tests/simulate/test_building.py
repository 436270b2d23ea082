"""Building demos: parameters, what is there already, interruptions, and the one that is kept."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from phygui import KwikModel
from phygui.errors import DatasetWarning
from phygui.simulate import Demo, cache, copy_demo, default_demo, make_demo

SMALL = {"n_spikes": 3000, "n_channels": 16, "n_clusters": 8, "duration": 25.0}


def test_without_features_there_is_no_kwx(tmp_path: Path):
    make_demo(tmp_path, **SMALL, raw=None, features=False)
    assert {path.name for path in tmp_path.iterdir()} == {"demo.kwik", "demo.ground_truth.npz"}


def test_an_existing_dataset_is_not_replaced_unasked(tmp_path: Path):
    options = {"n_spikes": 200, "n_clusters": 6, "duration": 2.0, "raw": None}
    before = make_demo(tmp_path, **options).kwik_path.read_bytes()
    with pytest.raises(FileExistsError, match="overwrite"):
        make_demo(tmp_path, **options, seed=1)
    assert (tmp_path / "demo.kwik").read_bytes() == before
    (tmp_path / "demo.dat").touch()
    make_demo(tmp_path, **options, seed=1, overwrite=True)
    assert (tmp_path / "demo.kwik").read_bytes() != before
    assert not (tmp_path / "demo.dat").exists()  # not part of the new one
    (tmp_path / "mine.dat").touch()
    with pytest.raises(FileExistsError, match="mine"):
        make_demo(tmp_path, **options, name="mine")


def test_an_interrupted_build_leaves_no_dataset(tmp_path: Path):
    def stop(fraction: float) -> None:
        if fraction > 0.5:
            raise KeyboardInterrupt

    make_demo(tmp_path, **SMALL)
    with pytest.raises(KeyboardInterrupt):
        make_demo(tmp_path, **SMALL, overwrite=True, progress=stop)
    assert not (tmp_path / "demo.kwik").exists()


def test_progress_goes_from_0_to_1(tmp_path: Path):
    seen: list[float] = []
    make_demo(tmp_path, **SMALL, progress=seen.append)
    assert seen == sorted(seen)
    assert len(seen) > 10
    assert 0 <= seen[0] < 0.1
    assert seen[-1] == 1.0


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("name", "a/b"),
        ("name", ""),
        ("n_spikes", 10),
        ("n_channels", 0),
        ("n_clusters", 4),
        ("n_channel_groups", 0),
        ("n_recordings", 0),
        ("n_recordings", 1000),
        ("duration", float("nan")),
        ("duration", 0.1),
        ("sample_rate", 100.0),
        ("n_features_per_channel", 0),
        ("n_features_per_channel", 33),
        ("seed", -1),
        ("raw", "wav"),
        ("generation", "klusta4"),
        ("oversplit", "amplitude"),
        ("oversplit", ["luck"]),
        ("oversplit", []),
        ("drift", float("inf")),
    ],
)
def test_a_bad_parameter_is_refused_in_a_sentence(tmp_path: Path, parameter: str, value):
    with pytest.raises(ValueError) as error:
        make_demo(tmp_path / "new", **{parameter: value})
    text = str(error.value)
    assert "\n" not in text
    assert parameter.split("_")[-1].rstrip("s") in text
    assert not (tmp_path / "new").exists()


def test_too_many_spikes_for_the_time_are_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="refractory"):
        make_demo(tmp_path, n_spikes=100_000, n_clusters=5, duration=10.0)


@pytest.fixture
def quick_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of its own, and a default demo that is built at once."""
    monkeypatch.setattr(cache, "user_cache_path", lambda name: tmp_path / name)

    def quick(folder: Path, **options: object) -> Demo:
        return make_demo(
            folder, n_spikes=200, n_clusters=6, duration=2.0, raw=None, features=False, **options
        )

    monkeypatch.setattr(cache, "make_demo", quick)
    return tmp_path / "phygui" / "demo"


def test_the_default_demo_is_built_once(quick_cache: Path, monkeypatch: pytest.MonkeyPatch):
    path = default_demo()
    assert path.is_file()
    assert path.parent.parent == quick_cache
    assert len(list(quick_cache.iterdir())) == 1

    def fail(*args: object, **options: object) -> None:
        raise AssertionError("built again")

    monkeypatch.setattr(cache, "make_demo", fail)
    assert default_demo() == path


def test_an_interrupted_build_is_not_taken_for_a_whole_one(
    quick_cache: Path, monkeypatch: pytest.MonkeyPatch
):
    quick = cache.make_demo

    def interrupted(folder: Path, **options: object) -> None:
        quick(folder, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(cache, "make_demo", interrupted)
    with pytest.raises(KeyboardInterrupt):
        default_demo()
    assert list(quick_cache.iterdir()) == []
    monkeypatch.setattr(cache, "make_demo", quick)
    assert default_demo().is_file()


def test_a_copy_of_the_demo_is_as_it_was_built(quick_cache: Path, tmp_path: Path):
    path = default_demo()
    built = path.read_bytes()
    path.write_bytes(b"curated")
    for _ in range(2):
        copy = copy_demo(tmp_path / "copy")
        assert copy.read_bytes() == built
        copy.write_bytes(b"curated as well")
    assert path.read_bytes() == b"curated"


def test_a_changed_simulator_builds_another_demo(
    quick_cache: Path, monkeypatch: pytest.MonkeyPatch
):
    first = default_demo()
    monkeypatch.setattr(cache, "_digest", lambda: "0123456789ab")
    second = default_demo()
    assert second != first
    assert second.is_file()
    assert not first.exists()
    # What someone has curated is not thrown away.
    second.with_suffix(".kwik.bak").touch()
    monkeypatch.setattr(cache, "_digest", lambda: "ba9876543210")
    third = default_demo()
    assert second.is_file()
    assert third.is_file()


@settings(max_examples=settings.default.max_examples // 20)  # each is a dataset
@given(
    n_recordings=st.integers(1, 12),
    n_channels=st.sampled_from([4, 17, 40]),
    n_clusters=st.integers(5, 12),
    spikes_per_cluster=st.integers(20, 60),
    raw=st.sampled_from(["dat", "kwd", None]),
    seed=st.integers(0, 99),
)
@example(12, 40, 5, 20, "dat", 0)
def test_parameters_in_any_combination(
    tmp_path: Path, n_recordings, n_channels, n_clusters, spikes_per_cluster, raw, seed
):
    # With few spikes, in many recordings, there are stretches of the raw data without any.
    demo = make_demo(
        tmp_path,
        n_recordings=n_recordings,
        n_channels=n_channels,
        n_clusters=n_clusters,
        n_spikes=n_clusters * spikes_per_cluster,
        duration=13.0,
        raw=raw,
        seed=seed,
        overwrite=True,
    )
    with warnings.catch_warnings():
        # That many recordings are told apart by their numbers, and that is told.
        warnings.filterwarnings("ignore", category=DatasetWarning)
        model = KwikModel(demo.kwik_path)
    with model:
        assert model.n_spikes == n_clusters * spikes_per_cluster
        assert len(model.recordings) == n_recordings
        assert np.isfinite(model.features[:]).all()


def test_few_sampled_spikes_leave_stretches_without_any(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("phygui.simulate.fill._stretches", _short_stretches)
    monkeypatch.setattr("phygui.simulate.fill._spread", lambda n, most: np.arange(0, n, 30))
    demo = make_demo(tmp_path, n_spikes=3_000, n_clusters=8, duration=60.0, n_channels=8)
    with KwikModel(demo.kwik_path) as model:
        assert np.abs(model.features[:]).max() > 0


def _short_stretches(timing, n_channels):
    """Many more stretches than sampled spikes."""
    for r, (low, high) in enumerate(zip(timing.bounds[:-1], timing.bounds[1:], strict=True)):
        for start in range(int(low), int(high), 2_000):
            yield r, start, min(start + 2_000, int(high))
