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


REUSE = """
import resource
import sys
import numpy as np
from phygui.heap import keep_large_apart, reuse_large

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        np.ones(4 << 20, np.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

if sys.argv[1] == "apart":
    assert keep_large_apart()
told = []
for wanted in (False, True, False):
    reuse_large(wanted)
    faults()
    told.append(faults())
print(*told)
"""


def faults(how: str) -> list[int]:
    """Pages that had to be got from the system: as usual, with reuse, and as usual again."""
    command = [sys.executable, "-c", REUSE, how]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [int(n) for n in done.stdout.split()]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only there is such a heap")
def test_what_large_arrays_leave_behind_is_reused_while_that_is_wanted() -> None:
    before, reused, after = faults("apart")
    assert 4 * reused < before
    assert 4 * reused < after


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only there is such a heap")
def test_the_heap_of_another_program_stays_as_it_is() -> None:
    before, meanwhile, after = faults("as it was")
    assert max(before, meanwhile, after) <= 2 * min(before, meanwhile, after) + 50
