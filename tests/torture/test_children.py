"""Children of the torture: how long they may take, and what is said of those that hang."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.torture.children import run


def test_a_child_that_hangs_is_not_taken_for_one_that_was_killed() -> None:
    with pytest.raises(AssertionError, match="a child hangs"):
        run(lambda pipe: time.sleep(60), timeout=0.3)
    end = run(lambda pipe: time.sleep(60), timeout=0.3, may_hang=True)
    assert end.too_slow


@pytest.mark.slow
def test_time_in_which_both_were_stopped_does_not_count() -> None:
    def stop_both(pipe: int) -> None:
        """As a machine does that goes to sleep, while the parent waits."""
        time.sleep(0.2)
        os.kill(os.getppid(), signal.SIGSTOP)
        time.sleep(2.5)
        os.kill(os.getppid(), signal.SIGCONT)
        time.sleep(0.3)

    def wait(pipe: int) -> None:
        end = run(stop_both, timeout=2, may_hang=True)
        os.write(pipe, b"hangs" if end.too_slow else b"ended")

    assert run(wait).text == "ended"
