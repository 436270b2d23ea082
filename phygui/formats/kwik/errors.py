"""The names by which scripts for Kwik files know what can go wrong with a dataset."""

from __future__ import annotations

from phygui.errors import DatasetChanged, DatasetError, DatasetWarning

KwikError = DatasetError
KwikChangedError = DatasetChanged
KwikWarning = DatasetWarning
