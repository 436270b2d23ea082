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
    for name in ("Python", "numpy", "h5py", "PyQt5", "vispy"):
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
