"""``KwikModel``: a Kwik dataset as plain Python and numpy."""

from __future__ import annotations

import warnings
from pathlib import Path
from types import TracebackType

from phygui.errors import DatasetWarning
from phygui.formats.kwik.describe import describe, html_of
from phygui.formats.kwik.editing import EditableDataset


class KwikModel(EditableDataset):
    """A Kwik dataset: ``NAME.kwik`` with, where they are, its ``.kwx`` and its raw data.

    Parameters
    ----------
    path : the ``.kwik`` file; also called ``kwik_path``
    channel_group : the channel group (shank) to open; by default the first that has clusters
    clustering : the clustering to open; ``main`` by default

    Raises
    ------
    DatasetError
        If it is no readable Kwik dataset, in one sentence.

    Warns
    -----
    DatasetWarning
        For each thing about the files that is unusual; the texts are kept in ``warnings``.

    Notes
    -----
    The ``.kwik`` is read at once and closed. Features and raw data are read as they are indexed,
    never written, and may be read from several threads and forked processes. Arrays that are given
    as attributes may not be written to: change a copy, and save that.

    A model is pickled as its path, channel group and clustering, and opens the files again where it
    is unpickled: in the processes of multiprocessing, joblib and dask.

    Examples
    --------
    >>> model = KwikModel("myexperiment.kwik")
    >>> model.spike_times[model.spike_clusters == 4]
    >>> model.features[[10, 20, 30], 3:6]
    """

    def __enter__(self) -> KwikModel:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return (
            f"<KwikModel {self.path.name}: channel group {self.channel_group}, clustering "
            f"{self.clustering}, {self.n_spikes} spikes, {self.n_clusters} clusters>"
        )

    def _repr_html_(self) -> str:
        return html_of(self)

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return _opened_again, (type(self), self.path, self.channel_group, self.clustering)

    def describe(self) -> str:
        """What the dataset holds and lacks, in words, several lines."""
        return describe(self)


def _opened_again(
    kind: type[KwikModel], path: Path, channel_group: int, clustering: str
) -> KwikModel:
    """A model in another process, or a copy; what is unusual was said when it was first opened."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DatasetWarning)
        return kind(path, channel_group, clustering)
