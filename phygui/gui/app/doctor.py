"""What `phygui doctor` tells: versions, OpenGL and paths, in one block for a report."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import platformdirs

from phygui._version import __version__
from phygui.gui.app import binding
from phygui.logs import log_path, versions
from phygui.plugins import plugin_folder
from phygui.storage.state.locations import locations_file
from phygui.storage.unpacked import room

VARIABLES = (
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XDG_SESSION_TYPE",
    "QT_API",
    "QT_QPA_PLATFORM",
    "QT_PLUGIN_PATH",
    "LIBGL_ALWAYS_SOFTWARE",
    "NUMBA_DISABLE_JIT",
    "PYTHONPATH",
    "VIRTUAL_ENV",
)
EXTRAS = {
    "cluster": "distributed",
    "nwb": "pynwb",
    "parquet": "pyarrow",
    "spikeinterface": "spikeinterface",
    "console": "qtconsole",
}
"""What each extra of the package brings."""
PATIENCE_S = 60
"""A driver may hang instead of failing."""

_PROBE = """
from phygui.gui.app.app import make_application
from phygui.gui.base.opengl import found
from phygui.gui.base.settings import Settings
application = make_application(Settings())
screen = application.primaryScreen()
size = screen.size()
print("screen", application.platformName(), f"{size.width()} x {size.height()},",
      f"{screen.devicePixelRatio():g} pixels per point")
print("OpenGL", found().problem or found().renderer)
"""


def report() -> Iterable[str]:
    """One line after the other; the last ones take a second or two."""
    yield f"phygui {__version__} in {Path(__file__).parents[2]}"
    # qtpy writes into the environment what it has chosen.
    ours = sorted(name for name in os.environ if name.startswith("PHYGUI_"))
    told = [f"{name}={os.environ[name]}" for name in (*VARIABLES, *ours) if os.environ.get(name)]
    yield from versions()
    yield binding.versions()
    for extra, package in EXTRAS.items():
        yield f"extra {extra}: {_version(package)}"
    yield from told
    for what, path in paths().items():
        yield f"{what}: {path} ({how_it_is(path)})"
    if not binding.problem():
        yield from _probed()


def paths() -> dict[str, Path]:
    """Where the program writes that is not beside a dataset."""
    return {
        "settings": platformdirs.user_config_path("phygui") / "phygui.ini",
        "places of data": Path(locations_file()),
        "plugins": plugin_folder(),
        "state": platformdirs.user_state_path("phygui", appauthor=False),
        "unpacked data": room.folder(),
        "log": log_path(),
    }


def how_it_is(path: Path) -> str:
    """Whether a path is there, and whether it can be written."""
    there = path
    while not there.exists() and there != there.parent:
        there = there.parent
    needed = os.W_OK | (os.X_OK if there.is_dir() else 0)
    may = "writable" if os.access(there, needed) else f"NOT writable: {there}"
    return may if path.exists() else f"not there yet, {may}"


def _version(package: str) -> str:
    try:
        return f"{package} {metadata.version(package)}"
    except metadata.PackageNotFoundError:
        return "not installed"


def _probed() -> list[str]:
    """Screen and OpenGL, asked in a process of their own: either may end it."""
    command = [sys.executable, "-c", _PROBE]
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE_S, errors="replace"
        )
    except subprocess.TimeoutExpired:
        return [f"OpenGL: no answer within {PATIENCE_S} s"]
    told = ended.stdout.splitlines()
    if ended.returncode:
        last = (ended.stderr.strip().splitlines() or ["no reason is given"])[-1]
        told.append(f"display: it fails ({last.removeprefix('phygui: ').rstrip('.')})")
    return told
