"""Fixtures that all tests share."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QCoreApplication, Qt
from qtpy.QtWidgets import QWidget

from tests.copies import copy_files

os.environ.setdefault("QT_API", "pyqt5")
# Threads of OpenBLAS wait for one another on a busy machine, longer than the work would take; so do
# those of OpenMP, and of OpenGL without a graphics card, with two processes that test on two cores.
# This stands before anything that imports numpy.
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "LP_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

# Settings, caches, logs and recent files of the person who runs the tests stay out of it.
_HOME = tempfile.mkdtemp(prefix="phygui-tests-")
for _variable in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
    os.environ[_variable] = os.path.join(_HOME, _variable.lower())

# Must be set before any QApplication: else a dock that floats loses its OpenGL context.
QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)

HERE = Path(__file__).parent

PATIENCE_MS = 60_000
"""How long a test waits for the window at least, before it fails."""

# ``pytest --hypothesis-profile=ci`` tries more. Files and compilers take the time that they take.
_COMMON: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture],
}
hypothesis.settings.register_profile("dev", max_examples=30, **_COMMON)
hypothesis.settings.register_profile("ci", max_examples=60, print_blob=True, **_COMMON)
hypothesis.settings.load_profile("dev")


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """What a test writes goes to another process as UTF-8, which names of files need not be."""
    return _as_utf8((yield))


def _as_utf8(data: Any) -> Any:
    if isinstance(data, str):
        return data.encode("utf-8", "backslashreplace").decode()
    if isinstance(data, dict):
        return {_as_utf8(key): _as_utf8(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return type(data)(_as_utf8(item) for item in data)
    return data


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="fail if a test is skipped")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    shutil.rmtree(_HOME, ignore_errors=True)
    if _forbidden_skips(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if skips := _forbidden_skips(terminalreporter.config):
        terminalreporter.write_line(f"{len(skips)} skipped, and --no-skips forbids it", red=True)


def _forbidden_skips(config: pytest.Config) -> list[Any]:
    """What was skipped, if that is forbidden: a part that is missing would not be noticed."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not config.getoption("--no-skips"):
        return []
    return reporter.stats.get("skipped", [])


class PatientBot(QtBot):
    """Waits as long as a busy machine takes; what comes sooner ends the wait."""

    def waitUntil(self, callback: Callable[[], Any], *, timeout: int = 5_000) -> None:
        super().waitUntil(callback, timeout=max(timeout, PATIENCE_MS))

    def waitExposed(self, widget: QWidget, *, timeout: int = 5_000) -> Any:
        return super().waitExposed(widget, timeout=max(timeout, PATIENCE_MS))


@pytest.fixture
def qtbot(qapp: Any, request: pytest.FixtureRequest) -> QtBot:
    """The bot of pytest-qt with more patience."""
    return PatientBot(request)


def _data_folder() -> Path | None:
    """The large test datasets: $PHYGUI_TEST_DATA, else ``shared/data`` beside the clone."""
    told = os.environ.get("PHYGUI_TEST_DATA")
    folder = Path(told) if told else HERE.parent.parent / "shared" / "data"
    return folder if folder.is_dir() else None


def pytest_report_header() -> str:
    """Which datasets the tests run on."""
    folder = _data_folder()
    if folder is not None:
        return f"large datasets: {folder}"
    return "large datasets: absent (set PHYGUI_TEST_DATA to their folder); simulated ones stand in"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is said of the figures of a large dataset where that is absent."""
    if _data_folder() is None:
        genuine = [item for item in items if item.get_closest_marker("genuine")]
        config.hook.pytest_deselected(items=genuine)
        items[:] = [item for item in items if not item.get_closest_marker("genuine")]


def pytest_collection_finish() -> None:
    """Leave modules and tests, which stay, out of each search for garbage that follows.

    And search less often: what tests leave behind is small beside what a window makes and drops.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Large datasets, never to be written to, for tests that are marked ``genuine``."""
    folder = _data_folder()
    assert folder is not None, "what needs the large datasets themselves is marked genuine"
    return folder


@pytest.fixture(scope="session")
def dataset_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a large dataset, or of what stands in for it; that is made once."""

    @cache
    def folder_of(name: str) -> Path:
        from tests.stand_ins import MAKERS

        folder = _data_folder()
        if folder is None:
            folder = tmp_path_factory.mktemp(name)
            MAKERS[name](folder, name)
        return folder

    return folder_of


@pytest.fixture
def copy_dataset(dataset_folder: Callable[[str], Path], tmp_path: Path) -> Callable[..., Path]:
    """Copy a large dataset, or what stands in for it, to a temporary folder.

    ``copy_dataset("hybrid_10sec")`` is its ``.kwik``.
    """

    def copy(name: str, *, raw: bool = True) -> Path:
        return copy_files(dataset_folder(name), tmp_path, name, raw)

    return copy


@pytest.fixture
def hybrid(copy_dataset: Callable[..., Path]) -> Path:
    """A copy of ``hybrid_10sec.kwik``, or of what stands in for it; there is no raw data."""
    return copy_dataset("hybrid_10sec")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A copy of the small genuine klusta dataset that the project carries, raw data included."""
    for source in (HERE / "data").glob("simulated_small.*"):
        shutil.copyfile(source, tmp_path / source.name)
    return tmp_path / "simulated_small.kwik"


@pytest.fixture
def distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The second format, registered as an installed distribution would register it."""
    from phygui import plugins

    site = tmp_path / "site-packages"
    info = site / "npy_folder-1.0.dist-info"
    info.mkdir(parents=True)
    shutil.copyfile(HERE / "dataset" / "npy_folder.py", site / "npy_folder.py")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: npy-folder\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[phygui.formats]\nnpy = npy_folder:FORMAT\n")
    monkeypatch.syspath_prepend(str(site))
    plugins.forget()
    yield site
    plugins.forget()


@pytest.fixture
def plugin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of plugins, looked for anew; files written to it before the first use are found."""
    from phygui import plugins

    folder = tmp_path / "plugin-folder"
    folder.mkdir()
    monkeypatch.setenv("PHYGUI_PLUGINS", str(folder))
    monkeypatch.setattr("phygui.plugins.switched.configuration_folder", lambda: tmp_path / "user")
    plugins.forget()
    yield folder
    plugins.forget()
    for name in [name for name in sys.modules if name.startswith("phygui_plugin_")]:
        del sys.modules[name]


@pytest.fixture
def install_plugins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str, str], Path]]:
    """Register a module as a package would: ``install_plugins(module, entry_points)``."""
    from phygui import plugins

    site = tmp_path / "lab-site"
    info = site / "lab_plugins-1.5.dist-info"

    def install(module: str, entry_points: str) -> Path:
        info.mkdir(parents=True)
        (site / "lab_plugins.py").write_text(module)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lab-plugins\nVersion: 1.5\n")
        (info / "entry_points.txt").write_text(entry_points)
        monkeypatch.syspath_prepend(str(site))
        plugins.forget()
        return site

    yield install
    plugins.forget()
    sys.modules.pop("lab_plugins", None)
