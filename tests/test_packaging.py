"""Packages hold all that is needed: built, checked, installed elsewhere, and started."""

from __future__ import annotations

import email
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = (".ci", ".github", "benchmarks", "docs", "examples", "packaging", "phygui", "resources")
FOLDERS += ("tests",)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both distributions, built from a copy of the sources as `make dist` does it."""
    folder = tmp_path_factory.mktemp("built")
    sources = folder / "sources"
    for name in FOLDERS:
        shutil.copytree(ROOT / name, sources / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in ROOT.iterdir():
        if path.is_file() and path.name != ".git":
            shutil.copyfile(path, sources / path.name)
    command = [sys.executable, "-m", "build", "--outdir", str(folder), str(sources)]
    subprocess.run(command, check=True, capture_output=True, timeout=280)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    return next(built.glob("*.whl"))


@pytest.mark.slow
def test_the_source_distribution_has_what_tests_and_pages_are_made_from(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {
        path.relative_to(ROOT).as_posix()
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    wanted |= {"Makefile", "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "SECURITY.md"}
    assert wanted - names == set()


@pytest.mark.slow
def test_an_index_takes_the_packages_as_they_are(built: Path, wheel: Path) -> None:
    packages = [str(path) for path in built.glob("phygui-*")]
    assert len(packages) == 2
    checked = subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", *packages],
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith("/METADATA"))
        told = email.message_from_bytes(archive.read(name))
    labels = {url.partition(",")[0] for url in told.get_all("Project-URL", [])}
    assert {"Documentation", "Issues", "Changelog"} <= labels
    text = told.get_payload()
    assert isinstance(text, str)
    links = re.findall(r"\]\(([^)]*)\)", text)
    assert links
    assert all(link.startswith(("https://", "#")) for link in links), links


def test_conda_asks_for_what_pip_does_and_nothing_else() -> None:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    required = config["options"]["install_requires"].split("\n")
    # conda's pyqt is both of PyQt5's wheels, of the same version.
    wanted = {line.replace("PyQt5 >=5.15.9", "pyqt >=5.15.9,<6") for line in required if line}
    wanted -= {line for line in wanted if line.startswith("PyQt5-Qt5")}
    wanted |= {f"python {config['options']['python_requires']}"}
    folder = ROOT / "packaging" / "conda"
    recipe = (folder / "meta.yaml").read_text()
    run = recipe.partition("\n  run:\n")[2].partition("\n\n")[0]
    assert {line.strip().removeprefix("- ") for line in run.splitlines()} == wanted
    environment = (folder / "environment.yml").read_text().partition("dependencies:\n")[2]
    found = {line.strip().removeprefix("- ") for line in environment.splitlines() if line.strip()}
    assert {line for line in found if not line.startswith(("python", "pip"))} == {
        line for line in wanted if not line.startswith("python")
    }
    for line in config["options.entry_points"]["console_scripts"].strip().splitlines():
        assert f"- {line}\n" in recipe
    assert f"license: {config['metadata']['license']}\n" in recipe
    assert f"home: {config['metadata']['url']}\n" in recipe


@pytest.mark.slow
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


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the wheel is installed by itself."""
    target = tmp_path_factory.mktemp("site")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    subprocess.run([*install, str(target), str(wheel)], check=True, timeout=100)
    return target


@pytest.mark.slow
def test_the_page_on_installing_lists_the_extras_of_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith("/METADATA"))
        told = email.message_from_bytes(archive.read(name))
    page = (ROOT / "docs" / "installing.md").read_text()
    listed = set(re.findall(r"^\| `phygui\[(\w+)\]` \|", page, re.MULTILINE))
    assert listed == set(told.get_all("Provides-Extra", [])) - {"dev", "docs", "test"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("extra", "module", "command"),
    [
        ("nwb", "pynwb", "export simulated_small.kwik --to nwb units.nwb"),
        ("parquet", "pyarrow", "export simulated_small.kwik --to parquet table.parquet"),
        ("spikeinterface", "spikeinterface", "describe analyzer"),
        ("cluster", "distributed", "prepare simulated_small.kwik --scheduler tcp://127.0.0.1:1"),
    ],
)
def test_without_an_extra_the_wheel_works_and_names_it(
    site: Path, tmp_path: Path, small: Path, extra: str, module: str, command: str
) -> None:
    for part in ("sorting", "recording_info"):
        (tmp_path / "analyzer" / part).mkdir(parents=True)
    blocked = tmp_path / "without"
    blocked.mkdir()
    # To Python, what is None there is not installed.
    (blocked / "sitecustomize.py").write_text(f"import sys\nsys.modules['{module}'] = None\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(blocked), str(site)])}

    def run(words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from phygui.cli import main; main()", *words.split()],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=200,
        )

    ended = run(command)
    assert ended.returncode != 0
    assert f"phygui[{extra}]" in ended.stderr, ended.stderr
    assert "Traceback" not in ended.stderr
    ended = run("export simulated_small.kwik --to csv clusters.csv")
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "clusters.csv").is_file()


@pytest.mark.slow
def test_the_installed_wheel_shows_the_demo(site: Path, tmp_path: Path) -> None:
    picture = tmp_path / "x.png"
    environment = {**os.environ, "PYTHONPATH": str(site)}
    where = "import phygui, phygui.resources as r; print(phygui.__file__, r.__file__)"
    told = subprocess.run(
        [sys.executable, "-c", where], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert told.stdout.count(str(site)) == 2, told
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
