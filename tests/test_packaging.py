"""A wheel holds all that the program needs: built, installed elsewhere, and started."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of the sources, as `python -m build` does it."""
    folder = tmp_path_factory.mktemp("wheel")
    sources = folder / "sources"
    for name in ("phygui", "resources", "docs"):
        shutil.copytree(ROOT / name, sources / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, sources / name)
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(sources)]
    subprocess.run(command, check=True, capture_output=True, timeout=200)
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_every_module_and_every_resource(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    wanted = {p.relative_to(ROOT).as_posix() for p in (ROOT / "phygui").rglob("*.py")}
    resources = (p for p in (ROOT / "resources").rglob("*") if p.is_file())
    wanted |= {f"phygui/{p.relative_to(ROOT).as_posix()}" for p in resources if p.suffix != ".pyc"}
    assert wanted - names == set()
    # The manual with its pictures, for Help > Manual.
    manual = {name for name in names if name.startswith("phygui/resources/manual/")}
    shown = {p.name for p in (ROOT / "docs").glob("*.md")} | {"images/view-features.png"}
    assert {name.removeprefix("phygui/resources/manual/") for name in manual} >= shown
    packages = {name.partition("/")[0] for name in names}
    assert {name for name in packages if not name.endswith(".dist-info")} == {"phygui"}


def test_the_installed_wheel_shows_the_demo(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    subprocess.run([*install, str(target), str(wheel)], check=True, timeout=100)
    picture = tmp_path / "x.png"
    environment = {**os.environ, "PYTHONPATH": str(target)}
    where = "import phygui, phygui.resources as r; print(phygui.__file__, r.__file__)"
    told = subprocess.run(
        [sys.executable, "-c", where], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert told.stdout.count(str(target)) == 2, told
    ended = subprocess.run(
        [sys.executable, "-m", "phygui", "--demo", "--screenshot", str(picture)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")
