"""What tests of exports share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from phygui import Session


@pytest.fixture
def curated(small: Path) -> Iterator[Session]:
    """A session on a copy of the small dataset with four edits that are not saved."""
    with Session.open(small, journal=False) as session:
        session.merge([0, 2])
        session.move([3, 4, 16], "good")
        session.move([5], "mua")
        session.label([3, 5], "region", "CA1, left")
        yield session
        for _ in range(session.history_position):
            session.undo()
