"""The examples run as they stand."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from phygui import Session
from phygui.simulate import make_demo

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_example(path: Path) -> None:
    ended = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=200)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout
    assert not ended.stderr


@pytest.mark.slow
def test_the_curation_leaves_noise_and_what_is_not_similar_alone(tmp_path: Path) -> None:
    made = make_demo(tmp_path, n_spikes=5_000, n_clusters=10, duration=30.0)
    curate = runpy.run_path(str(EXAMPLES[0].with_name("curate.py")))
    with Session.open(made.kwik_path, journal=False) as session:
        session.learn_all()
        alike = {c: session.similar(c)[0] for c in session.cluster_ids.tolist()}
        cluster_id = max(alike, key=lambda c: alike[c][1])
        other, similarity = alike[cluster_id]
        assert similarity > curate["SIMILARITY"]
        session.move(other, "noise")
        assert not curate["merge_with_partner"](session, cluster_id)
        least = min(alike, key=lambda c: alike[c][1])
        assert not curate["merge_with_partner"](session, least)
        assert len(session.history) == 1
        session.move(other, "unsorted")
        assert curate["merge_with_partner"](session, cluster_id)
        session.save()
