"""What a format tells of an array that is to be unpacked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

Cancel = Callable[[], bool]


@dataclass(frozen=True)
class Piece:
    """Some whole rows of an array, unpacked.

    Attributes
    ----------
    values : (n_rows, ...) array
        Zeros where the file is damaged.
    damage : tuple of str
        What is damaged, one sentence for each place.
    """

    values: np.ndarray
    damage: tuple[str, ...] = ()


class Packed(Protocol):
    """An array in a file, compressed or in an order that makes its rows dear to read.

    Safe to use from several threads.
    """

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def name(self) -> str:
        """What the array is called in the file."""

    @property
    def key(self) -> str:
        """What tells this array from all others: its file as it is now, its name, how it lies."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array; nothing of it is 0."""

    @property
    def dtype(self) -> np.dtype:
        """Type of its values."""

    @property
    def rows_per_piece(self) -> int:
        """Rows that are unpacked together; the last piece may have fewer."""

    def order(self) -> np.ndarray:
        """The numbers of all pieces, in the order of the file: (n_pieces,) int64."""

    def read(self, piece: int) -> Piece:
        """Unpack one piece.

        Raises
        ------
        DatasetError
            If it cannot be read now, or the file was changed since it was opened.
        """

    @property
    def is_current(self) -> bool:
        """Whether the file is as it was when this was made, as far as can be told now."""

    def again(self) -> Packed:
        """The same array in the file as it is now.

        Raises
        ------
        DatasetError
            If it is not there, or is another one.
        """

    def close(self) -> None:
        """Let go of the file."""


class Preparation(Protocol):
    """Long work on the files of a dataset that later reading is faster for."""

    @property
    def title(self) -> str:
        """What is done, in a word or two."""

    def progress(self) -> tuple[int, int]:
        """How much of it is done, and how much there is."""

    def job(self) -> Callable[[Cancel], str] | None:
        """The next part of it, for any thread; None if nothing is left to do.

        It gives a sentence to tell the user, which is empty as long as more is to come.
        """
