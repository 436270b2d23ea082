"""A sample of ``make torture``, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(sys.platform != "linux", reason="kills and forks as Linux does")
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_sample_of_the_torture():
    done = subprocess.run(
        [sys.executable, "-m", "tests.torture", "--short"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "kills" in done.stdout
    assert "recovered" in done.stdout
    assert "refused" in done.stdout
    assert "state files that somebody else has made" in done.stdout
