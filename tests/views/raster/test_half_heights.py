"""How high rows of the raster are."""

from __future__ import annotations

import pytest

from phygui.views.raster.view import half_heights


@pytest.mark.parametrize("pitch", [0.15, 0.5, 1.0, 3.0, 10.0])
def test_selected_rows_are_two_pixels_at_least(pitch):
    half, selected = half_heights(pitch, 2, 2000, 2.0)
    assert 2 * half * pitch <= pitch
    assert 2 * selected * pitch >= 2.0 - 1e-9
    assert selected >= half


def test_many_selected_rows_leave_room_for_the_others():
    _, selected = half_heights(0.15, 500, 2000, 2.0)
    assert 2 * selected * 500 <= 1000
    assert half_heights(0.15, 2000, 2000, 2.0) == (0.5, 0.5)


def test_the_settings_can_turn_it_off():
    half, selected = half_heights(0.15, 2, 2000, 0.0)
    assert half == selected
