"""Tables of clusters: `cluster_NAME.tsv`, tab separated, a row a cluster."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from phygui.errors import DatasetError
from phygui.storage.files import check_regular_file, reason

KEY = "cluster_id"
GROUP = "group"
"""The column that says which group a cluster is in: a person's decision."""
INFO_FILE = "cluster_info.tsv"
"""All that phy showed at its last save: written for those who read it alone, never read."""
_LARGEST = 1 << 26
_TABLE = re.compile(r"cluster_(\w+)\.(tsv|csv)|cluster_groups\.csv")


@dataclass(frozen=True)
class Table:
    """A table of clusters.

    Attributes
    ----------
    columns : tuple of str
        Names of the columns, without that of the clusters.
    rows : mapping of int to mapping of str to str
        What is told of each cluster; empty cells are left out.
    key : str
        What the column of the clusters is called: in old `cluster_info.tsv`, ``id``.
    """

    columns: tuple[str, ...]
    rows: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    key: str = KEY

    def encoded(self, path: Path) -> bytes:
        """The table as it is written under a name."""
        delimiter = "," if path.suffix == ".csv" else "\t"
        lines = [[self.key, *self.columns]]
        for cluster_id in sorted(self.rows):
            of = self.rows[cluster_id]
            lines.append([str(cluster_id), *(of.get(name, "") for name in self.columns)])
        text = "".join(delimiter.join(_cell(c, delimiter) for c in line) + "\n" for line in lines)
        return text.encode()


def _cell(text: str, delimiter: str) -> str:
    """A cell, between quotes where it would be taken for several."""
    if any(special in text for special in (delimiter, "\n", "\r", '"')):
        return '"' + text.replace('"', '""') + '"'
    return text


def table_names(folder: Path) -> list[str]:
    """Names of the tables of a folder, without `cluster_info.tsv`, sorted."""
    try:
        names = [path.name for path in folder.iterdir()]
    except OSError as error:
        raise DatasetError(f"{folder} cannot be read: {reason(error)}.") from error
    return sorted(name for name in names if name != INFO_FILE and _TABLE.fullmatch(name))


def read_table(path: Path, name: str = "") -> Table | None:
    """Read a table; None if it has no column of clusters, and so is none of theirs.

    Parameters
    ----------
    path : Path
    name : str
        What the file is called once it is where it belongs; by default as the path says.

    Raises
    ------
    DatasetError
        If it cannot be read.
    """
    if check_regular_file(path).st_size > _LARGEST:
        raise DatasetError(f"{path} is too large for a table of clusters.")
    try:
        with open(path, encoding="utf-8-sig", errors="replace", newline="") as file:
            text = file.read()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {reason(error)}.") from error
    return parse_table(path.with_name(name or path.name), text)


def parse_table(path: Path, text: str) -> Table | None:
    """The table that a text holds; see :func:`read_table`."""
    delimiter = "," if path.suffix == ".csv" and "\t" not in text.partition("\n")[0] else "\t"
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    found: dict[int, dict[str, str]] = {}
    try:
        header = [name.strip() for name in next(rows, [])]
        keys = [
            name for name in (KEY, *(["id"] if path.name == INFO_FILE else [])) if name in header
        ]
        if not keys:
            return None
        key = header.index(keys[0])
        names = ["" if place == key else name for place, name in enumerate(header)]
        for cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            cluster_id = _cluster_id(path, rows.line_num, cells[key] if key < len(cells) else "")
            told = zip(names, cells, strict=False)
            found[cluster_id] = {name: cell for name, cell in told if name and cell.strip()}
    except csv.Error as error:
        raise DatasetError(f"{path}, line {rows.line_num}, cannot be read: {error}.") from error
    return Table(tuple(dict.fromkeys(filter(None, names))), found, keys[0])


def _cluster_id(path: Path, line: int, cell: str) -> int:
    try:
        value = float(cell)
        if value.is_integer() and 0 <= value < 2**31:
            return int(value)
    except (ValueError, OverflowError):
        pass
    raise DatasetError(f"{path}, line {line}: {cell!r} is no cluster, expected a number.")
