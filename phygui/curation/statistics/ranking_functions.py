"""What quality and similarity are: those of the program, or a script's own, kept from harm."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import ClusterSummary, Metric, similarity
from phygui.curation.statistics.similarity_rows import Similarity
from phygui.curation.statistics.stats import ClusterStats, default_quality

log = logging.getLogger(__name__)

Quality = Callable[[ClusterStats, Mapping[str, Metric]], float]


@dataclass
class _Registered:
    """The functions of a script, for sessions opened from now on."""

    quality: Quality | None = None
    similarity: Similarity | None = None


_registered = _Registered()


def register_quality(function: Quality | None) -> None:
    """Let the best queue go by a function of your own, in sessions opened from now on.

    Parameters
    ----------
    function : callable or None
        From the :class:`~phygui.curation.statistics.stats.ClusterStats` of a cluster and its
        metrics by name (empty until they are computed) to a finite number, larger for better
        clusters. None goes back to the quality that the program comes with; so does a session, and
        says so, once the function raises or returns something else.
    """
    _registered.quality = function


def register_similarity(function: Similarity | None) -> None:
    """Let matches be ranked by a function of your own, in sessions opened from now on.

    Parameters
    ----------
    function : callable or None
        From two sequences of :class:`~phygui.analysis.ClusterSummary` to the matrix of their
        similarities in [0, 1], (len(a), len(b)); what lies outside is clipped. It is called from
        several threads. None goes back to :func:`phygui.analysis.similarity`; so does a session,
        and says so, once the function raises or returns something else.
    """
    _registered.similarity = function


class _UnusableError(Exception):
    """What a function has returned cannot be used."""


class Measures:
    """Quality and similarity as one session goes by.

    A registered function that raises, or returns what cannot be used, is not called any more.

    Attributes
    ----------
    quality : callable
        From stats and metrics of a cluster to its quality.
    similarity : callable
        From two lists of summaries to a matrix of similarities in [0, 1].
    problems : list of str
        Which functions are not called any more and why, one sentence each.
    tell : callable
        Called with such a sentence, in whichever thread the function was called.
    """

    def __init__(self, tell: Callable[[str], None] = lambda _: None) -> None:
        self.problems: list[str] = []
        self.tell = tell
        self.quality: Quality = default_quality
        self.similarity: Similarity = similarity
        if _registered.quality is not None:
            self.quality = partial(self._own_quality, _registered.quality)
        if _registered.similarity is not None:
            self.similarity = partial(self._own_similarity, _registered.similarity)

    def _own_quality(
        self, function: Quality, stats: ClusterStats, metrics: Mapping[str, Metric]
    ) -> float:
        try:
            return float(_numbers(function(stats, metrics), ()))
        except Exception as error:
            self.quality = default_quality
            self._drop("quality", function, error)
            return default_quality(stats, metrics)

    def _own_similarity(
        self, function: Similarity, a: Sequence[ClusterSummary], b: Sequence[ClusterSummary]
    ) -> NDArray[np.floating]:
        try:
            return np.clip(_numbers(function(a, b), (len(a), len(b))), 0.0, 1.0)
        except Exception as error:
            self.similarity = similarity
            self._drop("similarity", function, error)
            return similarity(a, b)

    def _drop(self, what: str, function: Callable[..., Any], error: Exception) -> None:
        name = getattr(function, "__name__", type(function).__name__)
        said = error if isinstance(error, _UnusableError) else f"raised {_in_words(error)}"
        sentence = f"the {what} function {name!r} {said}; the program's own is used instead"
        if sentence in self.problems:
            # Another thread was in it at the same time.
            return
        self.problems.append(sentence)
        log.warning(sentence, exc_info=error)
        self.tell(sentence)


def _numbers(found: Any, shape: tuple[int, ...]) -> NDArray[Any]:
    """What a function has returned, as finite numbers of a shape."""
    array = np.asarray(found)
    if array.dtype.kind not in "biuf":
        raise _UnusableError(f"returned {_short(repr(found))}, which is no number")
    if array.shape != shape:
        raise _UnusableError(f"returned values of shape {array.shape} instead of {shape}")
    if not np.isfinite(array).all():
        raise _UnusableError("returned a value that is not finite")
    return array.astype(np.float64)


def _in_words(error: Exception) -> str:
    text = _short(str(error).partition("\n")[0])
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."
