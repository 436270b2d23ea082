"""The bounded memory of what was computed: keyed by identity, dropped by age."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from phygui.storage.cache import Budget, ByteCache


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


def test_caches_that_share_a_budget_drop_what_none_of_them_used_for_longest():
    budget = Budget(50)
    one, other = ByteCache(40, budget), ByteCache(40, budget)
    owners = [np.zeros(1) for _ in range(5)]
    for k, cache in enumerate((one, other, one, other, one)):
        cache.put((owners[k],), "", k, 10)
    assert one.get((owners[0],), "") == 0
    one.put((owners[1],), "new", 5, 10)
    assert budget.n_bytes == 50
    assert other.get((owners[1],), "") is None
    assert [one.get((owners[k],), "") for k in (0, 2, 4)] == [0, 2, 4]
    one.put((owners[0],), "large", "x", 51)
    assert budget.n_bytes == 50


def test_a_cache_that_is_gone_leaves_its_part_to_the_others():
    budget = Budget(50)
    owner = np.zeros(1)
    one, other = ByteCache(50, budget), ByteCache(50, budget)
    one.put((owner,), "", "a", 30)
    del one
    gc.collect()
    other.put((owner,), "", "b", 50)
    assert other.get((owner,), "") == "b"
    assert budget.n_bytes == 50


def test_threads_that_fill_several_caches_keep_to_the_budget():
    budget = Budget(1000)
    caches = [ByteCache(900, budget) for _ in range(3)]
    owners = [np.zeros(1) for _ in range(20)]

    def fill(seed: int) -> None:
        for k in range(2000):
            cache, owner = caches[(k + seed) % 3], owners[k * seed % 20]
            cache.put((owner,), k % 40, k, 1 + k % 90)
            cache.get((owner,), k % 40)

    with ThreadPoolExecutor(4) as executor:
        list(executor.map(fill, range(1, 5)))
    assert 0 < budget.n_bytes <= 1000
    assert budget.n_bytes == sum(cache.n_bytes for cache in caches)
