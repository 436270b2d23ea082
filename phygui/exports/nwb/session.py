"""What an NWB file says of the session, where it is new."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any
from uuid import uuid4

from phygui.exports.curation import Curation
from phygui.exports.spec import ExportError
from phygui.words import plain

UNKNOWN_START = datetime(1970, 1, 1, tzinfo=timezone.utc)
"""NWB asks when a session began: this stands for that it is not known."""
ANY_AGE = "P0D/"
"""An age from 0 days up: NWB asks for one."""
_DURATION = r"P(?=\d|T\d)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?"
_AGE = re.compile(f"{_DURATION}(/({_DURATION})?)?")


def new_file(pynwb: Any, curation: Curation, options: Mapping[str, Any]) -> Any:
    """An NWB file without units.

    What NWB asks for and nobody has told is written as unknown, and the notes say so.

    Raises
    ------
    ExportError
        If an option makes no sense.
    """
    start, notes = _start(options["session_start"]), [provenance(curation)]
    if start is None:
        notes.append("When the session began is not known: 1970 stands for that.")
    if options["sex"] not in ("M", "F", "O", "U"):
        raise ExportError(f"the option sex is {options['sex']!r}, expected M, F, O or U.")
    if options["age"] and not _AGE.fullmatch(options["age"]):
        raise ExportError(
            f"the option age is {options['age']!r}, expected a duration such as P90D, or a range "
            "such as P90D/P100D."
        )
    if not options["subject"]:
        notes.append("Which subject it was is not known.")
    subject = pynwb.file.Subject(
        subject_id=options["subject"] or "unknown",
        species=options["species"] or None,
        sex=options["sex"],
        age=options["age"] or ANY_AGE,
        description=None if options["subject"] else "not known",
    )
    people = [name.strip() for name in options["experimenter"].split(";") if name.strip()]
    made_by = curation.provenance
    return pynwb.NWBFile(
        session_description=options["session_description"]
        or f"Spike sorting of {plain(curation.path.name)}, curated by hand",
        identifier=str(uuid4()),
        session_start_time=start or UNKNOWN_START,
        session_id=options["session_id"] or None,
        experimenter=people or None,
        lab=options["lab"] or None,
        institution=options["institution"] or None,
        subject=subject,
        notes=" ".join(notes),
        was_generated_by=[[made_by.program, made_by.version]],
    )


def provenance(curation: Curation) -> str:
    """Where the units are from, in sentences."""
    of = curation.provenance
    clusterings = sorted({shank.clustering for shank in curation.shanks})
    who = f" by {of.user}" if of.user else ""
    unsaved = " Edits that were not saved are included." if curation.unsaved else ""
    return (
        f"Curated clusters of {plain(of.source)} "
        f"({of.format_name}, clustering {', '.join(clusterings)}), "
        f"written by {of.program} {of.version} on {of.date.isoformat(timespec='seconds')}{who}."
        f"{unsaved}"
    )


def _start(text: str) -> datetime | None:
    if not text:
        return None
    try:
        start = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise ExportError(
            f"the option session_start is {text!r}, expected a date and time such as "
            "2026-11-29T14:05:00+01:00."
        ) from None
    return start if start.tzinfo is not None else start.astimezone()
