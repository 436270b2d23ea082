"""How klusta 3 lays out its files: contiguous arrays, signed integers, text of fixed length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np

from phygui.dataset.groups import GOOD, MUA, NOISE, UNSORTED

_GROUP_COLORS = {NOISE: 5, MUA: 8, GOOD: 10, UNSORTED: 9}
_OTHER_COLOR = 9


class Klusta:
    """What is particular about the files of one generation of writers; this one is klusta 3.

    Parameters
    ----------
    creator : str
        Which program the files say they are from.
    """

    cluster_dtype: type = np.int32
    recording_dtype: type = np.int32

    def __init__(self, creator: str) -> None:
        self.creator = creator

    def root(self, file: h5py.File, name: str) -> None:
        """The attributes of a file."""
        self.attributes(file, {"creator_version": self.creator, "kwik_version": 2, "name": name})

    def group(self, parent: h5py.Group, path: str, values: Mapping[str, Any] | None = None) -> Any:
        """The group at ``path``, created with all on the way, holding ``values`` as attributes."""
        group = parent.require_group(path)
        self.attributes(group, values or {})
        return group

    def attributes(self, item: Any, values: Mapping[str, Any]) -> None:
        """Attributes of a group or file; text is an array of one string."""
        for key, value in values.items():
            if isinstance(value, str | list):
                texts = [value] if isinstance(value, str) else value
                value = np.array([text.encode() for text in texts], "S")
            item.attrs[key] = value

    def array(self, parent: h5py.Group, name: str, shape: tuple[int, ...], dtype: Any) -> Any:
        """A dataset that is filled afterwards."""
        return parent.create_dataset(name, shape=shape, dtype=dtype)

    def channel_group(self, number: int) -> dict[str, Any]:
        """Attributes of a channel group, beside its channels."""
        return {}

    def channel(self, channel: int) -> dict[str, Any]:
        """Attributes of a channel, beside its position."""
        return {"name": str(channel)}

    def cluster(self, group: h5py.Group, color: int) -> None:
        """What a cluster has beside the number of its group."""
        self.group(group, "application_data/klustaviewa", {"color": color})

    def cluster_group(self, group: h5py.Group, number: int) -> None:
        """What a cluster group has beside its name."""
        color = {"color": _GROUP_COLORS.get(number, _OTHER_COLOR)}
        self.group(group, "application_data/klustaviewa", color)

    def recording(self) -> dict[str, Any]:
        """Attributes of a recording, beside its times."""
        return {}
