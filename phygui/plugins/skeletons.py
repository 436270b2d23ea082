"""Plugins to begin with: a file that works, with comments, and its test."""

from __future__ import annotations

import keyword
from contextlib import suppress
from pathlib import Path

SKELETONS = ("metric", "view", "ranking", "action", "export")
"""What a skeleton can be of."""


class SkeletonError(ValueError):
    """Nothing was written; the text is one sentence for the user."""


def write_skeleton(kind: str, name: str, folder: Path) -> tuple[Path, Path]:
    """Write a plugin and its test.

    Parameters
    ----------
    kind : one of :data:`SKELETONS`
    name : str
        A word of lower-case letters, digits and ``_``.
    folder : Path
        Where; it is made if it is not there.

    Returns
    -------
    the plugin, its test : Path

    Raises
    ------
    SkeletonError
        If the name cannot be one, or there is such a file already, or none can be written.
    """
    if not name.isidentifier() or name != name.lower() or keyword.iskeyword(name):
        raise SkeletonError(f"a plugin cannot be called {name!r}, expected a lower-case word.")
    if name.startswith(("_", "test_")):
        raise SkeletonError(f"{name}.py would not be loaded: such files are no plugins.")
    paths = folder / f"{name}.py", folder / f"test_{name}.py"
    for path in paths:
        if path.exists():
            raise SkeletonError(f"{path} exists already.")
    begun: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, source in zip(paths, (kind, f"test_{kind}"), strict=True):
            text = _text(source, name)
            with path.open("x", encoding="utf-8") as file:
                begun.append(path)
                file.write(text)
    except OSError as error:
        # A plugin without its test would be in the way of the next try.
        for path in begun:
            with suppress(OSError):
                path.unlink()
        raise SkeletonError(f"{folder} cannot be written: {error.strerror or error}.") from error
    return paths


def _text(source: str, name: str) -> str:
    # The command is there at every start, and seldom used.
    from importlib.resources import files

    text = (files("phygui.resources") / "skeletons" / f"{source}.py.txt").read_text("utf-8")
    # The name of a class has no underscores.
    text = text.replace("NAMEView", f"{name.title().replace('_', '')}View")
    return text.replace("NAME", name).replace("TITLE", name.replace("_", " ").capitalize())
