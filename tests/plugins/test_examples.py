"""The plugins in ``examples/plugins`` do what they say, as files and as installed packages."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import phygui
from phygui import plugins
from phygui.analysis import ClusterData, find_metric
from phygui.curation import rankings
from phygui.gui.actions.actions import BY_NAME
from phygui.views import SPECS, VIEWS

FOLDER = Path(__file__).parents[2] / "examples" / "plugins"
KINDS = {
    "fano_factor": "metric",
    "cumulative": "view",
    "by_snr": "ranking",
    "label_sparse": "action",
    "json_groups": "export",
}


@pytest.fixture
def examples(plugin_folder: Path) -> Iterator[None]:
    for path in FOLDER.glob("*.py"):
        shutil.copyfile(path, plugin_folder / path.name)
    plugins.forget()
    yield
    assert not [plugin.error for plugin in plugins.plugins() if plugin.error]


def test_there_are_five_and_each_is_short(examples: None) -> None:
    assert {plugin.name: plugin.kinds for plugin in plugins.plugins()} == {
        name: (kind,) for name, kind in KINDS.items()
    }
    for path in FOLDER.glob("*.py"):
        assert len(path.read_text().splitlines()) < 60


def test_the_metric_is_one_for_a_poisson_process(examples: None) -> None:
    spec = find_metric("fano_factor")
    assert spec is not None
    rng = np.random.default_rng(0)
    samples = np.sort(rng.integers(0, 20_000 * 2000, 20_000))
    data = ClusterData(samples, sample_rate=20_000.0, duration=2000.0)
    assert spec.measure(data).value == pytest.approx(1.0, abs=0.1)
    regular = ClusterData(np.arange(0, 20_000 * 100, 2000), sample_rate=20_000.0, duration=100.0)
    assert spec.measure(regular).value < 0.1


def test_the_view_counts_to_all_spikes(examples: None, small: Path) -> None:
    with phygui.Session.open(small, read_only=True) as session:
        session.select(list(session.spikes_per_cluster)[:2])
        data: Any = VIEWS["cumulative"].load(session.snapshot(), SPECS["cumulative"].params(), bool)
    np.testing.assert_allclose(data.shares[:, -1], 1.0)
    assert (np.diff(data.shares) >= 0).all()


def test_the_ranking_can_be_chosen(examples: None, small: Path) -> None:
    assert "by_snr" in [spec.name for spec in rankings("quality")]
    with phygui.Session.open(small, read_only=True) as session:
        session.choose_ranking("quality", "by_snr")
        session.next_best()
        assert session.selected
        assert not session.measures.problems


def test_the_action_labels_in_one_edit(examples: None, small: Path) -> None:
    action = BY_NAME["label_sparse"]
    module: Any = sys.modules["phygui_plugin_label_sparse"]
    with phygui.Session.open(small, journal=False) as session:
        session.learn_all()
        w: Any = SimpleNamespace(session=session)
        module.LOWEST_HZ = 1e9
        open_ones = [c for c in session.shown.cluster_groups
                     if session.shown.group_of(c) == "unsorted"]  # fmt: skip
        assert action.enabled(w)
        action.run(w)
        assert [c for c in open_ones if session.shown.labels_of(c) == {"rate": "sparse"}]
        assert action.hindrance(w) == "no cluster is sparse"
        session.undo()
        assert not any(session.shown.labels_of(c) for c in open_ones)
        session.close(discard=True)


def test_the_export_holds_every_cluster(examples: None, small: Path, tmp_path: Path) -> None:
    out = phygui.export(small, "json_groups", tmp_path / "x.json", options={"counts": True})
    found = json.loads(out.read_text())
    (shank,) = found["shanks"].values()
    with phygui.Session.open(small, read_only=True) as session:
        spikes = session.spikes_per_cluster
        assert {int(c): of["n_spikes"] for c, of in shank.items()} == {
            c: len(spikes[c]) for c in spikes
        }


@pytest.mark.slow
def test_they_are_found_as_installed_distributions(tmp_path: Path) -> None:
    site = tmp_path / "site"
    for name, kind in KINDS.items():
        project = tmp_path / name
        project.mkdir()
        shutil.copyfile(FOLDER / f"{name}.py", project / f"lab_{name}.py")
        (project / "pyproject.toml").write_text(
            textwrap.dedent(f"""
            [build-system]
            requires = ["setuptools>=64"]
            build-backend = "setuptools.build_meta"
            [project]
            name = "lab-{name.replace("_", "-")}"
            version = "1.2"
            [project.entry-points."phygui.{kind}s"]
            {name} = "lab_{name}:PLUGIN"
            [tool.setuptools]
            py-modules = ["lab_{name}"]
            """)
        )
    projects = [str(tmp_path / name) for name in KINDS]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", str(site), *projects], check=True, timeout=200)
    code = (
        "from phygui import plugins; from phygui.views import SPECS; import phygui.exports as e;"
        "from phygui.analysis import find_metric; from phygui.curation import rankings;"
        "from phygui.gui.actions.actions import BY_NAME; e.find_export('json_groups');"
        "SPECS['cumulative'].cls, find_metric('fano_factor').name, BY_NAME['label_sparse'];"
        "assert 'by_snr' in [r.name for r in rankings('quality')];"
        "print(sorted((p.name, p.source, p.version, p.state) for p in plugins.plugins()))"
    )
    environment = {**os.environ, "PYTHONPATH": str(site), "XDG_CONFIG_HOME": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=100
    )
    assert ran.returncode == 0, ran.stderr
    wanted = [(n, f"lab-{n.replace('_', '-')}", "1.2", "on") for n in sorted(KINDS)]
    assert ran.stdout.strip() == str(wanted)
