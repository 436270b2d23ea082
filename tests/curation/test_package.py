"""The names that the package offers are there, and import no toolkit."""

from __future__ import annotations

import subprocess
import sys

import pytest

from phygui import curation


def test_every_name_is_there() -> None:
    for name in curation.__all__:
        assert getattr(curation, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = curation.Nothing


def test_no_toolkit_comes_with_them() -> None:
    code = (
        "import sys; from phygui.curation import Session, Wizard; "
        "print([n for n in ('PyQt5', 'vispy', 'qtpy') if n in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
