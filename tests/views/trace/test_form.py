"""What form the traces take in the room that they have."""

from __future__ import annotations

import numpy as np
import pytest

from phygui.views.trace.form import channel_ticks, form_of, mark_alphas


@pytest.mark.parametrize(
    ("mode", "pitch", "wanted"),
    [
        ("auto", 12.0, "lines"),
        ("auto", 4.0, "lines"),
        ("auto", 3.9, "image"),
        ("lines", 0.5, "lines"),
        ("image", 30.0, "image"),
    ],
)
def test_lines_where_there_is_room_unless_the_settings_say_otherwise(mode, pitch, wanted):
    assert form_of(mode, pitch) == wanted


def test_channel_names_thin_out_over_all_columns():
    labels = [str(k) for k in range(384)]
    ticks = channel_ticks(labels, 4, -384.0, 1.0, 10)
    assert 2 <= len(ticks) <= 30
    assert {int(text) % 4 for _, text in ticks} == {0, 1, 2, 3}


def test_many_events_are_faint():
    alpha = mark_alphas(np.arange(1001) > 0, as_image=True)
    assert alpha[0] == 1.0
    np.testing.assert_allclose(alpha[1:], 0.1)
