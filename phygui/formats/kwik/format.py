"""The Kwik format as it is registered: what it recognises, and how a dataset of it is opened."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path

from phygui.dataset.protocol import Outline
from phygui.formats.kwik.model import KwikModel
from phygui.formats.kwik.outline import outline
from phygui.formats.kwik.shank import KwikShank
from phygui.formats.kwik.store import KwikClusterings
from phygui.storage.files import check_regular_file

_SIGNATURE = b"\x89HDF\r\n\x1a\n"


class KwikDataset:
    """A Kwik dataset; each of its channel groups is a model of its own.

    The file is read when the first channel group is opened, or something is asked that takes it.

    Parameters
    ----------
    path : Path
        The ``.kwik`` file.

    Raises
    ------
    DatasetError
        If there is no such file.
    """

    format_name = "Kwik"

    def __init__(self, path: Path) -> None:
        check_regular_file(path)
        self.path = path
        self.located_by = {"features": "*.kwx", "traces": "*.kwd *.dat *.bin"}
        self._models: weakref.WeakSet[KwikModel] = weakref.WeakSet()
        self.clusterings = KwikClusterings(path, self._follow)
        self._first: KwikModel | None = None
        self._channel_groups: Sequence[int] | None = None
        self._incomplete: Mapping[int, str] = {}

    def __repr__(self) -> str:
        return f"<Kwik dataset {self.path.name}>"

    def _follow(self, has_more: bool) -> None:
        """The file was written by this dataset itself: its models may go on with it."""
        for model in list(self._models):
            if has_more:
                model.list_clusterings()
            else:
                model.follow()

    def _read(self, channel_group: int | None) -> KwikModel:
        model = KwikModel(self.path, channel_group)
        self._models.add(model)
        self._channel_groups = model.channel_groups
        self._incomplete = model.incomplete_channel_groups
        self.clusterings.expect(model.channel_group, model.opened_clustering)
        return model

    def _looked_at(self) -> None:
        if self._channel_groups is None:
            self._first = self._read(None)

    @property
    def channel_groups(self) -> Sequence[int]:
        """Channel groups of the file, ascending."""
        self._looked_at()
        assert self._channel_groups is not None
        return self._channel_groups

    @property
    def incomplete(self) -> Mapping[int, str]:
        """What channel groups lack that cannot be curated: ``{0: "no spikes"}``."""
        self._looked_at()
        return self._incomplete

    def open(self, channel_group: int | None = None) -> KwikShank:
        """See :class:`~phygui.dataset.Dataset`."""
        first, self._first = self._first, None
        if first is not None and channel_group in (None, first.channel_group):
            return KwikShank(first)
        if first is not None:
            first.close()
        return KwikShank(self._read(channel_group))

    def outline(self) -> Outline:
        """See :class:`~phygui.dataset.Outlined`; features and spikes stay on the disk."""
        return outline(self.path)

    def describe(self) -> str:
        """What it holds and lacks, in words, several lines."""
        with KwikModel(self.path) as model:
            return model.describe()


class KwikFormat:
    """``.kwik`` files, with the ``.kwx`` and the raw data that belong to them."""

    name = "Kwik"
    patterns = ("*.kwik",)
    is_folder = False

    def supports(self, path: Path) -> bool:
        """Whether a path is a file named like a Kwik file, or holds HDF5."""
        if path.is_dir():
            return False
        if path.suffix.lower() == ".kwik" or not path.is_file():
            # What is no regular file at all is for the reader to refuse, in its words.
            return True
        with open(path, "rb") as file:
            return file.read(len(_SIGNATURE)) == _SIGNATURE

    def open(self, path: Path) -> KwikDataset:
        """See :class:`~phygui.dataset.Format`."""
        return KwikDataset(path)


FORMAT = KwikFormat()
