"""The log file says what it runs on, turns over, and holds native crashes."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from phygui import logs


@pytest.fixture
def path(tmp_path):
    """A log file; what writes to it is taken away afterwards."""
    root = logging.getLogger()
    before = list(root.handlers)
    yield tmp_path / "logs" / "phygui.log"
    for handler in root.handlers[:]:
        if handler not in before:
            root.removeHandler(handler)
            handler.close()


def test_the_head_names_the_versions(path):
    assert logs.start_log(path=path) == path
    logs.log_versions()
    text = path.read_text()
    assert "phygui" in text
    for name in ("Python", "numpy", "h5py", "vispy"):
        assert f"{name} " in text


def test_it_turns_over(path, monkeypatch):
    monkeypatch.setattr(logs, "LARGEST", 2000)
    logs.start_log(path=path)
    for n in range(200):
        logging.getLogger("phygui").error("line %d", n)
    assert len(list(path.parent.iterdir())) == logs.KEPT + 1
    assert "line 199" in path.read_text()


def test_a_folder_that_cannot_be_written_to_is_no_disaster(tmp_path):
    (tmp_path / "file").write_text("")
    assert logs.start_log(path=tmp_path / "file" / "phygui.log") is None


def test_a_native_crash_is_in_the_log(tmp_path):
    path = tmp_path / "phygui.log"
    code = (
        "import sys, ctypes; from pathlib import Path; from phygui.logs import start_log;"
        "start_log(path=Path(sys.argv[1])); ctypes.string_at(0)"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, check=False)
    assert done.returncode < 0
    assert "Segmentation fault" in Path(path).read_text()


def test_names_forge_no_lines_and_command_no_terminal(path):
    logs.start_log(path=path)
    name = "a\x1b[31m\n2030-01-01 00:00:00 1 ERROR phygui: forged"
    log = logging.getLogger("phygui")
    log.error("%s cannot be read", name)
    log.error(name)
    try:
        raise ValueError(name)
    except ValueError:
        log.exception("not opened")
    logging.getLogger("py.warnings").warning("%s", f"{name}\n")
    text = path.read_text()
    assert "\x1b" not in text
    assert not [line for line in text.splitlines() if line.startswith("2030")]
    assert text.count("a\\x1b[31m\\n2030") == 3
    assert "Traceback" in text


def test_a_path_that_is_no_text_is_written(path):
    logs.start_log(path=path)
    logging.getLogger("phygui").error("%s is gone", "a\udcff.kwik")
    assert "a\\udcff.kwik is gone" in path.read_text()
