"""A scripted session: each step follows from a seed and from the state in plain lists."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from phygui.curation.session import Session
from phygui.formats.kwik.model import KwikModel
from tests.curation.oracle import Oracle

N_EDITS = 300
SAVE_EVERY = 25
KEYS = ((0, "main"), (1, "main"))
GROUPS = {0: "noise", 1: "mua", 2: "good", 3: "unsorted"}

Action = tuple[str, tuple[Any, ...]]


def oracles_of(path: Path) -> dict[tuple[int, str], Oracle]:
    """Plain lists of what a file holds."""
    found = {}
    for key in KEYS:
        model = KwikModel(path, *key)
        clusters = model.spike_clusters.tolist()
        found[key] = Oracle(clusters, model.cluster_groups, model.largest_cluster_id)
        model.close()
    return found


class Script:
    """Goes through the steps on plain lists, and on a session beside them if there is one."""

    def __init__(self, oracles: dict[tuple[int, str], Oracle], seed: int, step: int = 0) -> None:
        self.oracles = oracles
        self.seed = seed
        self.step = step

    def next(self) -> tuple[tuple[int, str], Action]:
        """What comes next, and where; the lists are changed."""
        rng = random.Random(f"{self.seed} {self.step}")
        key = KEYS[self.step // 40 % len(KEYS)]
        oracle = self.oracles[key]
        self.step += 1
        return key, self._edit(oracle, rng)

    def _edit(self, oracle: Oracle, rng: random.Random) -> Action:
        living = sorted(set(oracle.clusters))
        choices: list[Callable[[], Action | None]] = [
            lambda: self._merge(oracle, rng, living),
            lambda: self._split(oracle, rng, living),
            lambda: self._move(oracle, rng, living),
            lambda: self._label(oracle, rng, living),
            lambda: self._undo(oracle),
            lambda: self._redo(oracle),
        ]
        while True:
            weights = (3, 5, 4, 2, 3, 2)
            action = rng.choices(choices, weights)[0]()
            if action is not None:
                return action

    def _merge(self, oracle: Oracle, rng: random.Random, living: list[int]) -> Action | None:
        if len(living) < 4:
            return None
        ids = rng.sample(living, rng.choice((2, 2, 3)))
        oracle.merge(ids)
        oracle.done((), ())
        return "merge", (ids,)

    def _split(self, oracle: Oracle, rng: random.Random, living: list[int]) -> Action | None:
        cluster_id = rng.choice(living)
        spikes = [s for s, c in enumerate(oracle.clusters) if c == cluster_id]
        if len(spikes) < 4 or len(living) > 40:
            return None
        part = sorted(rng.sample(spikes, len(spikes) // 2))
        oracle.split(part)
        oracle.done((), ())
        return "split", (np.array(part),)

    def _move(self, oracle: Oracle, rng: random.Random, living: list[int]) -> Action | None:
        cluster_id = rng.choice(living)
        group = rng.choice([g for g in GROUPS if g != oracle.groups.get(cluster_id)])
        oracle.groups[cluster_id] = group
        oracle.done((), ())
        return "move", ([cluster_id], group)

    def _label(self, oracle: Oracle, rng: random.Random, living: list[int]) -> Action:
        cluster_id = rng.choice(living)
        value = f"{self.step} µ"
        oracle.labels[cluster_id] = oracle.labels.get(cluster_id, {}) | {"note": value}
        oracle.done((), ())
        return "label", ([cluster_id], "note", value)

    def _undo(self, oracle: Oracle) -> Action | None:
        if not oracle.position:
            return None
        oracle.undo()
        return "undo", ()

    def _redo(self, oracle: Oracle) -> Action | None:
        if oracle.position == len(oracle.states) - 1:
            return None
        oracle.redo()
        return "redo", ()


def perform(session: Session, key: tuple[int, str], action: Action) -> None:
    """Do in a session what the script says."""
    if (session.channel_group, session.clustering) != key:
        session.switch(*key)
    name, arguments = action
    getattr(session, name)(*arguments)


def differences(session: Session, oracles: dict[tuple[int, str], Oracle]) -> list[str]:
    """Where a session is not as the lists say; empty if it is."""
    found = []
    for key, oracle in oracles.items():
        if (session.channel_group, session.clustering) != key:
            session.switch(*key)
        clusters, groups, labels = oracle.state()
        state = session.state()
        if state.spike_clusters.tolist() != clusters:
            found.append(f"{key}: clusters of the spikes")
        if dict(state.cluster_groups) != groups:
            found.append(f"{key}: groups")
        if dict(state.labels) != labels:
            found.append(f"{key}: labels")
        if session.history_position != oracle.position:
            found.append(f"{key}: {session.history_position} edits, not {oracle.position}")
        if session.workspace.active.clustering.next_id != oracle.largest + 1:
            found.append(f"{key}: the next id")
        if len(session.history) != len(oracle.states) - 1:
            found.append(f"{key}: a history of {len(session.history)} edits")
            continue
        for number, update in enumerate(session.history):
            before, after = oracle.states[number], oracle.states[number + 1]
            if set(update.after) != set(after[1]) - set(before[1]):
                found.append(f"{key}: clusters of edit {number}")
            if update.kind == "group" and any(
                after[1].get(c) != group for c, group in update.groups_after.items()
            ):
                found.append(f"{key}: groups of edit {number}")
            if update.kind == "label" and any(
                after[2].get(c, {}) != of for c, of in update.labels_after.items()
            ):
                found.append(f"{key}: labels of edit {number}")
    return found
