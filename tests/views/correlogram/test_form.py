"""Which correlograms are shown in the room that there is, and where."""

from __future__ import annotations

import pytest

from phygui.views.correlogram.form import form_of, pairs_of, places_of


@pytest.mark.parametrize(
    ("layout", "n", "size", "wanted"),
    [
        ("auto", 1, (50, 50), "matrix"),
        ("auto", 3, (60, 40), "matrix"),
        ("auto", 8, (450, 330), "matrix"),
        ("auto", 20, (450, 330), "acgs"),
        ("auto", 20, (1900, 1000), "matrix"),
        ("matrix", 20, (450, 330), "matrix"),
        ("acgs", 2, (1900, 1000), "acgs"),
        ("acgs", 1, (1900, 1000), "matrix"),
    ],
)
def test_the_matrix_where_its_plots_can_be_read_unless_the_settings_say_otherwise(
    layout, n, size, wanted
):
    assert form_of(layout, n, size) == wanted


@pytest.mark.parametrize("n", [2, 3, 7, 20])
@pytest.mark.parametrize("size", [(800, 300), (300, 800), (400, 400)])
def test_plots_do_not_overlap_and_the_pair_is_the_largest(n, size):
    pairs, places = pairs_of("acgs", n), places_of("acgs", n, size)
    assert pairs == [(0, 1), *((k, k) for k in range(n))]
    taken = [
        (place.row + i, place.column + j)
        for place in places
        for i in range(place.spans[0])
        for j in range(place.spans[1])
    ]
    assert len(taken) == len(set(taken))
    areas = [place.spans[0] * place.spans[1] for place in places]
    assert areas[0] >= max(areas[1:])
