"""Ways to damage the small dataset that the tests of the reader share."""

from __future__ import annotations

import os
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np

from phygui import KwikModel
from phygui.errors import DatasetWarning

from .conftest import GROUP, N_SPIKES, Tiny

SPIKES = f"{GROUP}/spikes"
MAIN = f"{SPIKES}/clusters/main"
CLUSTERS = f"{GROUP}/clusters/main"
TOLD = "application_data/spikedetekt"

Damage = Callable[[Tiny], object]


def opened(tiny: Tiny) -> tuple[KwikModel, str]:
    """The model, and all it warned about."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = KwikModel(tiny.kwik)
    texts = [str(w.message) for w in caught if issubclass(w.category, DatasetWarning)]
    assert texts == model.warnings
    return model, "\n".join(texts)


def with_values(name: str, change: Callable[[np.ndarray], Any], path: str = "kwik") -> Damage:
    """Replace a dataset by a function of its values."""

    def damage(tiny: Tiny) -> None:
        file = getattr(tiny, path)
        with h5py.File(file) as h5:
            values = h5[name][...]
        tiny.replace(name, change(values), file)

    return damage


def with_item(name: str, index: int, value: Any) -> Damage:
    """Change one value of a dataset of integers."""

    def change(values: np.ndarray) -> np.ndarray:
        values = values.astype(np.int64)
        values[index] = value
        return values

    return with_values(name, change)


def without(name: str) -> Damage:
    def damage(tiny: Tiny) -> None:
        with tiny.edit() as file:
            del file[name]

    return damage


def adding(name: str) -> Damage:
    def damage(tiny: Tiny) -> None:
        with tiny.edit() as file:
            file.create_group(name)

    return damage


def moving(old: str, new: str) -> Damage:
    def damage(tiny: Tiny) -> None:
        with tiny.edit() as file:
            file.move(old, new)

    return damage


def as_link(name: str, link: Any) -> Damage:
    def damage(tiny: Tiny) -> None:
        with tiny.edit() as file:
            if name in file:
                del file[name]
            file[name] = link

    return damage


def truncated(path: str, part: float) -> Damage:
    def damage(tiny: Tiny) -> None:
        file = getattr(tiny, path)
        os.truncate(file, int(file.stat().st_size * part))

    return damage


def low_level(name: str, make: Callable[[h5py.Group, bytes], Any]) -> Damage:
    def damage(tiny: Tiny) -> None:
        with tiny.edit() as file:
            parent, _, last = name.rpartition("/")
            del file[name]
            make(file[parent], last.encode())

    return damage


def huge(shape: tuple[int, ...], dtype: Any, **options: Any) -> Callable[[h5py.Group, bytes], Any]:
    """A dataset of an absurd size of which nothing was ever written."""

    def make(parent: h5py.Group, name: bytes) -> None:
        parent.create_dataset(name.decode(), shape, dtype, **options)

    return make


def virtual(parent: h5py.Group, name: bytes) -> None:
    layout = h5py.VirtualLayout((N_SPIKES,), "u8")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (N_SPIKES,), "u8")
    parent.create_virtual_dataset(name.decode(), layout)


def stored_outside(parent: h5py.Group, name: bytes) -> None:
    parent.create_dataset(name.decode(), (N_SPIKES,), "u8", external="/etc/passwd")


def huge_attribute(tiny: Tiny) -> None:
    """An attribute whose stated length is 10 GB, in a file of some kilobytes."""
    tiny.set(TOLD, "prb_file", np.zeros(23_456, dtype=np.int8))
    content = tiny.kwik.read_bytes()
    before, after = ((n).to_bytes(8, "little") for n in (23_456, 10 * 2**30))
    assert content.count(before) >= 1
    tiny.kwik.write_bytes(content.replace(before, after))


def named_type(parent: h5py.Group, name: bytes) -> None:
    parent[name.decode()] = np.dtype("f8")


def spoil(place: str, name: str, value: Any) -> Damage:
    return lambda tiny: tiny.set(place, name, value)


class Explodes:
    """Unpickling it would say so in a file."""

    def __reduce__(self) -> Any:
        return (os.system, ("touch /tmp/phygui-was-here",))


def pickled(value: Any, protocol: int) -> np.bytes_:
    """As PyTables stores what is no number, text or array."""
    return np.bytes_(pickle.dumps(value, protocol=protocol))


def samples(model: KwikModel) -> bool:
    return model.n_samples_waveforms == 22
