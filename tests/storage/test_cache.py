"""The bounded memory of what was computed: keyed by identity, dropped by age."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from phygui.storage.cache import ByteCache


def test_what_was_put_is_found_for_the_same_objects_only():
    cache = ByteCache(1000)
    a, b = np.arange(3), np.arange(3)
    cache.put((a, b), "key", "value", 10)
    assert cache.get((a, b), "key") == "value"
    assert cache.get((b, a), "key") is None
    assert cache.get((a, a), "key") is None
    assert cache.get((a, b), "other") is None
    assert cache.get((a.copy(), b), "key") is None


def test_a_new_object_at_the_address_of_a_dead_one_is_told_from_it():
    cache = ByteCache(10_000_000)
    for k in range(2000):
        owner = np.arange(k % 5)
        assert cache.get((owner,), "key") is None
        cache.put((owner,), "key", k, 1)
        del owner
    gc.collect()


def test_the_least_recently_used_is_dropped():
    cache = ByteCache(30)
    owners = [np.zeros(1) for _ in range(4)]
    for k in range(3):
        cache.put((owners[k],), "", k, 10)
    assert cache.get((owners[0],), "") == 0
    cache.put((owners[3],), "", 3, 10)
    found = [cache.get((owner,), "") for owner in owners]
    assert found == [0, None, 2, 3]
    assert cache.n_bytes == 30
    assert len(cache) == 3


def test_replacing_a_value_counts_it_once():
    cache = ByteCache(30)
    owner = np.zeros(1)
    cache.put((owner,), "", "old", 20)
    cache.put((owner,), "", "new", 25)
    assert cache.get((owner,), "") == "new"
    assert cache.n_bytes == 25


def test_what_is_larger_than_the_cache_drops_nothing():
    cache = ByteCache(30)
    small, large = np.zeros(1), np.zeros(1)
    cache.put((small,), "", "small", 20)
    cache.put((large,), "", "large", 31)
    assert cache.get((small,), "") == "small"
    assert cache.get((large,), "") is None
    cache.clear()
    assert (len(cache), cache.n_bytes) == (0, 0)


def test_objects_are_not_kept_alive():
    cache = ByteCache(1000)

    class Owner:
        alive = 0

        def __init__(self) -> None:
            Owner.alive += 1

        def __del__(self) -> None:
            Owner.alive -= 1

    owner = Owner()
    cache.put((owner,), "", 1, 1)
    del owner
    gc.collect()
    assert Owner.alive == 0


def test_from_several_threads():
    cache = ByteCache(50)
    owners = [np.zeros(1) for _ in range(20)]

    def work(k: int) -> bool:
        owner = owners[k % 20]
        found = cache.get((owner,), "")
        cache.put((owner,), "", k % 20, 10)
        return found in (None, k % 20)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(4000)))
    assert cache.n_bytes == 10 * len(cache) <= 50
