"""A picture of a view, as a notebook takes it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["png", "svg"]


@dataclass(frozen=True)
class Figure:
    """A picture of a view, which a notebook shows.

    Attributes
    ----------
    kind : ``"png"`` or ``"svg"``
    data : bytes
        As in a file.
    """

    kind: Kind
    data: bytes

    def save(self, path: str | Path) -> None:
        """Write it to a file, whose name ends in its kind.

        Raises
        ------
        ValueError
            If the name ends in anything else.
        """
        if Path(path).suffix.lower() != f".{self.kind}":
            raise ValueError(f"{path}: this picture is a {self.kind}, and so its name has to end")
        Path(path).write_bytes(self.data)

    def __repr__(self) -> str:
        return f"<Figure, {self.kind}, {len(self.data):,} bytes>"

    def _repr_png_(self) -> bytes | None:
        return self.data if self.kind == "png" else None

    def _repr_svg_(self) -> str | None:
        return self.data.decode("utf-8") if self.kind == "svg" else None
