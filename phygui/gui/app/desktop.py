"""`phygui install-desktop`: an entry in the menus of a Linux desktop, and files that open."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import platformdirs

from phygui.dataset import formats

_ENTRY = """[Desktop Entry]
Type=Application
Name=phygui
GenericName=Spike sorting curation
Comment=Curate spike sorting by hand
Exec={command} %f
Icon=phygui
Terminal=false
Categories=Science;Biology;DataVisualization;
Keywords=spike sorting;neurophysiology;electrophysiology;phy;
MimeType={types}
StartupWMClass=phygui
"""

_TYPES = """<?xml version="1.0" encoding="UTF-8"?>
<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">
{types}</mime-info>
"""

_TYPE = """  <mime-type type="{mime}">
    <comment>Sorted spikes ({name})</comment>
    <icon name="phygui"/>
    <glob pattern="{pattern}" weight="80"/>
  </mime-type>
"""


class DesktopError(RuntimeError):
    """The entry cannot be made; the text is one sentence."""


def places(data: Path | None = None) -> dict[str, Path]:
    """Where the three files go, for this user alone."""
    data = data or Path(platformdirs.user_data_dir())
    return {
        "entry": data / "applications" / "phygui.desktop",
        "type": data / "mime" / "packages" / "phygui.xml",
        "icon": data / "icons" / "hicolor" / "scalable" / "apps" / "phygui.svg",
    }


def types() -> dict[str, tuple[str, str]]:
    """Kinds of files that are datasets: ``{type: (pattern, name of the format)}``."""
    return {
        f"application/x-{pattern[2:]}": (pattern, known.name)
        for known in formats()
        if not known.is_folder
        for pattern in known.patterns
        if pattern.startswith("*.")
    }


def install(data: Path | None = None) -> list[Path]:
    """Write entry, icon and type, and tell the desktop; what was there before is replaced.

    Raises
    ------
    DesktopError
        If this is no Linux desktop, or a file cannot be written.
    """
    where = places(_checked(data))
    icon = (resources.files("phygui.resources") / "icons" / "phygui.svg").read_text()
    known = types()
    entry = _ENTRY.format(command=_quoted(program()), types="".join(f"{m};" for m in known))
    each = (_TYPE.format(mime=m, pattern=p, name=name) for m, (p, name) in known.items())
    texts = {"entry": entry, "type": _TYPES.format(types="".join(each)), "icon": icon}
    for what, path in where.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(texts[what], encoding="utf-8")
        except OSError as error:
            raise DesktopError(f"{path} cannot be written ({error.strerror})") from error
    _tell(where)
    return list(where.values())


def remove(data: Path | None = None) -> list[Path]:
    """Remove what :func:`install` wrote.

    Raises
    ------
    DesktopError
        If this is no Linux desktop, or a file cannot be removed.
    """
    where = places(_checked(data))
    gone = [path for path in where.values() if path.exists()]
    for path in gone:
        try:
            path.unlink()
        except OSError as error:
            raise DesktopError(f"{path} cannot be removed ({error.strerror})") from error
    _tell(where)
    return gone


def program() -> str:
    """The command that opens the window, of this environment if it has one."""
    beside = Path(sys.executable).with_name("phy-gui")
    return str(beside) if beside.exists() else shutil.which("phy-gui") or "phy-gui"


def _checked(data: Path | None) -> Path | None:
    if not sys.platform.startswith("linux"):
        raise DesktopError("menu entries of this kind are for Linux desktops")
    return data


def _quoted(path: str) -> str:
    """A path as desktop entries quote it, spaces and signs of shells included."""
    escaped = "".join(f"\\{c}" if c in '"`$\\' else c for c in path).replace("%", "%%")
    return f'"{escaped}"'.replace("\\", "\\\\") if escaped != path or " " in path else path


def _tell(where: dict[str, Path]) -> None:
    """Have the desktop look again; it does so by itself at the next login."""
    commands = [
        ["update-mime-database", str(where["type"].parents[1])],
        ["update-desktop-database", str(where["entry"].parent)],
        ["gtk-update-icon-cache", "-f", "-t", str(where["icon"].parents[2])],
    ]
    for command in commands:
        found = shutil.which(command[0])
        if found is not None:
            subprocess.run([found, *command[1:]], capture_output=True, check=False, timeout=60)
