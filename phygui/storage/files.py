"""What is at a path, said in one sentence where it cannot be used."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from phygui.errors import DatasetError


def check_regular_file(path: Path) -> os.stat_result:
    """The status of a regular, non-empty file, or a ``DatasetError`` saying what is there."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        raise DatasetError(f"{path} does not exist.") from None
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} cannot be reached: {reason(error)}.") from error
    if stat.S_ISDIR(status.st_mode):
        raise DatasetError(f"{path} is a folder, not a file.")
    if not stat.S_ISREG(status.st_mode):
        raise DatasetError(f"{path} is not a regular file.")
    if status.st_size == 0:
        raise DatasetError(f"{path} is empty (0 bytes).")
    return status


def reason(error: BaseException) -> str:
    """What an error says, on one line and without a full stop."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split()).rstrip(".")
