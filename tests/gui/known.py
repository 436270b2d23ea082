"""Datasets of whose clusters all is known that is kept, as at a second opening."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path
from typing import Any

from phygui import DatasetWarning, Session
from phygui.simulate import make_demo
from tests.copies import copy_files


def keep_all(path: Path) -> None:
    """Work out what the window shows of a dataset's clusters, and keep it beside the dataset."""
    with warnings.catch_warnings():
        # Who opens the dataset, or a copy of it, is told.
        warnings.simplefilter("ignore", DatasetWarning)
        session = Session.open(path, journal=False)
    with session:
        for channel_group in session.model.channel_groups:
            session.switch(channel_group)
            session.learn_all()
            session.suggest_all()
            for keep in (session.statistics.remember_job(), session.suggestions.remember_job()):
                if keep is not None:
                    keep()


def make_known(folder: Path, **options: Any) -> Path:
    """Make a demo of whose clusters all is known that is kept; its folder."""
    keep_all(make_demo(folder, **options).kwik_path)
    return folder


def copy_known(source: Path, target: Path, name: str, raw: bool = True) -> Path:
    """Copy a Kwik dataset with what is kept of it; the new ``.kwik``."""
    shutil.copytree(source / f"{name}.phygui", target / f"{name}.phygui")
    return copy_files(source, target, name, raw)
