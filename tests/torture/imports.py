"""A folder of data with a module of every name that the program imports: none of them is run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from phygui._isolation import outside

DESCRIBE = "from phygui.cli import main; main(['describe', {path!r}])"
WINDOW = "import phygui.gui.app.app; from phygui.analysis import warm_up; warm_up()"
COMPILE = "from phygui.analysis.compiling import warm; warm._fill_cache()"
#: What ``PYTHONPATH`` may hold beside the folder of phygui, relative to the current folder.
PATHS = ("", ":", ".", "./", "../of-somebody")


class Imports:
    """Runs commands, and the process that compiles, in such a folder.

    Parameters
    ----------
    source : Path
        A ``.kwik`` file; copied.
    folder : Path
        Where to work.
    """

    def __init__(self, source: Path, folder: Path) -> None:
        self.folder = folder / "of-somebody"
        self.told = folder / "imported"
        self.counts: Counter[str] = Counter()
        self.folder.mkdir()
        self.path = self.folder / source.name
        self.path.write_bytes(source.read_bytes())
        # What the interpreter imports before any code of ours runs is not ours to refuse.
        before = {"phygui", *_imported("pass"), *sys.stdlib_module_names}
        for name in sorted({*_imported(WINDOW)} - before):
            self._plant(name)
        self._plant("yaml")
        (self.folder / ".numba_config.yaml").write_text(f"cache_dir: {self.folder}\n")

    def _plant(self, name: str) -> None:
        text = f"open({str(self.told)!r}, 'a').write({name + ' '!r})\nraise SystemExit(7)\n"
        (self.folder / f"{name}.py").write_text(text)
        self.counts["modules in the folder of data"] += 1

    def run(self, n_paths: int = len(PATHS)) -> None:
        """Each command with each search path, or with some of them."""
        own = str(Path(__file__).resolve().parents[2])
        for beside in PATHS[:n_paths]:
            for what, code in (("describe", DESCRIBE), ("the process that compiles", COMPILE)):
                found = {**os.environ, "PYTHONPATH": f"{beside}{os.pathsep}{own}"}
                found.pop("LD_PRELOAD", None)
                if what != "describe":
                    # A window has started by then: its commands have cleaned the path.
                    code = f"import sys; sys.path[:] = {outside(sys.path)!r}; {code}"
                command = [sys.executable, "-c", code.format(path=str(self.path))]
                done = subprocess.run(
                    command, cwd=self.folder, env=found, capture_output=True, text=True, check=False
                )
                if done.returncode or self.told.exists():
                    raise AssertionError(f"{what}, PYTHONPATH {beside!r}: {done.stderr}")
                self.counts[f"runs of {what}, nothing imported from there"] += 1


def _imported(code: str) -> set[str]:
    """The modules that some code imports, by the first part of their names."""
    code += "; import json, sys; print(json.dumps(sorted(sys.modules)))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}
