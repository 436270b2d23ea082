"""What tests of sessions share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from phygui.curation.session import Session


def crash(session: Session) -> None:
    """Leave a session as the death of its process does, once the journal has caught up."""
    keeper = session.journal.keeper
    if keeper._journal is not None:
        keeper._journal.close()
    if keeper._lock.is_held:
        keeper._lock.release()


@pytest.fixture
def crashed() -> Callable[[Session], None]:
    """Leaves a session as the death of its process does."""
    return crash


def whole_state(session: Session) -> tuple:
    """All that an edit may change, to be compared."""
    history = session.workspace.active.history
    return (
        session.spike_clusters.tolist(),
        session.cluster_groups,
        dict(session.workspace.active.labels.items()),
        session.selection,
        [u.description for u in history.updates],
        history.position,
        session.n_unsaved,
    )


@pytest.fixture
def state_of() -> Callable[[Session], tuple]:
    """All that an edit may change, to be compared."""
    return whole_state


@pytest.fixture
def session(small: Path):
    """A session on a copy of the small dataset."""
    with Session.open(small) as opened:
        yield opened
