"""The metrics of a preview as rows of a table, with what would change."""

from __future__ import annotations

from qtpy.QtGui import QColor

from phygui.analysis import Metric, MetricSpec
from phygui.analysis.metrics import FAMILIES, metrics
from phygui.curation.navigation.columns import DASH
from phygui.curation.statistics.preview import Preview
from phygui.gui.base.theme import color, group_color
from phygui.gui.tables.plain_table import Cell


def metric_titles(preview: Preview) -> tuple[str, ...]:
    """Titles of the columns."""
    return ("metric", *map(str, preview.clusters), preview.whole, "change")


def metric_rows(preview: Preview) -> list[list[Cell]]:
    """Each metric of all clusters and the whole, and its change for the largest cluster."""
    sizes = preview.n_spikes[:-1]
    rows: list[tuple[bool, list[Cell]]] = []
    largest = sizes.index(max(sizes))
    specs = [spec for spec in metrics() if spec.is_in_preview]
    for spec in sorted(specs, key=lambda spec: FAMILIES.index(spec.family)):
        known = [of[spec.name] for of in preview.metrics if spec.name in of]
        if len(known) < len(preview.metrics):
            continue
        cells = [Cell(spec.title, tip=spec.help, left=True)]
        cells += [_metric_cell(metric, spec.form) for metric in known]
        before, after = known[largest], known[-1]
        cells.append(_change(spec, *((after, before) if preview.is_split else (before, after))))
        rows.append((all(not metric.is_defined for metric in known), cells))
    # What is known of none comes last, where it need not be looked at.
    return [cells for _, cells in sorted(rows, key=lambda row: row[0])]


def _metric_cell(metric: Metric, form: str) -> Cell:
    if not metric.is_defined:
        return Cell(DASH, tip=metric.reason)
    return Cell(format(metric.value, form))


def _change(spec: MetricSpec, before: Metric, after: Metric) -> Cell:
    if not (before.is_defined and after.is_defined):
        return Cell("")
    change = after.value - before.value
    text = format(abs(change), spec.form)
    if text == format(0.0, spec.form):
        return Cell("=", color=color("dim"))
    better = (change < 0) == (spec.better == "lower")
    if not spec.better:
        hue: QColor = color("text")
    else:
        hue = group_color("good") if better else QColor("#e0645c")
    return Cell(f"{'+' if change > 0 else '−'}{text}", color=hue)
