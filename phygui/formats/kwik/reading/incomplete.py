"""Channel groups that cannot be curated: no spikes were detected on them, or none clustered.

klusta writes no ``spikes`` at all for a shank on which it detected none.
"""

from __future__ import annotations

from h5py import h5d

from phygui.dataset.incomplete import NO_CLUSTERS, NO_SPIKES
from phygui.errors import DatasetError
from phygui.formats.kwik.hdf5.file import File


def incomplete_groups(file: File, channel_groups: list[int]) -> dict[int, str]:
    """What the channel groups lack that lack something: ``{channel group: "no spikes"}``."""
    found = {group: _lack(file, f"/channel_groups/{group}/spikes") for group in channel_groups}
    return {group: lack for group, lack in found.items() if lack}


def _lack(file: File, path: str) -> str:
    """What is missing; what is there but damaged is found when it is read."""
    try:
        spikes = file.find(path)
        times = None if spikes is None else file.find(f"{path}/time_samples")
        if times is None or (isinstance(times, h5d.DatasetID) and times.shape == (0,)):
            return NO_SPIKES
        return "" if file.members(f"{path}/clusters") else NO_CLUSTERS
    except DatasetError:
        return ""
