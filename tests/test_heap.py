"""The heap: large arrays are kept out of it, and free memory goes back; in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from phygui.heap import keep_large_apart, trim

CODE = """
import sys
import numpy as np
from phygui.heap import keep_large_apart, trim

def resident_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20

def left_mb():
    before = resident_mb()
    for _ in range(3):
        # Small ones that stay lie between them, were all in the heap.
        arrays = [np.ones(n << 20, np.uint8) for n in (8, 2, 8, 2, 8, 2)]
        small = [np.ones(1000, np.uint8) for _ in range(100)]
        kept.append(small)
        del arrays
    return resident_mb() - before

kept = []
if sys.argv[1] == "apart":
    assert keep_large_apart()
print(left_mb())
trim()
"""


def test_either_harms_nothing() -> None:
    assert trim() in (True, False)
    assert keep_large_apart() in (True, False)


def left_mb(how: str) -> float:
    command = [sys.executable, "-c", CODE, how]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only there is such a heap")
def test_large_arrays_go_back_to_the_system_when_they_are_freed() -> None:
    assert left_mb("apart") < 2
