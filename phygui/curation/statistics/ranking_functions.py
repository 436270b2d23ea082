"""What quality and similarity are in one session, also where a function of the user fails."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import ClusterSummary, Metric, similarity
from phygui.curation.statistics.metric_set import MetricSet
from phygui.curation.statistics.ranking_spec import (
    KINDS,
    QUALITY,
    SIMILARITY,
    Quality,
    RankingSpec,
    ranking_in_use,
)
from phygui.curation.statistics.similarity_rows import Similarity
from phygui.curation.statistics.snapshot import ClusterStats
from phygui.curation.statistics.stats import default_quality
from phygui.dataset import SpikeAttribute
from phygui.plugins import PluginError
from phygui.words import error_in_words, shortened

log = logging.getLogger(__name__)


class _UnusableError(Exception):
    """What a function has returned cannot be used."""


class Measures:
    """Quality, similarity and metrics as one session goes by.

    A function that raises, or returns what cannot be used, is not called any more.

    Attributes
    ----------
    quality : callable
        From stats and metrics of a cluster to its quality.
    similarity : callable
        From two lists of summaries to a matrix of similarities in [0, 1].
    quality_spec, similarity_spec : RankingSpec
        What the two are.
    metrics : MetricSet
        Which metrics are computed.
    problems : list of str
        Which functions are not called any more and why, one sentence each.
    tell : callable
        Called with such a sentence, in whichever thread the function was called.
    must_not_wait : callable, optional
        Whether this thread is that of a window.
    """

    def __init__(
        self,
        tell: Callable[[str], None] = lambda _: None,
        attributes: Mapping[str, SpikeAttribute] | None = None,
        must_not_wait: Callable[[], bool] = lambda: False,
    ) -> None:
        self.problems: list[str] = []
        self.tell = tell
        self.metrics = MetricSet(self._report, attributes)
        self._must_not_wait = must_not_wait
        self.quality_spec, self.similarity_spec = QUALITY, SIMILARITY
        self.quality: Quality = default_quality
        self.similarity: Similarity = similarity
        for kind in KINDS:
            self.choose(ranking_in_use(kind))

    def choose(self, spec: RankingSpec) -> None:
        """Go by another ranking from now on."""
        if spec.kind == "quality":
            own: Quality = partial(self._own_quality, spec.function)
            self.quality = default_quality if spec is QUALITY else own
            self.quality_spec = spec
        else:
            of: Similarity = partial(self._own_similarity, spec.function)
            self.similarity = similarity if spec is SIMILARITY else of
            self.similarity_spec = spec

    @property
    def is_out_of_reach(self) -> bool:
        """Whether the similarity takes too long for this thread, that of a window."""
        return self.similarity_spec.is_slow and self._must_not_wait()

    @property
    def merging(self) -> Similarity:
        """What merge suggestions go by: not what is only there to be looked at."""
        return similarity if self.similarity_spec.is_slow else self.similarity

    def _own_quality(
        self, function: Quality, stats: ClusterStats, metrics: Mapping[str, Metric]
    ) -> float:
        try:
            return float(_numbers(function(stats, metrics), ()))
        except Exception as error:
            self.quality, self.quality_spec = default_quality, QUALITY
            self._drop("quality", function, error)
            return default_quality(stats, metrics)

    def _own_similarity(
        self, function: Similarity, a: Sequence[ClusterSummary], b: Sequence[ClusterSummary]
    ) -> NDArray[np.floating]:
        try:
            values = _numbers(function(a, b), (len(a), len(b)))
            similarities: NDArray[np.floating] = np.clip(values, 0.0, 1.0)
            return similarities
        except Exception as error:
            self.similarity, self.similarity_spec = similarity, SIMILARITY
            self._drop("similarity", function, error)
            return similarity(a, b)

    def _drop(self, what: str, function: Callable[..., Any], error: Exception) -> None:
        name = getattr(function, "__name__", type(function).__name__)
        said = (
            error
            if isinstance(error, _UnusableError | PluginError)
            else f"raised {error_in_words(error)}"
        )
        self._report(
            f"the {what} function {name!r} {said}; the program's own is used instead", error
        )

    def _report(self, sentence: str, error: Exception) -> None:
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
        raise _UnusableError(f"returned {shortened(repr(found))}, which is not a number")
    if array.shape != shape:
        raise _UnusableError(f"returned values of shape {array.shape} instead of {shape}")
    if not np.isfinite(array).all():
        raise _UnusableError("returned a value that is not finite")
    return array.astype(np.float64)
