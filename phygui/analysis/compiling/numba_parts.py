"""What is used of numba beyond what it documents: all of it is here, with its reason."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType


def is_cached(module: ModuleType) -> bool:
    """Whether the cache on disk holds every compiled function of a module, as far as files tell.

    numba says whether a function came from its cache only once it has loaded or compiled it,
    and compiling is what is to be kept out of this process: so the names of its files are
    looked at. Where they are named otherwise, the cache is filled once more, in another process.
    """
    version = f"py{sys.version_info.major}{sys.version_info.minor}"
    kernels = {name: k for name, k in vars(module).items() if hasattr(k, "signatures")}
    file = module.__name__.rpartition(".")[2]
    return all(
        any(Path(kernel.stats.cache_path).glob(f"{file}.{name}-*.{version}.nbi"))
        for name, kernel in kernels.items()
    )
