"""The page on writing a view: its code runs, and makes a view that works."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

PAGE = Path(__file__).parents[2] / "docs" / "writing-a-view.md"


def code() -> str:
    """The file that the page makes."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return "\n\n".join(blocks)


@pytest.fixture(scope="module")
def page() -> Any:
    import sys

    module = ModuleType("writing_a_view")
    sys.modules[module.__name__] = module
    exec(compile(code(), PAGE.name, "exec"), module.__dict__)
    yield module
    del sys.modules[module.__name__]


def test_the_view_of_the_page(page, small_model, snapshot_of, shown, picture):
    snapshot = snapshot_of(small_model, [int(small_model.spike_clusters[0])])
    data = page.ReturnView.load(snapshot, page.ReturnParams(), lambda: False)
    times = small_model.spike_times[snapshot.spikes(snapshot.cluster_ids[0])]
    np.testing.assert_allclose(data.before, np.diff(times)[:-1])
    np.testing.assert_allclose(data.after, np.diff(times)[1:])
    view = shown(page.ReturnView(), data)
    assert {"before (s)", "after (s)"} <= {label.text for label in view.all_labels}
    image = picture(view)
    assert np.count_nonzero(np.ptp(image, axis=2) > 60) > 20
    assert view.describe(0, 0.01, 0.002) == "10.0 ms before, 2.0 ms after"
    nothing = page.ReturnView.load(snapshot_of(small_model, []), page.ReturnParams(), lambda: False)
    assert "Select a cluster" in nothing.reason


def test_the_file_of_the_page_is_found_when_it_lies_beside_the_others(tmp_path, monkeypatch):
    import sys

    import phygui.views
    from phygui.views import SPECS, VIEWS, registry

    before = list(SPECS)
    (tmp_path / "returns.py").write_text(code(), "utf-8")
    monkeypatch.setattr(phygui.views, "__path__", [*phygui.views.__path__, str(tmp_path)])
    registry._found.cache_clear()
    try:
        assert [name for name in SPECS if name != "returns"] == before
        # Its order puts it between intervals and firing rates.
        place = list(SPECS).index("returns")
        assert list(SPECS)[place - 1 : place + 2] == ["intervals", "returns", "rates"]
        assert SPECS["returns"].title == "Return map"
        assert VIEWS["returns"].Params().n_spikes == 5000
    finally:
        registry._found.cache_clear()
        sys.modules.pop("phygui.views.returns", None)
        if hasattr(phygui.views, "returns"):
            del phygui.views.returns
