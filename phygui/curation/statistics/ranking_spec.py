"""What a ranking is, and which ones there are: what the best queue and the matches go by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from typing import Any, Literal

from phygui.analysis import Metric, similarity, waveform_similarity
from phygui.curation.statistics.similarity_rows import Similarity
from phygui.curation.statistics.snapshot import ClusterStats
from phygui.curation.statistics.stats import default_quality
from phygui.plugins import LIMITS, Guarded, added, remember_forgetting
from phygui.words import no_such

GROUP = "phygui.rankings"

Kind = Literal["quality", "similarity"]
KINDS: tuple[Kind, ...] = ("quality", "similarity")
Quality = Callable[[ClusterStats, Mapping[str, Metric]], float]


@dataclass(frozen=True)
class RankingSpec:
    """A way to rank clusters: what it is called, and how it is computed.

    Attributes
    ----------
    kind : ``"quality"`` or ``"similarity"``
        What it ranks: the best queue, or the matches of a cluster.
    name : str
        What it is chosen by.
    help : str
        One clause that says what it goes by; the tooltip of its column.
    function : callable
        Of a quality, from the :class:`~phygui.curation.statistics.stats.ClusterStats` of a cluster
        and its metrics by name (empty until they are computed) to a finite number, larger for
        better clusters. Of a similarity, from two sequences of
        :class:`~phygui.analysis.ClusterSummary` to the matrix of their similarities in [0, 1],
        (len(a), len(b)); what lies outside is clipped. It is called from several threads.
    source : str
        What it is from.
    requires : str
        The package that it takes, if that does not come with the program. It is only to be
        imported when the function is called.
    is_slow : bool
        Whether a window must not wait for it: a similarity that is computed in workers only. Until
        it has come, the matches go by the program's own, as merge suggestions always do then.
    """

    kind: Kind
    name: str
    help: str
    function: Callable[..., Any]
    source: str = ""
    requires: str = ""
    is_slow: bool = False

    @property
    def hindrance(self) -> str:
        """Why it cannot be used, in one clause; empty if it can."""
        if not self.requires or find_spec(self.requires) is not None:
            return ""
        return f"the package {self.requires} is not installed"


QUALITY = RankingSpec(
    "quality",
    "agreement",
    "likely agreement of the cluster with one neuron, 0 to 1: the order of the best clusters",
    default_quality,
    "The refractory period: Hill, Mehta and Kleinfeld (2011), Journal of Neuroscience 31(24), "
    "8699-8705; Llobet, Wyngaard and Barbour (2022), bioRxiv 2022.02.08.479192.",
)
SIMILARITY = RankingSpec(
    "similarity",
    "separation",
    "similarity to the first best cluster, 0 to 1",
    similarity,
    "Fisher (1936), The use of multiple measurements in taxonomic problems, Annals of Eugenics "
    "7(2), 179-188.",
)
WAVEFORM_SIMILARITY = RankingSpec(
    "similarity",
    "waveforms",
    "similarity of the mean waveforms to those of the first best cluster, 0 to 1",
    waveform_similarity,
)
_BUILT_IN = (QUALITY, SIMILARITY, WAVEFORM_SIMILARITY)
_registered: dict[tuple[Kind, str], RankingSpec] = {}
_chosen: dict[Kind, RankingSpec] = {}


def rankings(kind: Kind) -> tuple[RankingSpec, ...]:
    """All rankings of a kind, that of the program first; also those with a `hindrance`."""
    every = (*_BUILT_IN, *_installed(), *_registered.values())
    return tuple({spec.name: spec for spec in every if spec.kind == kind}.values())


def ranking_in_use(kind: Kind) -> RankingSpec:
    """What sessions opened from now on go by."""
    return _chosen.get(kind, QUALITY if kind == "quality" else SIMILARITY)


def register_ranking(spec: RankingSpec) -> None:
    """Have a ranking of your own among those that may be chosen."""
    _registered[spec.kind, spec.name] = spec


def choose_ranking(kind: Kind, name: str | None) -> None:
    """Let sessions opened from now on go by a ranking; None is that of the program.

    Raises
    ------
    ValueError
        If there is no ranking with this name, or what it takes is not installed.
    """
    if name is None:
        _chosen.pop(kind, None)
    else:
        _chosen[kind] = find_ranking(kind, name)


def find_ranking(kind: Kind, name: str) -> RankingSpec:
    """The ranking with a name, if it can be used.

    Raises
    ------
    ValueError
        If there is none, or what it takes is not installed.
    """
    if kind not in KINDS:
        raise ValueError(no_such("kind of ranking", repr(kind), KINDS))
    known = {spec.name: spec for spec in rankings(kind)}
    if name not in known:
        raise ValueError(f"no {kind} is called {name!r}; there are {', '.join(known)}")
    if reason := known[name].hindrance:
        raise ValueError(f"the {kind} {name!r} cannot be used: {reason}")
    return known[name]


def register_quality(function: Quality | None) -> None:
    """Let the best queue go by a function of your own, in sessions opened from now on.

    Parameters
    ----------
    function : callable or None
        As in :class:`RankingSpec`. None goes back to the quality that the program comes with; so
        does a session, and says so, once the function raises or returns something else.
    """
    _register_function("quality", function)


def register_similarity(function: Similarity | None) -> None:
    """Let matches be ranked by a function of your own, in sessions opened from now on.

    Parameters
    ----------
    function : callable or None
        As in :class:`RankingSpec`. None goes back to :func:`phygui.analysis.similarity`; so does a
        session, and says so, once the function raises or returns something else.
    """
    _register_function("similarity", function)


def _register_function(kind: Kind, function: Callable[..., Any] | None) -> None:
    if function is None:
        choose_ranking(kind, None)
        return
    name = getattr(function, "__name__", type(function).__name__)
    register_ranking(RankingSpec(kind, name, f"{kind} by the function {name}", function))
    choose_ranking(kind, name)


@cache
def _installed() -> tuple[RankingSpec, ...]:
    """Those of installed packages, ours among them, and of the plugin folder."""
    found = []
    taken = {_full_name(spec) for spec in _BUILT_IN}
    for spec, plugin in added(GROUP, taken, _full_name):
        if plugin is not None:
            function = Guarded(plugin, spec.function, limit_s=LIMITS.metric_s)
            spec = replace(spec, function=function)
        found.append(spec)
    return tuple(found)


def _full_name(spec: RankingSpec) -> str:
    return f"{spec.kind} {spec.name}"


remember_forgetting(_installed.cache_clear)
