"""A report as HTML: one file that needs no other."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from phygui.errors import DatasetError
from phygui.exports.curation import Column, Curation, ShankCuration
from phygui.exports.report.style import page_start
from phygui.exports.report.summary import (
    activity_figure,
    depth_figure,
    group_counts,
    group_figure,
    group_kind,
    rate_figure,
)
from phygui.exports.report.svg import number, text_of
from phygui.exports.report.units import (
    amplitude_figure,
    correlogram_figure,
    interval_figure,
    waveform_figure,
)
from phygui.exports.work import Work
from phygui.words import counted, hertz, in_bytes

MOST_EDITS = 5_000
"""Edits that are listed, the latest of all."""
_LONG = ("channel", "amplitude", "quality")
_IN_CARDS = 12
"""Numbers that stand beside the figures of a unit at most."""


def page(curation: Curation, drawn: Sequence[str], title: str, work: Work) -> Iterator[str]:
    """The page, piece by piece.

    Parameters
    ----------
    drawn : sequence of str
        Groups whose clusters have figures.
    title : str
        Its heading; by default the name of the dataset.
    """
    heading = text_of(title or f"Curated clusters of {curation.path.name}")
    yield page_start(heading)
    yield f"<header><h1>{heading}</h1>{_lead(curation)}{_facts(curation)}</header>\n"
    yield from _summary(curation, work.part(0.0, 0.1))
    yield from _table(curation)
    yield from _units(curation, drawn, work.part(0.1, 1.0))
    yield from _history(curation)
    of = curation.provenance
    yield (
        f"<footer>Written by {text_of(of.program)} {text_of(of.version)} on {_when(of.date)}."
        "</footer></body></html>\n"
    )


def _lead(curation: Curation) -> str:
    counts = group_counts(curation)
    n = sum(counts.values())
    parts = ", ".join(f"{k:,} {text_of(group)}" for group, k in counts.items())
    n_spikes = sum(shank.n_spikes for shank in curation.shanks)
    words = f"{counted(n, 'cluster')} of {counted(n_spikes, 'spike')}"
    return f'<p class="lead">{words}{": " if parts else ""}{parts}.</p>'


def _facts(curation: Curation) -> str:
    of, first = curation.provenance, curation.shanks[0].data
    line = first.timeline
    recordings = f"{line.n_recordings} recordings" if line.n_recordings > 1 else "1 recording"
    clusterings = dict.fromkeys(shank.clustering for shank in curation.shanks)
    facts = [
        ("Dataset", text_of(of.source)),
        ("Format", text_of(of.format_name) + _size(of.source)),
        ("Last saved", _saved(curation)),
        ("Clustering", text_of(", ".join(clusterings))),
        (
            "Recorded",
            f"{number(first.duration)} s in {recordings}, {hertz(first.sample_rate, ',')}",
        ),
        *(
            (
                f"Shank {shank.channel_group}",
                f"{shank.data.n_channels} channels, {shank.data.n_spikes:,} spikes, "
                f"{len(shank.cluster_ids):,} of {len(shank.spikes_per_cluster):,} clusters here",
            )
            for shank in curation.shanks
        ),
        ("Report", f"{_when(of.date)}{f', by {text_of(of.user)}' if of.user else ''}"),
        (
            "Versions",
            f"{text_of(of.program)} {text_of(of.version)}, Python {platform.python_version()}, "
            f"numpy {np.__version__}",
        ),
    ]
    rows = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts)
    unsaved = '<p class="warn">Edits that were not saved are included.</p>'
    return f'{unsaved if curation.unsaved else ""}<dl class="facts">{rows}</dl>'


def _size(path: Path) -> str:
    try:
        return f", {in_bytes(path.stat().st_size)}" if path.is_file() else ""
    except OSError:
        return ""


def _saved(curation: Curation) -> str:
    try:
        return _when(curation.dataset.clusterings.written_at())
    except (DatasetError, OSError):
        return "not known"


def _when(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} {time:%Z}".rstrip()


def _summary(curation: Curation, work: Work) -> Iterator[str]:
    colours = "".join(
        f'<span class="group {group_kind(group)}">{text_of(group)}</span> '
        for group in group_counts(curation)
    )
    yield f'<section><h2>Summary</h2><p>{colours}</p><div class="summary">'
    yield _figure(group_figure(curation), "Clusters in each group.")
    yield _figure(rate_figure(curation), "Firing rates, the groups on top of one another.")
    yield _figure(depth_figure(curation), "Where the clusters are, a dot each.")
    yield _figure(
        activity_figure(curation, work), "Activity over time; what is grey was not recorded."
    )
    yield "</div></section>\n"


def _figure(svg: str, caption: str) -> str:
    return f"<figure>{svg}<figcaption>{caption}</figcaption></figure>"


# -- the table -------------------------------------------------------------------------------------


def _columns(curation: Curation) -> dict[str, Column]:
    """The columns in which anything is known, by name."""
    return {
        name: column
        for shank in curation.shanks
        for name, column in shank.columns.items()
        if column.values
    }


def _labels(curation: Curation) -> list[str]:
    return sorted({key for shank in curation.shanks for key in shank.labels})


def _table(curation: Curation) -> Iterator[str]:
    columns, keys = _columns(curation), _labels(curation)
    several = len(curation.shanks) > 1
    heads = ['<th class="text">group</th>', *(_head(column) for column in columns.values())]
    heads += [f'<th class="text">{text_of(key)}</th>' for key in keys]
    yield (
        '<section class="table"><h2>Clusters</h2><div class="scroll"><table><thead><tr>'
        f"{'<th>shank</th>' if several else ''}<th>id</th>{''.join(heads)}</tr></thead><tbody>\n"
    )
    for shank in curation.shanks:
        for cluster_id in shank.cluster_ids.tolist():
            cells = [f"<td>{shank.channel_group}</td>"] if several else []
            cells += [
                f"<td>{cluster_id}</td>",
                f'<td class="text">{_group(shank, cluster_id)}</td>',
            ]
            cells += [f"<td>{_value(shank, name, cluster_id)}</td>" for name in columns]
            labels = [shank.labels.get(key, {}).get(cluster_id, "") for key in keys]
            cells += [f'<td class="text">{text_of(text)}</td>' for text in labels]
            yield f"<tr>{''.join(cells)}</tr>\n"
    meaning = "".join(
        f"<div><dt>{_title(column)}</dt><dd>{text_of(column.help)}</dd></div>"
        for column in columns.values()
    )
    yield f'</tbody></table></div><dl class="meaning">{meaning}</dl></section>\n'


def _title(column: Column) -> str:
    # The headings of the cluster table are short, since a window is narrow.
    return text_of(column.name if column.name in _LONG else column.title)


def _head(column: Column) -> str:
    unit = f" <small>{text_of(column.unit)}</small>" if column.unit else ""
    return f'<th title="{text_of(column.help)}"><span>{_title(column)}{unit}</span></th>'


def _group(shank: ShankCuration, cluster_id: int) -> str:
    group = shank.group(cluster_id)
    return f'<span class="group {group_kind(group)}">{text_of(group)}</span>'


def _value(shank: ShankCuration, name: str, cluster_id: int) -> str:
    column = shank.columns.get(name)
    value = None if column is None else column.values.get(cluster_id)
    if column is not None and name == "channel" and value is not None:
        return f"{int(value)}"
    return number(value)


# -- units -----------------------------------------------------------------------------------------


def _units(curation: Curation, drawn: Sequence[str], work: Work) -> Iterator[str]:
    wanted = {group.casefold() for group in drawn}
    chosen = [
        (shank, c)
        for shank in curation.shanks
        for c in shank.cluster_ids.tolist()
        if shank.group(c).casefold() in wanted
    ]
    if not wanted:
        return
    yield "<section><h2>Units</h2>"
    if not chosen:
        yield f"<p>No cluster is in the group {text_of(' or '.join(drawn))}.</p>"
    else:
        yield (
            '<p class="note">Mean waveform on the nearest channels, laid out as on the probe, with '
            "the numbers of the channels; amplitudes of a sample of the spikes over time; "
            "autocorrelogram and inter-spike intervals, where the refractory period is tinted.</p>"
        )
    columns = _columns(curation)
    for shank, cluster_id in work.through(chosen, "figures"):
        yield _unit(shank, cluster_id, columns, len(curation.shanks) > 1)
    yield "</section>\n"


def _unit(shank: ShankCuration, cluster_id: int, columns: dict[str, Column], several: bool) -> str:
    where = f"Shank {shank.channel_group}, cluster" if several else "Cluster"
    labels = "; ".join(f"{key}: {value}" for key, value in shank.labels_of(cluster_id).items())
    known = [c for name, c in columns.items() if cluster_id in _values(shank, name)]
    rows = "".join(
        f"<div><dt>{_title(column)}</dt><dd>{_value(shank, column.name, cluster_id)}"
        f"{_unit_of(column)}</dd></div>"
        for column in known[:_IN_CARDS]
    )
    figures = [
        waveform_figure(shank, cluster_id),
        amplitude_figure(shank, cluster_id),
        correlogram_figure(shank, cluster_id),
        interval_figure(shank, cluster_id),
    ]
    drawn = "".join(f"<figure>{svg}</figure>" for svg in figures)
    return (
        f'<article class="unit"><h3>{where} {cluster_id} {_group(shank, cluster_id)}</h3>'
        f"{f'<p>{text_of(labels)}</p>' if labels else ''}"
        f'<div class="figures">{drawn}<dl class="numbers">{rows}</dl></div></article>\n'
    )


def _values(shank: ShankCuration, name: str) -> Iterable[int]:
    return shank.columns[name].values if name in shank.columns else ()


def _unit_of(column: Column) -> str:
    return f" {text_of(column.unit)}" if column.unit else ""


# -- history ---------------------------------------------------------------------------------------


def _history(curation: Curation) -> Iterator[str]:
    edits = curation.history
    yield "<section><h2>What was done</h2>"
    if not edits:
        yield "<p>No edit is known: none was made, or the history of those that were is gone.</p>"
        yield "</section>\n"
        return
    if len(edits) > MOST_EDITS:
        yield f'<p class="note">The {MOST_EDITS:,} latest of {len(edits):,} edits.</p>'
    several = len({(edit.channel_group, edit.clustering) for edit in edits}) > 1
    place = '<th>shank</th><th class="text">clustering</th>' if several else ""
    yield (
        f'<table><thead><tr><th>when</th><th class="text">by</th>{place}'
        '<th class="text">edit</th></tr></thead><tbody>\n'
    )
    for edit in edits[-MOST_EDITS:]:
        at = f"{edit.time:%Y-%m-%d %H:%M:%S}" if edit.time else "–"
        where = f'<td>{edit.channel_group}</td><td class="text">{text_of(edit.clustering)}</td>'
        yield (
            f'<tr><td>{at}</td><td class="text">{text_of(edit.author)}</td>'
            f'{where if several else ""}<td class="text">{text_of(edit.description)}</td></tr>\n'
        )
    yield "</tbody></table></section>\n"
