"""Large `.npy` files, written piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Append(Protocol):
    """Writes the next rows."""

    def __call__(self, rows: NDArray[Any], /) -> None: ...


@contextmanager
def npy_rows(path: Path, shape: tuple[int, ...], dtype: DTypeLike) -> Iterator[Append]:
    """A `.npy` file of a known shape, to which its rows are appended in order.

    Parameters
    ----------
    path : Path
    shape : tuple of int
    dtype : dtype
    """
    kind = np.dtype(dtype)
    with open(path, "wb") as file:
        header = {
            "descr": np.lib.format.dtype_to_descr(kind),
            "fortran_order": False,
            "shape": shape,
        }
        np.lib.format.write_array_header_1_0(file, header)
        n_left = shape[0]

        def append(rows: NDArray[Any]) -> None:
            nonlocal n_left
            assert rows.shape[1:] == shape[1:]
            n_left -= len(rows)
            file.write(np.ascontiguousarray(rows, kind).data)

        yield append
        assert not n_left
