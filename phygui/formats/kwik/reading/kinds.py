"""What a file is that holds no channel groups: not every ``.kwik`` is a sorted dataset."""

from __future__ import annotations

from phygui.formats.kwik.hdf5.file import File


def what_instead(file: File) -> str:
    """Why a file without channel groups cannot be opened, and what to open, in two sentences."""
    recordings = sorted(file.members("/recordings"))
    lacks = "/channel_groups is missing or empty"
    if any(file.find(f"/recordings/{name}/data") is not None for name in recordings):
        return (
            f"{file.path} holds raw data and no sorted spikes ({lacks}). Open the .kwik of the "
            "same dataset."
        )
    if _is_of_open_ephys(file, recordings):
        return (
            f"{file.path} is the .kwik that Open Ephys writes beside its raw data: it holds "
            f"recordings and events, but no sorted spikes ({lacks}). Sort the raw data (.kwd), and "
            "open the .kwik that the sorter writes."
        )
    root = file.group("/")
    if recordings or file.attribute(root, "kwik_version", "/") is not None:
        return (
            f"{file.path} holds no sorted spikes: {lacks}, expected at least one channel group. "
            "Detect and cluster spikes first."
        )
    return f"{file.path} is not a Kwik file: {lacks}, expected the channel groups."


def _is_of_open_ephys(file: File, recordings: list[str]) -> bool:
    """Whether recordings are named as Open Ephys names them, or point to raw data as it does."""
    for recording in recordings:
        path = f"/recordings/{recording}"
        if file.find(f"{path}/raw/hdf5_paths") is not None:
            return True
        group = file.group(path)
        name = None if group is None else file.attribute(group, "name", path)
        if isinstance(name, str) and name.startswith("Open Ephys"):
            return True
    return False
