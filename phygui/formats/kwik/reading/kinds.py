"""What a file is that holds no channel groups: not every ``.kwik`` is a sorted dataset."""

from __future__ import annotations

from pathlib import Path

from phygui.errors import DatasetError
from phygui.formats.kwik.hdf5.file import File

OTHERS = {".dat": "raw data", ".bin": "raw data", ".raw": "raw data", ".py": "text of Python"}
"""What files are called that lie beside a dataset and are none."""


def check_is_kwik(path: Path) -> None:
    """Make sure that a path may be one of a ``.kwik``, before it is read.

    Raises
    ------
    DatasetError
        If it is a folder, or is called like a file of another kind.
    """
    what = "a folder" if path.is_dir() else OTHERS.get(path.suffix.lower(), "")
    if not what or not path.exists():
        return
    folder = path if path.is_dir() else path.parent
    here = sorted(each.name for each in folder.glob("*.kwik"))
    if path.is_dir() and not here:
        raise DatasetError(
            f"{path} is a folder, not a file, and KwikModel reads a .kwik: phygui.open_dataset and "
            "phygui.Session.open open folders of Kilosort, phy and SpikeInterface."
        )
    beside = f": open {here[0]}" if len(here) == 1 else ": open the .kwik of the same dataset"
    file = ", not a file" if path.is_dir() else ""
    raise DatasetError(f"{path} is {what}{file}, expected a .kwik{beside}.")


def has_spikes(file: File) -> bool:
    """Whether there are channel groups; those of a ``.kwx`` hold features and nothing else."""
    groups = file.members("/channel_groups")
    return bool(groups) and not (_is_of_features(file) and file.find("/recordings") is None)


def _is_of_features(file: File) -> bool:
    return all(
        file.find(f"/channel_groups/{group}/features_masks") is not None
        and file.find(f"/channel_groups/{group}/spikes") is None
        for group in file.members("/channel_groups")
    )


def what_instead(file: File) -> str:
    """Why a file without channel groups cannot be opened, and what to open, in two sentences."""
    if file.members("/channel_groups"):
        return (
            f"{file.path} holds features and masks, and no spike times and clusters. Open the "
            ".kwik of the same dataset."
        )
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
