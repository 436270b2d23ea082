"""Writing units into an NWB file, a new one or one that is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from phygui.exports.curation import Curation
from phygui.exports.nwb.electrodes import add_electrodes, add_groups
from phygui.exports.nwb.session import new_file
from phygui.exports.nwb.units import add_units
from phygui.exports.spec import ExportError, ExportOption, ExportSpec, needed
from phygui.exports.work import Work
from phygui.words import error_in_words

UNKNOWN = "unknown"


def write(curation: Curation, path: Path, options: Mapping[str, Any], work: Work) -> None:
    """Write the units of a curation; where the file is there, they are added to it.

    Raises
    ------
    ExportError
        If an option makes no sense, pynwb is not installed, or the file cannot take the units.
    """
    pynwb = needed("pynwb", "nwb")
    offset = _seconds(options["offset"])
    if not any(len(shank.cluster_ids) for shank in curation.shanks):
        raise ExportError("no cluster is exported, and an NWB table of units may not be empty.")
    place = options["location"] or UNKNOWN, options["device"] or UNKNOWN
    if not path.exists():
        file = new_file(pynwb, curation, options)
        rows = add_electrodes(file, curation, add_groups(file, curation, *place))
        add_units(pynwb, file, curation, rows, options["table"], offset, work)
        with pynwb.NWBHDF5IO(str(path), "w") as io:
            io.write(file)
        return
    with _opened(pynwb, path) as (io, file):
        if names := add_groups(file, curation, *place):
            io.write(file)
    with _opened(pynwb, path) as (io, file):
        rows = add_electrodes(file, curation, names)
        add_units(pynwb, file, curation, rows, options["table"], offset, work)
        io.write(file)


@contextmanager
def _opened(pynwb: Any, path: Path) -> Iterator[tuple[Any, Any]]:
    """A file that is there, to be added to."""
    with ExitStack() as stack:
        try:
            io = stack.enter_context(pynwb.NWBHDF5IO(str(path), "a", load_namespaces=True))
            file = io.read()
        except Exception as error:
            raise ExportError(
                f"{path.name} cannot be read as an NWB file: {error_in_words(error)}."
            ) from error
        yield io, file


def _seconds(text: str) -> float:
    try:
        return float(text or 0)
    except ValueError:
        raise ExportError(f"the option offset is {text!r}, expected a number of seconds.") from None


def _text(name: str, title: str, help: str, default: str = "") -> ExportOption:
    return ExportOption(name, title, help, "str", default)


EXPORT = ExportSpec(
    "nwb",
    "NWB",
    ".nwb",
    "The table of units of an NWB file, with electrodes, mean waveforms and metrics; a file that "
    "is there keeps what it holds.",
    write,
    (
        _text(
            "session_start",
            "Start of the session",
            "When the recording began, such as 2026-11-29T14:05:00+01:00; without it 1970.",
        ),
        _text("session_description", "Description", "What was done in the session."),
        _text("session_id", "Session", "How the lab calls the session."),
        _text("experimenter", "Experimenter", "Who did it: Last, First; several between ;."),
        _text("lab", "Lab", "The lab."),
        _text("institution", "Institution", "The institution."),
        _text("subject", "Subject", "How the lab calls the animal or person."),
        _text("species", "Species", "In Latin, such as Rattus norvegicus."),
        _text("sex", "Sex", "M, F, O (other) or U (unknown).", "U"),
        _text("age", "Age", "As ISO 8601 has it, such as P90D."),
        _text("location", "Brain area", "Where the electrodes are."),
        _text("device", "Device", "What the probe is called.", "probe"),
        _text("offset", "Offset", "Seconds from the file's time 0 to the first sample.", "0"),
        _text(
            "table",
            "Table",
            "What the table is called where the file has units already.",
            "phygui_units",
        ),
    ),
    appends=True,
)
