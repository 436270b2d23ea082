"""Commands about the installation, and a display that cannot be used."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import qtpy
from click.testing import CliRunner
from qtpy.QtCore import qVersion

from phygui.cli import main
from phygui.gui.app import desktop, doctor
from phygui.gui.app.display import why_no_display

CONNECT = (
    "could not connect to display :77",
    'Could not load the Qt platform plugin "xcb" in "" even though it was found.',
    "This application failed to start because no Qt platform plugin could be initialized.",
)


def test_a_display_that_does_not_answer() -> None:
    told = why_no_display(" ".join(CONNECT), {"DISPLAY": ":77"})
    assert told == "the display :77 does not answer: start it on a desktop, or under xvfb-run"
    assert why_no_display(CONNECT[0], {}).startswith("there is no display")


def test_a_plugin_of_qt_that_cannot_be_loaded() -> None:
    assert "a package of the system" in why_no_display(" ".join(CONNECT[1:]), {})
    absent = 'Could not find the Qt platform plugin "odd" in "" ' + CONNECT[2]
    assert why_no_display(absent, {}).startswith("Qt has no platform 'odd'")


def test_the_program_says_so_and_ends(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", "from phygui.cli import gui; gui()"],
        capture_output=True,
        text=True,
        env={**os.environ, "DISPLAY": ":7777", "QT_QPA_PLATFORM": "xcb", "WAYLAND_DISPLAY": ""},
        timeout=100,
    )
    assert ended.returncode == 2, ended
    last = ended.stderr.splitlines()[-1]
    # Where Qt knows no X11 at all it is another sentence.
    assert last.startswith(("phygui: the display :7777 does not", "phygui: Qt has no platform"))


def test_doctor_tells_versions_and_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_probed", lambda: ["OpenGL x"])
    told = CliRunner().invoke(main, ["doctor"]).output.splitlines()
    qt = f"Qt {qVersion()} by {qtpy.API_NAME} {qtpy.PYQT_VERSION} and qtpy "
    for beginning in (
        "phygui 0",
        "Python 3",
        "numpy ",
        qt,
        "extra nwb: ",
        "settings: /",
        "OpenGL x",
    ):
        assert any(line.startswith(beginning) for line in told), beginning
    assert all("writable" in line for line in told if line.startswith(("settings: ", "log: ")))


def test_doctor_tells_what_the_environment_says_of_plugins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(doctor, "_probed", list)
    monkeypatch.setenv("PHYGUI_PLUGINS", str(tmp_path))
    told = CliRunner().invoke(main, ["doctor"]).output.splitlines()
    assert f"PHYGUI_PLUGINS={tmp_path}" in told
    assert f"plugins: {tmp_path} (writable)" in told


@pytest.mark.parametrize("asked", ["pyside2", "nonsense"])
def test_a_qt_that_is_not_installed(asked: str, small: Path, tmp_path: Path) -> None:
    """Other programs have their users set QT_API for good."""
    environment = {**os.environ, "QT_API": asked}

    def run(call: str, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", f"from phygui.cli import {call}; {call}()", *words]
        return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=100)

    sentence = f"QT_API={asked} names a Qt that is not installed here: unset it, and PyQt5 is used"
    ended = run("gui", str(small), "--screenshot", str(tmp_path / "x.png"))
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith(f"phygui: {sentence}")
    assert "Traceback" not in ended.stderr
    told = run("main", "doctor").stdout.splitlines()
    assert sentence in told
    assert not any(line.startswith("display") for line in told)


def test_doctor_lives_where_opengl_or_the_display_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_PROBE", "import sys; sys.exit('phygui: no display.')")
    assert doctor._probed() == ["display: it fails (no display)"]
    monkeypatch.setattr(doctor, "_PROBE", "import time; time.sleep(30)")
    monkeypatch.setattr(doctor, "PATIENCE_S", 0.2)
    assert doctor._probed() == ["OpenGL: no answer within 0.2 s"]


def test_a_folder_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert doctor.how_it_is(tmp_path) == "writable"
    assert doctor.how_it_is(tmp_path / "a" / "b") == "not there yet, writable"
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert doctor.how_it_is(tmp_path / "a") == f"not there yet, NOT writable: {tmp_path}"


def test_an_entry_in_the_menus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(desktop, "program", lambda: "/opt/my envs/phy-gui")
    written = desktop.install(tmp_path)
    assert all(path.is_file() for path in written)
    entry = configparser.RawConfigParser()
    entry.optionxform = str  # type: ignore[assignment,method-assign]
    entry.read(desktop.places(tmp_path)["entry"])
    told = entry["Desktop Entry"]
    assert told["Exec"] == '"/opt/my envs/phy-gui" %f'
    assert told["MimeType"] == "application/x-kwik;"
    kind = ElementTree.parse(desktop.places(tmp_path)["type"]).getroot()[0]
    assert kind.attrib["type"] == "application/x-kwik"
    if shutil.which("update-mime-database"):
        assert "application/x-kwik:*.kwik" in (tmp_path / "mime" / "globs").read_text()
    assert desktop.remove(tmp_path) == written
    assert not any(path.exists() for path in written)


def test_other_systems_have_no_such_menus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    ended = CliRunner().invoke(main, ["install-desktop"])
    assert ended.exit_code == 2
    assert "for Linux desktops" in ended.output


@pytest.mark.parametrize(
    ("path", "quoted"),
    [("/bin/phy-gui", "/bin/phy-gui"), ("/a b/x", '"/a b/x"'), ("/50%/x", '"/50%%/x"')],
)
def test_paths_in_entries(path: str, quoted: str) -> None:
    assert desktop._quoted(path) == quoted


def test_every_extra_that_a_user_may_want_is_told() -> None:
    config = configparser.ConfigParser()
    config.read(Path(__file__).parents[3] / "setup.cfg")
    extras = set(config["options.extras_require"])
    assert set(doctor.EXTRAS) == extras - {"test", "dev", "docs"}
