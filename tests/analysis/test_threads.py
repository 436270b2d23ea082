"""Linear algebra on small arrays, in one thread."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize
from threadpoolctl import ThreadpoolController, threadpool_limits

from phygui.analysis import amplitude_cutoff
from phygui.analysis._threads import one_blas_thread


def n_threads() -> set[int]:
    """Threads of every library of linear algebra that is loaded."""
    return {of["num_threads"] for of in ThreadpoolController().select(user_api="blas").info()}


@pytest.fixture
def _two_threads():
    with threadpool_limits(limits=2, user_api="blas"):
        yield


pytestmark = pytest.mark.usefixtures("_two_threads")


def test_one_thread_inside_and_as_many_as_before_after():
    assert n_threads() == {2}
    with one_blas_thread():
        assert n_threads() == {1}
    assert n_threads() == {2}


def test_the_last_one_out_gives_the_threads_back():
    first, second = one_blas_thread(), one_blas_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert n_threads() == {1}
    second.__exit__(None, None, None)
    assert n_threads() == {2}


def test_an_error_gives_them_back():
    with pytest.raises(ValueError), one_blas_thread():
        raise ValueError
    assert n_threads() == {2}


def test_the_fit_of_the_amplitude_cutoff_takes_one_thread(monkeypatch):
    seen, minimize = [], optimize.minimize
    monkeypatch.setattr(
        optimize,
        "minimize",
        lambda *args, **more: seen.append(n_threads()) or minimize(*args, **more),
    )
    amplitude_cutoff(np.random.default_rng(0).normal(100, 15, 600))
    assert seen == [{1}]
    assert n_threads() == {2}
