"""What SpikeInterface goes by when it merges, as similarities of clusters.

Its own functions are called, of spikes and mean waveforms that are at hand: it need neither find a
recording nor write anything. The package is imported when a similarity is first computed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import ClusterSummary, Train
from phygui.curation import RankingSpec

Summaries = Sequence[ClusterSummary]
Similarities = NDArray[np.float64]

COSINE_LAG_MS = 0.1
"""Milliseconds by which one template may be shifted against the other."""
SOURCE = (
    "Buccino et al. (2020), SpikeInterface, a unified framework for spike sorting, eLife 9, e61834."
)
_turn = threading.Lock()
"""Loops that numba runs in several threads must not be entered by two of them."""


def template_cosine(a: Summaries, b: Summaries) -> Similarities:
    """Cosine of mean waveforms at their best lag, on the channels near either cluster."""
    with _turn:
        return _templates(a, b, "cosine", COSINE_LAG_MS)


def x_contaminations(a: Summaries, b: Summaries) -> Similarities:
    """How likely the spikes of two clusters coincide no more than those of one neuron.

    The probability of the test of cross-contamination in the preset `x_contaminations`, of pairs
    whose templates are as alike as that preset asks for; 0 for others.
    """
    from spikeinterface.curation.auto_merge import (
        _default_step_params,
        compute_cross_contaminations,
    )

    params = _default_step_params["cross_contamination"]
    periods = params["censored_period_ms"], params["refractory_period_ms"]

    def p_value(pair: _Pair, _: float) -> float:
        _, values = compute_cross_contaminations(pair, None, params["cc_thresh"], periods)
        return float(values[0, 1])

    with _turn:
        return _of_pairs(a, b, p_value)


def slay(a: Summaries, b: Summaries) -> Similarities:
    """What SLAy decides merges by, at most 1: templates, cross-correlogram, refractory period.

    The measure of the preset `slay`, of pairs whose templates are as alike as that preset asks
    for; 0 for others.
    """
    from spikeinterface.curation.auto_merge import _default_step_params, compute_slay_matrix

    params = _default_step_params["slay_score"]

    def measure(pair: _Pair, template: float) -> float:
        pair.compute_correlograms()
        differences = np.array([[0.0, 1.0 - template], [1.0 - template, 0.0]])
        found = compute_slay_matrix(
            pair, params["k1"], params["k2"], differences, np.array([[False, True], [False, False]])
        )
        return float(found[0, 1])

    with _turn:
        return _of_pairs(a, b, measure)


def _templates(a: Summaries, b: Summaries, method: str, max_lag_ms: float = 0.0) -> Similarities:
    """Similarity of every template of one list to every one of another; 0 where there is none.

    On the channels near either of the two, as templates that are sparse by radius are compared, and
    0 where no channel is near both.
    """
    from spikeinterface.postprocessing.template_similarity import (
        compute_similarity_with_templates_array,
    )

    found = np.zeros((len(a), len(b)))
    of_a, of_b = (
        {i: s.mean_waveform for i, s in enumerate(of) if s.mean_waveform is not None}
        for of in (a, b)
    )
    if not of_a or not of_b:
        return found
    templates = [np.stack(list(of.values())) for of in (of_a, of_b)]
    near = [
        _near([summaries[i] for i in of], each)
        for summaries, of, each in zip((a, b), (of_a, of_b), templates, strict=True)
    ]
    train = next((s.train for s in (*a, *b) if s.train is not None), None)
    shifts = 0 if train is None else int(max_lag_ms * train.sample_rate / 1000)
    values, _ = compute_similarity_with_templates_array(
        *templates,
        method=method,
        support="union",
        num_shifts=shifts,
        sparsity=near[0],
        other_sparsity=near[1],
    )
    found[np.ix_(list(of_a), list(of_b))] = np.nan_to_num(values)
    return found


def _near(of: Summaries, templates: NDArray[Any]) -> NDArray[np.bool_]:
    """The channels near every cluster; all where that is not known."""
    every = np.ones(templates.shape[2], np.bool_)
    return np.stack([every if s.footprint is None else s.footprint for s in of])


def _of_pairs(a: Summaries, b: Summaries, measure: Callable[[_Pair, float], float]) -> Similarities:
    """A measure of pairs whose templates are alike; 0 for others, 1 for a cluster and itself."""
    from spikeinterface.curation.auto_merge import _default_step_params

    params = _default_step_params["template_similarity"]
    templates = _templates(a, b, params["similarity_method"])
    found = np.zeros((len(a), len(b)))
    for i, j in np.argwhere(1 - templates < params["template_diff_thresh"]).tolist():
        one, other = a[i].train, b[j].train
        if a[i] is b[j]:
            found[i, j] = 1.0
        elif one is not None and other is not None:
            found[i, j] = np.nan_to_num(measure(_Pair(one, other), templates[i, j]))
    return np.clip(found, 0.0, 1.0)


class _Pair:
    """Two clusters, the larger one first, as what is asked of a SortingAnalyzer here."""

    def __init__(self, one: Train, other: Train) -> None:
        from spikeinterface import NumpySorting

        # The measures are not quite symmetric: the order must not depend on who asks.
        trains = sorted((one.read(), other.read()), key=lambda t: (-len(t), t[:1].tolist()))
        self.sampling_frequency = one.sample_rate
        self._n_samples = round(one.duration * one.sample_rate)
        self.sorting: Any = NumpySorting.from_unit_dict(
            [dict(enumerate(trains))], sampling_frequency=one.sample_rate
        )
        self.unit_ids = self.sorting.unit_ids
        self._correlograms: _Correlograms | None = None

    def get_num_units(self) -> int:
        return len(self.unit_ids)

    def get_total_samples(self) -> int:
        return self._n_samples

    def compute_correlograms(self) -> None:
        """As the extension of an analyzer computes them by default."""
        from spikeinterface.postprocessing import compute_correlograms

        self._correlograms = _Correlograms(*compute_correlograms(self.sorting))

    def get_extension(self, name: str) -> Any:
        return self._correlograms if name == "correlograms" else None


class _Correlograms:
    """Correlograms as an extension of a SortingAnalyzer holds them."""

    def __init__(self, counts: NDArray[Any], edges: NDArray[Any]) -> None:
        self._data = counts, edges
        self.params = {"bin_ms": float(edges[1] - edges[0])}

    def get_data(self) -> tuple[NDArray[Any], NDArray[Any]]:
        return self._data


def _spec(name: str, words: str, function: Callable[[Summaries, Summaries], Any]) -> RankingSpec:
    return RankingSpec(
        "similarity", name, words, function, SOURCE, requires="spikeinterface", is_slow=True
    )


TEMPLATE_COSINE = _spec(
    "template cosine", "cosine of the mean waveforms, by SpikeInterface", template_cosine
)
X_CONTAMINATIONS = _spec(
    "x_contaminations",
    "probability that the spikes coincide no more than those of one neuron, by SpikeInterface",
    x_contaminations,
)
SLAY = _spec(
    "slay",
    "measure by which SLAy merges: templates, cross-correlogram, refractory period; by "
    "SpikeInterface",
    slay,
)
