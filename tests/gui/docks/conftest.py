"""A session, and its two cluster tables without a window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication

from phygui import Session
from phygui.curation.statistics.snapshot import ClusterStats
from phygui.gui.app.app import make_application
from phygui.gui.base.settings import Settings
from phygui.gui.docks.cluster_tables import Tables

N_MANY = 10_000


@pytest.fixture
def session(small: Path) -> Iterator[Session]:
    with Session.open(small, journal=False) as session:
        session.learn_all()
        yield session


@pytest.fixture
def many(small: Path) -> Iterator[Session]:
    """Ten thousand clusters, of which nothing is read from the disk."""
    with Session.open(small, journal=False) as session:
        n_spikes = len(session.spike_clusters)
        n = min(N_MANY, n_spikes)
        session.assign(np.arange(n_spikes), np.arange(n_spikes) % n)
        rng = np.random.default_rng(0)
        for cluster in session.cluster_ids.tolist():
            session.knowledge.stats[cluster] = ClusterStats(
                int(rng.integers(8)), float(rng.integers(50)), float(rng.integers(900)), 1.0
            )
        yield session


@pytest.fixture
def tables(qtbot: Any, settings: Settings) -> Iterator[Any]:
    make_application(settings)
    made: list[Tables] = []

    def make(session: Session) -> Tables:
        tables = Tables(session, lambda work: work())
        session.clustered.connect(tables.update)
        session.selection_changed.connect(lambda _: tables.select())
        session.stats_changed.connect(tables.learn)
        tables.reload()
        for dock in tables.docks.values():
            dock.resize(700, 500)
            dock.show()
        QApplication.processEvents()
        made.append(tables)
        return tables

    yield make
    for each in made:
        for dock in each.docks.values():
            dock.deleteLater()
    QApplication.processEvents()
