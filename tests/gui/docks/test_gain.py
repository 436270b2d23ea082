"""A gain that no file tells: remarked on, asked for when the user wants, and shown at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
from qtpy.QtWidgets import QInputDialog, QPushButton

from phygui.gui.actions.actions import BY_NAME


def test_the_gain_is_set_from_the_remarks(small: Path, open_window: Callable) -> None:
    with h5py.File(small, "r+") as file:

        def forget(_: str, item: h5py.HLObject) -> None:
            item.attrs.pop("voltage_gain", None)

        file.visititems(forget)
    user = open_window(small)
    assert user.view("waveforms").data.unit == "units"
    user.window.actions_by_name["remarks"].trigger()
    dialog = user.window.commands._remarks
    assert "no file tells the gain" in dialog.text.toPlainText()
    dialog.findChild(QPushButton, "act").click()
    [asked] = user.window.findChildren(QInputDialog)
    asked.setDoubleValue(0.5)
    asked.accept()
    user.settle()
    assert user.view("waveforms").data.unit == "µV"
    assert user.view("traces").data.unit == "µV"
    assert not BY_NAME["remarks"].enabled(user.window)
    assert BY_NAME["set_gain"].enabled(user.window), "a wrong one can be mended"
