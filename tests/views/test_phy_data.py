"""Every view has something to show of a folder of phy."""

from __future__ import annotations

from pathlib import Path

import pytest

from phygui import Session
from phygui.views import VIEWS
from phygui.views.core.base import Empty
from tests.formats.phy.folders import make


@pytest.mark.parametrize("like", ["kilosort2", "kilosort4", "spikeinterface"])
def test_every_view_has_data(tmp_path: Path, like: str) -> None:
    with Session.open(make(tmp_path, like).path) as session:
        session.learn_all()
        session.select([4, 7])
        snapshot = session.snapshot()
        for name, spec in VIEWS.items():
            data = spec.load(snapshot, spec.Params(), lambda: False)
            if name == "events":
                assert isinstance(data, Empty), "the folder holds none"
            else:
                assert not isinstance(data, Empty), (name, data.reason)
