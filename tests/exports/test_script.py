"""The script repeats the curation, to the cluster id, on a fresh copy of the file."""

from __future__ import annotations

import runpy
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from phygui import Session
from phygui.curation.edits.update import EditError
from phygui.exports import export
from phygui.simulate import make_demo
from tests.copies import detect_twice

SMALL = Path(__file__).parents[1] / "data" / "simulated_small.kwik"


@pytest.fixture
def fresh(small: Path, tmp_path: Path) -> Path:
    """A copy of the file as it was before any edit."""
    (tmp_path / "fresh").mkdir()
    return Path(shutil.copyfile(small, tmp_path / "fresh" / small.name))


def curate(session: Session) -> None:
    """Edits of every kind, some undone."""
    session.merge([2, 0, 3])
    session.undo()
    merged = session.merge([0, 2]).added[0]
    session.move([merged, 3], "good")
    session.move_each({4: "mua", 5: "noise"})
    spikes = session.spikes_per_cluster[3]
    session.split(spikes[::2])
    session.assign(session.spikes_per_cluster[6], np.arange(len(session.spikes_per_cluster[6])) % 3)
    session.split(np.concatenate([session.spikes_per_cluster[c][:20] for c in (7, 8)]))
    session.label([9, 10], "note", 'a "quoted" \\ text\nof two lines')
    session.label([9], "note", None)
    session.label([11], "region", "CA1")
    session.add_group("axons")
    session.move([11], "axons")
    session.move([11], "dendrites", add=True)
    session.remove_group("axons")


def run(script: Path, target: Path) -> None:
    runpy.run_path(str(script))["main"](str(target))


def same(one: Session, path: Path) -> None:
    with Session.open(path, read_only=True) as other:
        assert other.spike_clusters.tolist() == one.spike_clusters.tolist()
        assert other.cluster_groups == one.cluster_groups
        for cluster_id in one.cluster_ids.tolist():
            assert other.labels_of(cluster_id) == one.labels_of(cluster_id)


def test_it_repeats_edits_of_every_kind(small: Path, fresh: Path, tmp_path: Path) -> None:
    with Session.open(small, journal=False) as session:
        curate(session)
        script = export(session, "script", tmp_path / "curation.py")
        text = script.read_text()
        calls = "merge", "move", "move_each", "split", "assign", "label", "add_group", "reserve"
        calls += ("remove_group",)
        for call in calls:
            assert f"session.{call}(" in text
        assert "session.become(" not in text
        assert text.count("    # ") == len(session.history)
        done = subprocess.run(
            [sys.executable, script, fresh], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        same(session, fresh)
        session.save()


def test_what_earlier_sessions_saved_is_repeated_too(
    small: Path, fresh: Path, tmp_path: Path
) -> None:
    with Session.open(small) as session:
        curate(session)
        session.save()
    with Session.open(small) as session:
        session.restore(session.backups()[-1])
        session.undo()
        session.merge([12, 13])
        session.restore(session.backups()[-1])
        session.merge([1, 2] if 1 in session.cluster_ids else [2, 3])
        run(export(session, "script", tmp_path / "curation.py"), fresh)
        same(session, fresh)
        session.save()
        # What is saved is exported the same.
        again = shutil.copyfile(small.with_name(small.name + ".bak"), fresh.with_name("b.kwik"))
        run(export(session, "script", tmp_path / "again.py"), Path(again))
        same(session, Path(again))


def test_it_changes_no_other_file(small: Path, fresh: Path, tmp_path: Path) -> None:
    with Session.open(fresh) as session:
        session.merge([3, 4])
        session.save()
    before = fresh.read_bytes()
    with Session.open(small, journal=False) as session:
        session.merge([0, 2])
        script = export(session, "script", tmp_path / "curation.py")
        session.undo()
    with pytest.raises(SystemExit, match="this is not what the curation began with"):
        run(script, fresh)
    assert fresh.read_bytes() == before


def test_all_shanks_are_repeated(tmp_path: Path) -> None:
    sizes = {"n_spikes": 2_000, "n_clusters": 8, "n_channels": 8, "n_channel_groups": 2}
    for folder in ("one", "two"):
        make_demo(tmp_path / folder, **sizes, raw=None)
    with Session.open(tmp_path / "one" / "demo.kwik", 0, journal=False) as session:
        session.merge(session.cluster_ids[:2])
        session.switch(1)
        session.move(session.cluster_ids[:2], "good")
        script = export(session, "script", tmp_path / "curation.py")
        run(script, tmp_path / "two" / "demo.kwik")
        for channel_group in (0, 1):
            session.switch(channel_group)
            with Session.open(tmp_path / "two" / "demo.kwik", channel_group) as other:
                assert other.state().fingerprint == session.state().fingerprint
            session.undo()


EDITS = st.lists(
    st.tuples(
        st.sampled_from(
            ["merge", "merge once", "split", "assign", "move", "label", "undo", "redo", "save"]
        ),
        st.integers(0, 10_000),
    ),
    max_size=12,
)


@hypothesis.settings(max_examples=6)
@hypothesis.given(edits=EDITS)
def test_it_repeats_whatever_was_done(edits: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, name, "x.kwik") for name in ("mine", "fresh")]
        for path in paths:
            path.parent.mkdir()
            shutil.copyfile(SMALL, path)
        for path in paths:
            detect_twice(path)
        with Session.open(paths[0], journal=False) as session:
            for what, seed in edits:
                with suppress(EditError):
                    edit(session, what, np.random.default_rng(seed))
            run(export(session, "script", Path(folder, "curation.py")), paths[1])
            same(session, paths[1])
            session.save()


def edit(session: Session, what: str, random: np.random.Generator) -> None:
    ids = random.choice(session.cluster_ids, 2, replace=False).tolist()
    spikes = np.concatenate([session.spikes_per_cluster[c] for c in ids])
    some = random.choice(spikes, (len(spikes) + 1) // 2, replace=False)
    match what:
        case "merge":
            session.merge(ids)
        case "merge once":
            session.merge(ids, without_doubles=True)
        case "split":
            session.split(some)
        case "assign":
            session.assign(some, random.integers(0, 3, len(some)))
        case "move":
            session.move(ids, ["noise", "mua", "good"][random.integers(3)])
        case "label":
            session.label(ids, "ab"[random.integers(2)], [None, "x", "y"][random.integers(3)])
        case "undo":
            session.undo()
        case "redo":
            session.redo()
        case "save":
            session.save()
