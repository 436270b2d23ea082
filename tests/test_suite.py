"""The suite's own promises: nothing is skipped unseen, and no large dataset is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def run(folder: Path, text: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a file of tests under the suite's own configuration."""
    (folder / "test_one.py").write_text(f"import pytest\n{text}\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "--no-xvfb"]
    command += ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder), *options]
    return subprocess.run([*command, str(folder)], cwd=ROOT, capture_output=True, text=True)


@pytest.mark.slow
@pytest.mark.parametrize("processes", ["0", "1"])
def test_a_skip_fails_where_none_is_allowed(tmp_path: Path, processes: str) -> None:
    skips = "def test_a(): pass\ndef test_b(): pytest.skip('something is absent')"
    done = run(tmp_path, skips, "--no-skips", "-n", processes)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 skipped, and --no-skips forbids it" in done.stdout
    if processes == "0":
        assert run(tmp_path, skips).returncode == 0
        assert run(tmp_path, "def test_a(): pass", "--no-skips").returncode == 0


@pytest.mark.slow
def test_only_what_says_figures_of_a_large_dataset_is_left_out_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHYGUI_TEST_DATA", str(tmp_path / "absent"))
    text = """
@pytest.mark.genuine
def test_figures(data_folder): assert False

@pytest.mark.parametrize("name", ["hybrid_10sec", "spikedetekt2_4sec"])
def test_others(copy_dataset, name): assert copy_dataset(name).with_suffix(".kwx").is_file()
"""
    done = run(tmp_path, text, "--no-skips")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed, 1 deselected" in done.stdout
