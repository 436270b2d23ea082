"""A dataset in words, for the command line and the "about this file" dialog."""

from __future__ import annotations

from collections import Counter

from phygui.formats.kwik.clustered import ClusteredDataset
from phygui.words import counted, hertz, html_rows, plain


def describe(model: ClusteredDataset) -> str:
    """Several lines on what a dataset holds, what it lacks, and what is unusual about it."""
    rows = _rows(model)
    width = max(len(label) for label, _ in rows) + 2
    lines = [f"{label:<{width}}{plain(text)}" for label, text in rows]
    if model.warnings:
        lines += ["", "unusual:", *(f"  {plain(text)}" for text in model.warnings)]
    return "\n".join(lines)


def html_of(model: ClusteredDataset) -> str:
    """The same for a notebook."""
    return html_rows([*_rows(model), *(("unusual", str(text)) for text in model.warnings)])


def _rows(model: ClusteredDataset) -> list[tuple[str, str]]:
    groups = Counter(int(group) for group in model.cluster_groups.values())
    of_each = ", ".join(
        f"{groups[number]} {name}"
        for number, name in model.cluster_group_names.items()
        if groups[number]
    )
    return [
        ("file", str(model.path)),
        ("channel groups", _channel_groups(model)),
        ("clusterings", _chosen(model.clusterings, model.clustering)),
        ("duration", _duration(model)),
        ("sample rate", hertz(model.sample_rate, ",")),
        ("channels", f"{model.n_channels} of the {model.n_raw_channels} recorded"),
        ("spikes", f"{model.n_spikes:,}"),
        ("clusters", f"{model.n_clusters:,}{f' ({of_each})' if of_each else ''}"),
        ("features", _features(model)),
        ("raw data", _raw(model)),
        ("filter", f"{model.filter.low:g} to {model.filter.high:g} Hz, order {model.filter.order}"),
        ("events", ", ".join(f"{n} ({len(t)})" for n, t in model.events.items()) or "none"),
    ]


def _duration(model: ClusteredDataset) -> str:
    text = f"{model.duration:,.1f} s in {counted(model.n_recordings, 'recording')}"
    gaps = len(model.timeline.gaps)
    return f"{text}, with {counted(gaps, 'gap')} over {model.span:,.1f} s" if gaps else text


def _chosen(names: list[str], chosen: str) -> str:
    return ", ".join(f"{name} (open)" if name == chosen else name for name in names)


def _channel_groups(model: ClusteredDataset) -> str:
    lacks = model.incomplete_channel_groups
    names = [
        f"{group} ({lacks[group]})" if group in lacks else str(group)
        for group in model.channel_groups
    ]
    return _chosen(names, names[model.channel_groups.index(model.channel_group)])


def _features(model: ClusteredDataset) -> str:
    if model.features is None:
        return _absent(model, "features")
    return f"{model.n_features_per_channel} per channel"


def _raw(model: ClusteredDataset) -> str:
    if model.traces is None:
        return _absent(model, "traces")
    n_samples, n_channels = model.traces.shape
    return f"{n_samples:,} samples of {n_channels} channels, {model.traces.dtype}"


def _absent(model: ClusteredDataset, what: str) -> str:
    """Why data is not there; empty data of a dataset that was closed has no reason."""
    absent = model.absent.get(what)
    return "none" if absent is None else f"none: {absent.why(model.path)}"
