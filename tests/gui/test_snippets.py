"""One-line commands: what is refused before anything is done."""

from __future__ import annotations

from unittest.mock import MagicMock

import pytest

from phygui.curation.update import EditError
from phygui.gui.snippets import run_snippet


@pytest.mark.parametrize("line", [f"c 0-{10**18}", f"g 4 5-{10**25}", "m good 0-60000,0-60000"])
def test_more_clusters_than_can_be_meant_are_refused_before_they_are_listed(line: str) -> None:
    window = MagicMock()
    with pytest.raises(EditError, match="too many clusters"):
        run_snippet(window, line)
    assert not window.session.mock_calls
