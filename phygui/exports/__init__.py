"""The door for results: what a curation is to those who write it down for other programs."""

from __future__ import annotations

from phygui.errors import Cancelled
from phygui.exports.curation import Column, Curation, Edit, Provenance, ShankCuration
from phygui.exports.registry import exports, find_export
from phygui.exports.run import export, export_job
from phygui.exports.spec import ExportError, ExportOption, ExportSpec, needed
from phygui.exports.work import Work

__all__ = [
    "Cancelled",
    "Column",
    "Curation",
    "Edit",
    "ExportError",
    "ExportOption",
    "ExportSpec",
    "Provenance",
    "ShankCuration",
    "Work",
    "export",
    "export_job",
    "exports",
    "find_export",
    "needed",
]
