"""Parquet: the tables of the CSV export with their types, units and what they mean."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from phygui.exports.curation import Curation
from phygui.exports.spec import ExportSpec, needed
from phygui.exports.tables.table import SPIKES, TableColumn, cluster_table, spike_table
from phygui.exports.work import Work


def write(curation: Curation, path: Path, options: Mapping[str, Any], work: Work) -> None:
    """Write a table; what is not known is null."""
    pyarrow, parquet = needed("pyarrow", "parquet"), needed("pyarrow.parquet", "parquet")
    schema: Any = None
    file: Any = None
    pieces = spike_table(curation, work) if options["spikes"] else [cluster_table(curation)]
    with ExitStack() as stack:
        for columns in pieces:
            if schema is None:
                schema = _schema(pyarrow, columns, curation)
                file = stack.enter_context(parquet.ParquetWriter(path, schema))
            arrays = [
                pyarrow.array(column.values, field.type)
                for column, field in zip(columns, schema, strict=True)
            ]
            file.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))


def _schema(pyarrow: Any, columns: list[TableColumn], curation: Curation) -> Any:
    types = {int: pyarrow.int64(), float: pyarrow.float64(), str: pyarrow.string()}
    fields = [
        pyarrow.field(
            column.heading,
            types[column.kind],
            metadata={"unit": column.unit, "description": column.help},
        )
        for column in columns
    ]
    return pyarrow.schema(fields, {"phygui": json.dumps(curation.provenance.in_words())})


EXPORT = ExportSpec(
    "parquet",
    "Parquet table",
    ".parquet",
    "The tables of csv with their types, for pandas, polars and R.",
    write,
    (SPIKES,),
    needs_metrics=lambda options: not options["spikes"],
)
