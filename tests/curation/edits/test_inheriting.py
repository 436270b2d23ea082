"""What new clusters take over from those that they are made of."""

from __future__ import annotations

import numpy as np

from phygui import Session


def test_a_part_is_in_the_group_of_the_cluster_that_most_of_it_comes_from(session: Session) -> None:
    a, b = session.cluster_ids.tolist()[:2]
    session.move([a], "noise")
    session.move([b], "good")
    of_a, of_b = session.spikes_per_cluster[a], session.spikes_per_cluster[b]
    # Its first spike is one of a, whatever is before it in time.
    part = np.sort(np.concatenate([of_a[:1], of_b[:-1]]))
    update = session.split(part)
    new, rest_of_a = (int(session.spike_clusters[spike]) for spike in (of_b[0], of_a[1]))
    assert session.cluster_groups[new] == "good"
    assert session.cluster_groups[rest_of_a] == "noise"
    assert "good" in update.description
    assert f"{rest_of_a} noise" in update.description
    session.undo()
    assert session.cluster_groups[a] == "noise"


def test_nothing_is_said_of_groups_where_there_is_only_one(session: Session) -> None:
    a = session.cluster_ids.tolist()[0]
    update = session.split(session.spikes_per_cluster[a][:2])
    assert "unsorted" not in update.description
