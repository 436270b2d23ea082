"""How a cluster's values are written."""

from __future__ import annotations

import pytest

from phygui.curation.navigation.columns import label_columns


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("0.00024271844660194174", "0.0002427"),
        ("-12.345678", "-12.35"),
        ("3.1e-12", "3.1e-12"),
        ("2.50", "2.50"),
        ("good", "good"),
        ("1.2.3456", "1.2.3456"),
        ("20261129", "20261129"),
    ],
)
def test_of_a_label_that_is_a_long_number_four_digits_are_shown(value: str, shown: str):
    (column,) = label_columns(["ContamPct"])
    assert column.text(value) == shown
    assert column.copied(value) == value
