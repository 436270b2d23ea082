"""No code from the current folder, which is mostly that of a dataset."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any


def forget_current_folder() -> None:
    """Import nothing from the current folder from now on, nor settings of libraries.

    ``python -m phygui`` and an empty entry of ``PYTHONPATH`` put it on the search path. A dataset
    may come from anywhere: a ``yaml.py`` in its folder is no module. Only if phygui itself is
    there, as in a checkout, does it stay.
    """
    sys.path[:] = outside(sys.path)
    if _Alone not in sys.meta_path:
        sys.meta_path.insert(0, _Alone)


def leave_current_folder() -> None:
    """Go to a folder in which no dataset is, for libraries that take the current one on trust.

    Processes that this one starts begin there too.
    """
    os.chdir(os.path.abspath(os.sep))


class _Alone:
    """Keeps numba and scikit-learn, and nobody else, from libraries that they look for when loaded.

    With yaml, numba takes settings from a file in the current folder, of which one names the folder
    of compiled functions, and those are unpickled. It looks for that library once.

    Whether scipy's linear algebra is there, it asks by loading it, which takes as long as all of
    numba does; a function that uses it loads it again as it is compiled, and none of ours does.

    Pandas is loaded by scikit-learn, where it is installed, to tell what is a table of its.
    """

    @classmethod
    def find_spec(
        cls, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in _STAND_INS:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            library, stand_in = _STAND_INS[name]
            load = _with_stand_in(spec.loader.exec_module, library, stand_in)
            spec.loader.exec_module = load  # type: ignore[method-assign]
        return spec


_BLAS = "scipy.linalg.cython_blas"
_STAND_INS = {
    "numba.core.config": ("yaml", None),
    "numba.np.arraymath": (_BLAS, ModuleType(_BLAS)),
    "sklearn.utils.fixes": ("pandas", None),
}
"""By the module that looks for it: a library, and what it finds; None if it is not to find any."""


def _with_stand_in(load: Any, library: str, stand_in: ModuleType | None) -> Any:
    def exec_module(module: ModuleType) -> None:
        before = sys.modules.get(library, ...)
        if stand_in is not None and before is not ...:
            # It has been loaded already.
            load(module)
            return
        sys.modules[library] = stand_in  # type: ignore[assignment]
        try:
            load(module)
        finally:
            del sys.modules[library]
            if before is not ...:
                sys.modules[library] = before

    return exec_module


def outside(paths: list[str]) -> list[str]:
    """The entries of a search path that do not depend on the current folder."""
    own = Path(__file__).resolve().parents[1]
    return [
        path for path in paths if os.path.isabs(path) and (_same(path, own) or not _is_here(path))
    ]


def _is_here(path: str) -> bool:
    return _same(path, os.curdir)


def _same(path: str, other: str | Path) -> bool:
    try:
        return os.path.samefile(path, other)
    except OSError:  # a zip archive that is missing, or a folder that is gone
        return False
