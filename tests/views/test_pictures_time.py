"""Views of time and of all clusters as a whole, against stored pictures that were looked at."""

from __future__ import annotations

import pytest

from phygui.curation.session import Session
from phygui.views import VIEWS

NAMES = (
    "traces",
    "correlograms",
    "intervals",
    "rates",
    "raster",
    "probe",
    "scatter",
    "matrix",
)
PARAMS = {"traces": {"time": 1.0}, "rates": {"bin": 0.1}}


@pytest.fixture
def snapshot_with(small):
    with Session.open(small, read_only=True) as session:
        sizes = {c: len(ids) for c, ids in session.spikes_per_cluster.items()}
        ids = sorted(sizes, key=lambda c: (-sizes[c], c))

        def select(n):
            session.select(ids[:n])
            return session.snapshot()

        yield select


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("n", "theme"), [(2, "dark"), (2, "light"), (8, "dark")])
def test_clusters(name, n, theme, snapshot_with, shown, same_picture):
    cls = VIEWS[name]
    params = cls.Params(**PARAMS.get(name, {}))
    data = cls.load(snapshot_with(n), params, lambda: False)
    same_picture(shown(cls(params, theme=theme), data, (500, 350)), f"{name}_{n}_{theme}")


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("correlograms", {"log_lag": True, "window_ms": 500.0, "scale": "rate"}),
        ("traces", {"time": 1.0, "duration": 2.0, "spikes": "all", "signal": "raw"}),
        ("traces", {"time": 1.0, "duration": 0.1, "mode": "image"}),
    ],
)
def test_otherwise(name, params, snapshot_with, shown, same_picture):
    cls = VIEWS[name]
    view = cls(cls.Params(**params))
    data = cls.load(snapshot_with(3), view.params, lambda: False)
    kind = params.get("mode") or params.get("signal") or "log"
    same_picture(shown(view, data, (500, 350)), f"{name}_{kind}")
