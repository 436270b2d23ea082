"""No test takes counts of another one."""

from __future__ import annotations

import pytest

from phygui.views.correlogram import data as correlogram_data


@pytest.fixture(autouse=True)
def _fresh_cache():
    correlogram_data._cache.clear()
