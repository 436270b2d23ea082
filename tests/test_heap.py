"""The heap: memory is claimed ahead and given back, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from phygui.heap import trim

CODE = """
import threading
import numpy as np
from phygui.heap import claim, trim

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

before = resident()
claim(64 << 20)
for thread in threading.enumerate():
    if thread is not threading.current_thread():
        thread.join()
after = resident()
kept = [np.full(1 << 17, k, np.uint8) for k in range(200)]
taken = resident()
assert all((array == k).all() for k, array in enumerate(kept))
trim()
print(after - before, taken - after, taken - resident())
"""


def test_trimming_harms_nothing() -> None:
    assert trim() in (True, False)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells and provides")
def test_claimed_memory_is_there_is_used_and_goes_back() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    claimed, taken, given_back = (int(word) / 2**20 for word in done.stdout.split())
    assert claimed > 55
    assert taken < 5, "25 MB of arrays lie in what was claimed"
    assert given_back > 25
