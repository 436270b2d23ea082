"""Which Qt there is, and by which binding of Python: one sentence where none can be loaded."""

from __future__ import annotations

import os

FAILURES = (ImportError, RuntimeError, ValueError)
"""What qtpy raises where no binding is there, or ``QT_API`` names one that it does not know."""


def versions() -> str:
    """Versions of Qt, the binding in use and qtpy, or why there is none; needs no display."""
    try:
        import qtpy
        from qtpy.QtCore import qVersion
    except FAILURES as error:
        return _absent(error)
    its_own = qtpy.PYQT_VERSION or qtpy.PYSIDE_VERSION
    return f"Qt {qVersion()} by {qtpy.API_NAME} {its_own} and qtpy {qtpy.__version__}"


def problem() -> str:
    """Why Qt cannot be loaded and what to do, in one sentence; empty if it can."""
    try:
        import qtpy.QtCore  # noqa: F401
    except FAILURES as error:
        return _absent(error)
    return ""


def _absent(error: Exception) -> str:
    asked = os.environ.get("QT_API", "")
    if asked and asked.lower() != "pyqt5":
        return f"QT_API={asked} names a Qt that is not installed here: unset it, and PyQt5 is used"
    return f"Qt cannot be loaded ({' '.join(str(error).split())}): install PyQt5 anew"
