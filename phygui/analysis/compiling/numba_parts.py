"""What is used of numba beyond what it documents: all of it is here, with its reason."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any


def is_cached(module: ModuleType) -> bool:
    """Whether the cache on disk holds every compiled function of a module, as far as files tell.

    numba says whether a function came from its cache only once it has loaded or compiled it,
    and compiling is what is to be kept out of this process: so the names of its files are
    looked at. Where they are named otherwise, the cache is filled once more, in another process.
    """
    version = f"py{sys.version_info.major}{sys.version_info.minor}"
    kernels = [k for k in vars(module).values() if hasattr(k, "signatures")]
    return all(
        any(Path(kernel.stats.cache_path).glob(f"{_file_of(kernel)}-*.{version}.nbi"))
        for kernel in kernels
    )


def _file_of(kernel: Any) -> str:
    """How the files of a function begin: with the module that it is in, which may be another."""
    function = kernel.py_func
    return f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
