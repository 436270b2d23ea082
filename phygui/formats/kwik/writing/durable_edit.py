"""Editing an HDF5 file so that it is, at every moment, entirely old or new."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py

from phygui.storage.state.durable import edit_copy

Edit = Callable[[h5py.File], None]


def durable_edit(
    path: Path | str, edit: Edit, verify: Edit | None = None, *, target: Path | str | None = None
) -> None:
    """Edit an HDF5 file through a temporary copy that replaces it at once.

    Parameters
    ----------
    path : the file to edit; a symbolic link is followed
    edit : changes the open copy
    verify : raises ``DatasetError`` if the copy, opened again read-only, is not as it should be
    target : where the result goes instead of over ``path``

    Raises
    ------
    DatasetError
        If anything at all fails. What was at the target before is then still there.

    See Also
    --------
    phygui.storage.state.durable.edit_copy : what happens to the copy, step by step
    """

    def edit_at(copy: Path) -> None:
        # Nobody else knows of this file, and some file systems know no locks.
        with h5py.File(copy, "r+", locking=False) as file:
            edit(file)
            file.flush()

    def verify_at(copy: Path) -> None:
        if verify is not None:
            with h5py.File(copy, "r", locking=False) as file:
                verify(file)

    edit_copy(path, edit_at, verify_at, target=target)
