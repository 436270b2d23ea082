"""What a window computes in its background, computed ahead of it: for one dataset or a thousand.

No session is opened, nothing is locked and nothing of a dataset is changed: :func:`prepare` reads
it, computes with the very functions that a session computes with, and leaves files for whichever
session opens the dataset next. Each is written at once under a name that follows from what it is
about (the data, the clusters by the fingerprints of their spikes, the versions of the metrics),
and never changed. So several may prepare the same dataset, and a window may have it open.

Where the files are
-------------------
In the folder ``prepared`` of the dataset's state folder (``NAME.phygui/prepared`` beside
``NAME.kwik``), or in ``FOLDER/FINGERPRINT-OF-THE-DATA`` where a folder was named; sessions of the
user who named it look there too, and those whose environment names it in ``PHYGUI_PREPARED``.
``N`` is the number of the shank.

``statistics-N-*.npz``
    Stats and metrics, as :mod:`phygui.curation.statistics.cache` has them.
``suggestions-N-*.bin``
    Pairs and parts of clusters, as :mod:`phygui.curation.suggestions.kept` has them.
``similarity-N-*.npz``
    Similarities of every two clusters, as
    :mod:`phygui.curation.statistics.measuring.kept_similarity` has them.
``previews-N.npz``
    What a list draws small pictures from without opening the dataset: of the largest clusters, up
    to :data:`~phygui.prepare.previews.MOST`, the arrays ``cluster_ids`` (n,) int64, ``n_spikes``
    (n,) int64, ``waveforms`` (n, n_samples) float32 on the best channel, in raw units (of length 0
    without raw data), ``acg`` (n, n_bins) int32 counts, and ``info``, a text of JSON in bytes:
    ``version``, ``clustering``, ``n_clusters``, ``suggested`` (numbers of ``merges``, ``splits``
    and ``candidates``), ``prints`` (fingerprints of the spikes), ``bin_ms``, ``rate``.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from phygui.errors import Cancelled
from phygui.prepare.one import prepare
from phygui.prepare.order import WHAT, Order, Prepared, ShankPrepared

__all__ = ["WHAT", "Cancelled", "Order", "Prepared", "ShankPrepared", "prepare"]


class _CallableModule(ModuleType):
    """``phygui.prepare`` is this package and, to those who call it, the function of its name.

    An import of any module in it makes the package the attribute of ``phygui``, also where that
    was the function before.
    """

    def __call__(self, *args: Any, **options: Any) -> Prepared:
        return prepare(*args, **options)


sys.modules[__name__].__class__ = _CallableModule
