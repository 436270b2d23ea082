"""A copy of a Kwik file with the edits, as *Save a copy* makes it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from phygui.exports.curation import Curation
from phygui.exports.spec import ExportError, ExportOption, ExportSpec
from phygui.exports.work import Work


def write(curation: Curation, path: Path, options: Mapping[str, Any], work: Work) -> None:
    """Write the copy, and on request the parameters beside it."""
    dataset = curation.dataset
    if dataset.format_name.casefold() != "kwik":
        raise ExportError(
            f"{dataset.path} is not a Kwik file: `phygui convert` makes one of it, with all its "
            "spikes, features and clusterings."
        )
    work.step(0.0, "copying")
    dataset.clusterings.write(curation.edited, target=path)
    if options["prm"]:
        path.with_suffix(".prm").write_text(_parameters(curation), encoding="utf-8")


def _parameters(curation: Curation) -> str:
    """Parameters as klusta has them, as far as readers of its results ask for them."""
    data = curation.shanks[0].data
    lines = [f"experiment_name = {curation.path.stem!r}", "", "traces = dict("]
    lines.append(f"    sample_rate={float(data.sample_rate)!r},")
    if data.traces is not None:
        lines.append(f"    n_channels={int(data.traces.shape[1])},")
        lines.append(f"    dtype={data.traces.dtype.name!r},")
    return "\n".join([*lines, ")", ""])


EXPORT = ExportSpec(
    "kwik",
    "Kwik file",
    ".kwik",
    "A copy of the .kwik with all edits, saved or not.",
    write,
    (
        ExportOption(
            "prm",
            "Parameters beside it",
            "Write NAME.prm too, which SpikeInterface's read_klusta needs for the sample rate.",
        ),
    ),
    needs_metrics=False,
    is_whole=True,
)
