"""Comma-separated values: one row a cluster, or one row a spike."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from phygui.exports.curation import Curation
from phygui.exports.spec import ExportSpec
from phygui.exports.tables.table import SPIKES, cluster_table, spike_table
from phygui.exports.work import Work


def write(curation: Curation, path: Path, options: Mapping[str, Any], work: Work) -> None:
    """Write a table; what is not known is left empty."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        is_first = True
        pieces = spike_table(curation, work) if options["spikes"] else [cluster_table(curation)]
        for columns in pieces:
            if is_first:
                rows.writerow([column.heading for column in columns])
                is_first = False
            rows.writerows(zip(*(column.values for column in columns), strict=True))


EXPORT = ExportSpec(
    "csv",
    "CSV table",
    ".csv",
    "One row a cluster with all its columns, or one row a spike, for spreadsheets.",
    write,
    (SPIKES,),
    needs_metrics=lambda options: not options["spikes"],
)
