"""Copies of datasets that tests may write to."""

from __future__ import annotations

import shutil
from pathlib import Path

FILES, RAW_DATA = (".kwik", ".kwx", ".ground_truth.npz"), (".dat", ".raw.kwd")


def copy_files(source: Path, target: Path, name: str, raw: bool = True) -> Path:
    """Copy the files of a Kwik dataset, and nothing that is known of it; the new ``.kwik``."""
    for suffix in (*FILES, *(RAW_DATA if raw else ())):
        file = source / (name + suffix)
        if file.exists():
            shutil.copyfile(file, target / file.name)
    return target / f"{name}.kwik"
