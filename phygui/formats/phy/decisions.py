"""What tables say of clusters, as groups and labels, and back."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from phygui.dataset.groups import GROUP_NAMES, UNSORTED
from phygui.formats.phy.tables import GROUP, INFO_FILE, KEY, Table

GROUP_FILE = "cluster_group.tsv"
"""The table of groups. Kilosort 4 writes its own labels into it, which are no decisions."""
_FIRST_OWN_GROUP = 4
_NUMBERS = {name: group for group, name in GROUP_NAMES.items()}
_LABEL = "label:"
_RESERVED = (KEY, "id", GROUP)
"""Columns that mean more than a label; a label of that name is marked."""
_UNUSABLE = re.compile(r"[^0-9A-Za-z_]")
"""What is not in the names of tables, by which they are known again."""
_LONGEST_STEM = 100
"""Characters of a column that stand in the name of its table."""

Cells = Mapping[str, str]
"""What is told of a cluster, by the names of columns."""


def groups_in(tables: Mapping[str, Table]) -> tuple[dict[int, int], dict[int, str]]:
    """The group of each cluster that tables name, and the names of all groups.

    Other groups than the usual ones are numbered from 4, in the order of their names.
    """
    told: dict[int, str] = {}
    # Where an old table is left beside it, cluster_group.tsv is the one that is kept.
    for name in sorted(tables, key=lambda name: name == GROUP_FILE):
        for cluster_id, cells in tables[name].rows.items():
            if GROUP in cells:
                told[cluster_id] = cells[GROUP].strip()
    own = sorted({text for text in told.values() if text.lower() not in _NUMBERS})
    numbers = {text: _FIRST_OWN_GROUP + n for n, text in enumerate(own)}
    groups = {
        c: numbers.get(text, _NUMBERS.get(text.lower(), UNSORTED)) for c, text in told.items()
    }
    return groups, GROUP_NAMES | {number: text for text, number in numbers.items()}


def labels_in(tables: Mapping[str, Table], cluster_ids: Iterable[int]) -> dict[int, dict[str, str]]:
    """The labels of some clusters: every column of every table but that of the groups."""
    found: dict[int, dict[str, str]] = {}
    # A column that several tables have is that of the table of its name.
    names = sorted(tables, key=lambda name: name != GROUP_FILE)
    wanted = set(cluster_ids)
    for name in names:
        for cluster_id in tables[name].rows.keys() & wanted:
            for column, cell in tables[name].rows[cluster_id].items():
                if column != GROUP:
                    found.setdefault(cluster_id, {})[column.removeprefix(_LABEL)] = cell
    return found


def cells_of(labels: Mapping[str, str], group: str) -> dict[str, str]:
    """What is told of a cluster, by column."""
    cells = {_column(name): text for name, text in labels.items() if text.strip()}
    return {**cells, GROUP: group}


def _column(label: str) -> str:
    return _LABEL + label if label in _RESERVED or label.startswith(_LABEL) else label


def tables_of(before: Mapping[str, Table], told: Mapping[int, Cells]) -> dict[str, Table]:
    """The tables that say what is told of clusters; those that are as before are left out.

    Parameters
    ----------
    before : mapping of str to Table
        Those that there are, by their files.
    told : mapping of int to mapping of str to str
        Of all living clusters, by column.
    """
    columns = {name: list(table.columns) for name, table in before.items()}
    columns[GROUP_FILE] = [GROUP]
    there = {column for of in columns.values() for column in of}
    for column in sorted({column for cells in told.values() for column in cells} - there):
        name = _file_of(column)
        # Some systems take large and small letters for the same: then it is one table for both.
        name = next((other for other in columns if other.lower() == name.lower()), name)
        columns.setdefault(name, []).append(column)
    found = {}
    for name, wanted in columns.items():
        rows = {c: {n: cells[n] for n in wanted if n in cells} for c, cells in told.items()}
        table = Table(tuple(wanted), rows)
        if table != before.get(name):
            found[name] = table
    return found


def _file_of(column: str) -> str:
    """The table that a new column is written in."""
    # Two whose beginnings are the same share a table.
    stem = _UNUSABLE.sub("_", column)[:_LONGEST_STEM]
    # That file is never read, whatever its letters where these make no difference.
    is_info = f"cluster_{stem}.tsv".lower() == INFO_FILE
    return f"cluster_label_{stem}.tsv" if is_info else f"cluster_{stem}.tsv"


def info_of(
    before: Table, told: Mapping[int, Cells], n_spikes: Mapping[int, int], managed: Collection[str]
) -> Table:
    """`cluster_info.tsv` anew: who reads it alone is not to be misled.

    What this program does not compute as phy does is kept of the clusters that were there, and
    left empty for new ones.

    Parameters
    ----------
    before : Table
    told : mapping of int to mapping of str to str
        Of all living clusters, by column.
    n_spikes : mapping of int to int
        Of the same clusters.
    managed : collection of str
        Columns that other tables have: of these only what is told is true.
    """
    columns = before.columns if GROUP in before.columns else (*before.columns, GROUP)
    rows = {}
    for cluster_id, cells in told.items():
        kept = before.rows.get(cluster_id, {})
        of = {name: cell for name, cell in kept.items() if name not in managed}
        of |= {name: cells[name] for name in columns if name in cells}
        if "n_spikes" in columns:
            of["n_spikes"] = str(n_spikes[cluster_id])
        rows[cluster_id] = of
    return Table(columns, rows, before.key)
