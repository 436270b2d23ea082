"""What stands at the doors of the public classes: one sentence for an argument of another kind."""

from __future__ import annotations

import difflib
import os
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray

from phygui.words import plain

K = TypeVar("K")
V = TypeVar("V")


class ReadDict(dict[K, V]):
    """What was read, as a dictionary: to assign to it would change nothing else, so it is refused.

    A copy (``dict(...)``, ``.copy()``, and what is pickled) is an ordinary dictionary.

    Parameters
    ----------
    values : mapping
    instead : str
        What does change it, for the sentence.
    """

    __slots__ = ("_instead",)

    def __init__(self, values: Mapping[K, V], instead: str = "") -> None:
        super().__init__(values)
        self._instead = instead

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        instead = f"; {self._instead}" if self._instead else ""
        raise TypeError(f"this is what was read, and assigning to it changes no dataset{instead}")

    __setitem__ = __delitem__ = __ior__ = _refuse
    update = setdefault = pop = popitem = clear = _refuse

    def __reduce__(self) -> tuple[type, tuple[dict[K, V]]]:
        return dict, (dict(self),)


class Sealed:
    """A class whose objects, once made, take no attribute that it does not know.

    A misspelt name, or one that is only read, gets a sentence instead of doing nothing.
    """

    _is_sealed = False
    _read_only: Mapping[str, str] = {}
    """What to do instead of assigning to properties that are only read."""

    def _set(self, name: str, value: object) -> None:
        kind = type(self)
        if self._is_sealed and not name.startswith("_"):
            found = getattr(kind, name, None)
            if isinstance(found, property) and found.fset is None:
                instead = self._read_only.get(name)
                instead = f"; {instead}" if instead else ""
                raise AttributeError(f"{name} of a {kind.__name__} is only read{instead}")
            if not (hasattr(kind, name) or name in self.__dict__):
                known = [n for n in (*dir(kind), *self.__dict__) if not n.startswith("_")]
                near = difflib.get_close_matches(name, known, n=1)
                mean = f"; did you mean {near[0]}?" if near else ""
                raise AttributeError(f"a {kind.__name__} has no attribute {name!r}{mean}")
        super().__setattr__(name, value)

    if not TYPE_CHECKING:  # type checkers know the attributes, and refuse others themselves
        __setattr__ = _set


def as_path(given: object, example: str = "the path of a dataset, such as 'rat7.kwik'") -> Path:
    """A path that was given as text or as a path.

    Raises
    ------
    TypeError
        If it is something else, in one sentence.
    """
    if isinstance(given, str | os.PathLike):
        text = os.fspath(given)
        if isinstance(text, str):
            return Path(text).expanduser().absolute()
    raise TypeError(f"{shortened(given)} was given, expected {example}")


def cluster_ids_of(given: Iterable[int] | int, error: type[ValueError] = ValueError) -> list[int]:
    """Cluster ids as a list of whole numbers; one alone counts as a list of it.

    Raises
    ------
    error
        If some are no whole numbers: text, fractions, a mask.
    """
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        numbers: list[Any] = [given]
    else:
        numbers = list(given)
    ids = []
    for number in numbers:
        # Older releases of numpy give their booleans an index too.
        is_number = type(number).__name__ not in ("bool", "bool_") and (
            hasattr(number, "__index__") or hasattr(number, "is_integer")
        )
        if not (is_number and number - number == 0 and number == int(number)):
            raise error(f"{shortened(given)} was given, expected cluster ids, such as [4, 9]")
        ids.append(int(number))
    return ids


def warn_caller(text: str, category: type[Warning]) -> None:
    """Warn at the line outside of this package that has led here."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and _is_ours(frame.f_globals.get("__name__", "")):
        level, frame = level + 1, frame.f_back
    warnings.warn(plain(text), category, stacklevel=level)


def _is_ours(module: str) -> bool:
    return module == "phygui" or module.startswith("phygui.")


def shortened(given: object) -> str:
    """What was given, in some characters, for a sentence about it."""
    text = plain(repr(given))
    return text if len(text) <= 40 else f"{text[:37]}..."


class ReadArrays(Mapping[K, NDArray[Any]]):
    """Arrays by name, given out so that they cannot be written to.

    Parameters
    ----------
    arrays : mapping
    """

    def __init__(self, arrays: Mapping[K, NDArray[Any]]) -> None:
        self._arrays = arrays

    def __getitem__(self, key: K) -> NDArray[Any]:
        view = self._arrays[key].view()
        view.flags.writeable = False
        return view

    def __iter__(self) -> Iterator[K]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __contains__(self, key: object) -> bool:
        return key in self._arrays

    def __setitem__(self, key: K, value: object) -> NoReturn:
        raise TypeError("clusters are changed by merge, split and assign, not by assigning to them")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        return self.keys() == other.keys() and all(
            np.array_equal(array, other[key]) for key, array in self._arrays.items()
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        n = sum(len(array) for array in self._arrays.values())
        return f"<{n} spikes of {len(self)} clusters, by cluster>"
