"""Whether other programs read what is saved, exported and converted here, to the last spike.

    python benchmarks/interop.py make SOURCE FOLDER [--saved]   # here: copies and curates folders
    python benchmarks/interop.py phylib FOLDER          # where phylib and klusta are installed
    python benchmarks/interop.py spikeinterface FOLDER  # where SpikeInterface is

SOURCE holds folders with a `params.py`. Each is copied, curated by merges, splits, groups and
labels, saved, exported for phy and converted to Kwik; what it holds then is written beside it as
`NAME.truth.json`. The other two read all three with their own readers and compare trains, groups,
labels, features, positions and templates. With `--saved` there is no export and no Kwik file, which
of a large folder would take hundreds of gigabytes. Files of more than 256 MB are linked.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

Truth = dict[int, dict[str, Any]]


LARGE = 2**28
"""Bytes of a file that nothing writes to."""


def _copy(source: str, target: str) -> None:
    """Copy a file, or link a large one."""
    if os.path.getsize(source) > LARGE:
        os.symlink(os.path.realpath(source), target)
    else:
        shutil.copy(source, target)


def make(source: Path, folder: Path, *, saved_only: bool) -> None:
    """Copy, curate, save, export and convert."""
    from phygui import Session, convert, export

    warnings.simplefilter("ignore")
    shutil.copytree(source, folder, copy_function=_copy)
    for path in sorted(params.parent for params in folder.glob("*/params.py")):
        with Session.open(path) as session:
            session.merge(session.cluster_ids[:2])
            first = int(session.cluster_ids[0])
            session.split(session.spikes_per_cluster[first][::2])
            ids = session.cluster_ids.tolist()
            session.move(ids[:2], "good")
            session.move(ids[2:3], "mua")
            session.move(ids[3:4], "noise")
            session.label(ids[:3], "area", 'CA1, "left"')
            session.label(ids[1:2], "score", "0.5")
            session.undo()
            session.redo()
            session.save()
            samples = session.shank.spike_samples
            truth = {
                c: {
                    "train": samples[session.spikes_per_cluster[c]].tolist(),
                    "group": session.group_of(c).lower(),
                    "labels": dict(session.labels_of(c)),
                }
                for c in session.cluster_ids.tolist()
            }
        (folder / f"{path.name}.truth.json").write_text(json.dumps(truth))
        if not saved_only:
            export(path, "phy", folder / f"{path.name}_export")
            convert(path, folder / f"{path.name}.kwik")
        print(f"{path.name}: {len(truth)} clusters")


def _truths(folder: Path) -> Iterator[tuple[str, Truth]]:
    for path in sorted(folder.glob("*.truth.json")):
        told = json.loads(path.read_text())
        yield path.name.removesuffix(".truth.json"), {int(c): of for c, of in told.items()}


def _folders(folder: Path, name: str) -> list[Path]:
    """The one that was saved, and its export if there is one."""
    return [each for each in (folder / name, folder / f"{name}_export") if each.exists()]


def phylib(folder: Path) -> None:
    """Compare with what phylib and klusta read."""
    from phylib.io.model import load_model

    for name, truth in _truths(folder):
        models = [load_model(each / "params.py") for each in _folders(folder, name)]
        for model in models:
            assert sorted(truth) == model.cluster_ids.tolist()
            for cluster_id, of in truth.items():
                spikes = model.get_cluster_spikes(cluster_id)
                assert model.spike_samples[spikes].tolist() == of["train"]
                assert model.metadata["group"][cluster_id] == of["group"]
                for label, text in of["labels"].items():
                    found = model.metadata[label][cluster_id]
                    assert found == text or float(found) == float(text)
        print(f"{name}: phylib reads {len(truth)} clusters, {models[0].n_spikes} spikes")
        if len(models) == 1:
            continue
        saved, made = models
        everything, channels = np.arange(saved.n_spikes), np.arange(saved.n_channels)
        features = saved.get_features(everything, channels)
        np.testing.assert_array_equal(features, made.get_features(everything, channels))
        np.testing.assert_array_equal(saved.channel_positions, made.channel_positions)
        for template in saved.template_ids:
            one, two = (model.get_template(template) for model in models)
            common, at, place = np.intersect1d(
                one.channel_ids, two.channel_ids, return_indices=True
            )
            assert one.best_channel == two.best_channel in common
            largest = np.abs(one.template).max()
            difference = one.template[:, at] - two.template[:, place]
            assert np.abs(difference).max() < 1e-3 * largest
        from klusta.kwik.model import KwikModel

        kwik = KwikModel(str(folder / f"{name}.kwik"))
        for cluster_id, of in truth.items():
            assert kwik.spike_samples[kwik.spike_clusters == cluster_id].tolist() == of["train"]
            assert kwik.cluster_groups[cluster_id] == of["group"]
        found = np.asarray(kwik.all_features[:]).reshape(features.shape)
        np.testing.assert_array_equal(found, features)
        print(f"{name}: phylib reads the export, and klusta the Kwik file")


def spikeinterface(folder: Path) -> None:
    """Compare with what SpikeInterface reads."""
    from spikeinterface.extractors import read_klusta, read_phy

    for name, truth in _truths(folder):
        for of in _folders(folder, name):
            sorting = read_phy(of)
            ids = [int(c) for c in sorting.get_property("original_cluster_id")]
            assert sorted(ids) == sorted(truth)
            groups = sorting.get_property("quality")
            for unit, cluster_id, group in zip(sorting.unit_ids, ids, groups, strict=True):
                train = sorting.get_unit_spike_train(unit).tolist()
                assert train == truth[cluster_id]["train"]
                assert group == truth[cluster_id]["group"]
        print(f"{name}: SpikeInterface reads {len(truth)} clusters")
        if not (folder / f"{name}.kwik").exists():
            continue
        sorting = read_klusta(str(folder / f"{name}.kwik"))
        for unit, group in zip(sorting.unit_ids, sorting.get_property("quality"), strict=True):
            train = sorted(sorting.get_unit_spike_train(unit).tolist())
            assert train == truth[int(unit)]["train"]
            assert group == truth[int(unit)]["group"]
        print(f"{name}: SpikeInterface reads the Kwik file")


def main() -> None:
    """Run one part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=["make", "phylib", "spikeinterface"])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--saved", action="store_true", help="without exports, of large folders")
    given = parser.parse_args()
    if given.part == "make":
        make(*given.folders, saved_only=given.saved)
    else:
        {"phylib": phylib, "spikeinterface": spikeinterface}[given.part](*given.folders)


if __name__ == "__main__":
    main()
