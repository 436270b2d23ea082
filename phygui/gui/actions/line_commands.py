"""One-line commands such as ``g 4 9``: what they do, and how each word is completed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from phygui.curation.edits.update import EditError, insist
from phygui.curation.navigation.cluster_list import N_SORT_KEYS
from phygui.curation.navigation.row_filter import column_name
from phygui.curation.statistics.spike_attributes import attribute_words
from phygui.gui.actions.context import ActionContext
from phygui.gui.dialogs.view_settings import range_problem
from phygui.views.correlogram.data import CorrelogramParams
from phygui.words import no_such

MOST_NAMED = 100_000
"""Clusters that one line may name."""
CLUSTERS = re.compile(r"([0-9]{1,30})(?:-([0-9]{1,30}))?")
"""A cluster id, or a range of them."""


def _no_words(_: ActionContext, __: str) -> Iterable[str]:
    return ()


@dataclass(frozen=True)
class Snippet:
    """One command of the command line."""

    name: str
    usage: str
    tip: str
    run: Callable[[ActionContext, str], object]
    words: Callable[[ActionContext, str], Iterable[str]] = _no_words
    """The words that may stand after what is written."""


def _clusters(text: str) -> list[int] | None:
    """Cluster ids, separated by spaces or commas; ``4-9`` is a range. None if none is named."""
    ids: list[int] = []
    if not text.strip():
        return None
    for word in text.replace(",", " ").split():
        named = CLUSTERS.fullmatch(word)
        if named is None:
            raise EditError(f"{word!r} is not a cluster id, nor a range such as 4-9")
        first = int(named[1])
        last = first if named[2] is None else int(named[2])
        if last < first:
            raise EditError(f"{word!r} is not a range: it ends before it begins")
        if len(ids) + last - first >= MOST_NAMED:
            raise EditError("too many clusters are named")
        ids.extend(range(first, last + 1))
    if not ids:
        raise EditError(f"{text.strip()!r} names no cluster")
    return ids


def _numbers(text: str, n: int, usage: str) -> list[float]:
    words = text.split()
    try:
        values = [float(word) for word in words]
    except ValueError:
        values = []
    if len(values) != n:
        raise EditError(f"usage: {usage}")
    return values


def _merge(w: ActionContext, text: str) -> None:
    w.session.merge(_clusters(text))


def _select(w: ActionContext, text: str) -> None:
    w.session.select(_clusters(text) or ())


def _move(w: ActionContext, text: str) -> None:
    group, rest = _group(w, text.strip())
    ids = _clusters(rest)
    try:
        insist(w.session.move(w.session.selected if ids is None else ids, group))
    except EditError as error:
        if group.casefold() in map(str.casefold, w.session.group_names.values()):
            raise
        gap = " " if str(error).endswith("?") else "; "
        raise EditError(f"{error}{gap}Edit > New group... adds one") from None


def _group(w: ActionContext, text: str) -> tuple[str, str]:
    """The name of a group that a text begins with, and the rest; names may hold spaces."""
    if text.startswith('"') and '"' in text[1:]:
        name, _, rest = text[1:].partition('"')
        return name, rest
    lower, names = f"{text.lower()} ", w.session.group_names.values()
    begun = [name for name in names if lower.startswith(f"{name.lower()} ")]
    if begun:
        longest = max(map(len, begun))
        return text[:longest], text[longest:]
    name, _, rest = text.partition(" ")
    return name, rest


def _filter(w: ActionContext, text: str) -> None:
    w.session.navigation.clusters.set_filter(text)


def _sort(w: ActionContext, text: str) -> None:
    rows = w.session.navigation.clusters
    names, headings = rows.columns(), rows.headings
    order = {
        column_name(word.removeprefix("-"), names, headings): not word.startswith("-")
        for word in text.split()
    }
    if not order:
        raise EditError("usage: s -n_spikes")
    if len(order) > N_SORT_KEYS:
        raise EditError(f"the table is sorted by {N_SORT_KEYS} columns at most, not {len(order)}")
    rows.set_order(order.items())


def _time(w: ActionContext, text: str) -> None:
    seconds, span = _numbers(text, 1, "t SECONDS")[0], w.session.shank.span
    if not 0 <= seconds <= span:
        raise EditError(f"{seconds:g} s is outside of the recording, 0 to {span:.3f} s")
    w.commands.trace_to(seconds)


def _range(w: ActionContext, text: str) -> None:
    if not text.strip():
        w.session.clear_time_range()
        return
    w.session.set_time_range(*_numbers(text.replace(",", " "), 2, "range START STOP, in seconds"))


def _matches(w: ActionContext, text: str) -> None:
    if text.strip() and not text.strip().isdecimal():
        raise EditError("usage: n 8")
    w.batches.select_matches(int(text) if text.strip() else None)


def _bins(w: ActionContext, text: str) -> None:
    bin_ms, window_ms = _numbers(text, 2, "b BIN_MS WINDOW_MS")
    if not bin_ms < window_ms:
        raise EditError("the bin must be below the window")
    for name, value in (("bin_ms", bin_ms), ("window_ms", window_ms)):
        if problem := range_problem(CorrelogramParams, name, value):
            raise EditError(problem)
    for view in w.views("correlograms"):
        view.change_params(bin_ms=bin_ms, window_ms=window_ms)


def _split(w: ActionContext, text: str) -> None:
    if not text.strip():
        raise EditError("usage: split amplitude < 120")
    w.commands.split_where(text)


def _label(w: ActionContext, text: str) -> None:
    w.commands.set_label(text)


def _group_words(w: ActionContext, text: str) -> Iterable[str]:
    # In any case of letters: what is written already stays as it is.
    return [
        text + name[len(text) :]
        for name in w.session.group_names.values()
        if name.lower().startswith(text.lower())
    ]


def _column_words(w: ActionContext, text: str) -> Iterable[str]:
    sign = "-" if text.rpartition(" ")[2].startswith("-") else ""
    return [sign + name for name in w.cluster_table.column_names]


def _filter_words(w: ActionContext, text: str) -> Iterable[str]:
    if text.count('"') % 2:
        return [f'"{name}"' for name in w.session.group_names.values()]
    return [*w.cluster_table.column_names, "and", "or", "not", "in"]


def _spike_words(w: ActionContext, text: str) -> Iterable[str]:
    return [*attribute_words(w.session.shank).keys, "and", "or", "not"]


def _label_words(w: ActionContext, text: str) -> Iterable[str]:
    key, equals, _ = text.partition("=")
    labels = [w.session.labels_of(c) for c in w.session.spikes_per_cluster]
    if equals:
        return sorted({f"{key}={of[key]}" for of in labels if key in of})
    return sorted({f"{k}=" for of in labels for k in of})


SNIPPETS = (
    Snippet("g", "g 4 9", "merge clusters; without ids, the selected ones", _merge),
    Snippet("c", "c 4 9", "select clusters", _select),
    Snippet(
        "m",
        "m good 12",
        "move clusters to a group; without ids, the selected ones",
        _move,
        _group_words,
    ),
    Snippet(
        "l",
        "l key=value",
        "label the selected clusters; key= removes the label",
        _label,
        _label_words,
    ),
    Snippet(
        "f",
        'f n_spikes > 1000 and group != "noise"',
        "filter the cluster table",
        _filter,
        _filter_words,
    ),
    Snippet(
        "s", "s -n_spikes", "sort the cluster table by columns; - sorts down", _sort, _column_words
    ),
    Snippet("t", "t 12.5", "move the traces to a time in seconds", _time),
    Snippet("n", "n 8", "select so many similar clusters, also by Ctrl+Space later on", _matches),
    Snippet(
        "range",
        "range 10 60",
        "show nothing but a range of time, in seconds; without one, all of the recording",
        _range,
    ),
    Snippet(
        "v",
        "v merge",
        "arrange the docks by the name of a layout",
        lambda w, text: w.layout_keeper.show(text.strip()),
        lambda w, text: w.layout_keeper.names,
    ),
    Snippet(
        "split",
        "split amplitude < 120",
        "split the selected clusters by a condition on attributes of their spikes",
        _split,
        _spike_words,
    ),
    Snippet(
        "r",
        "r waveforms",
        "rank the best clusters or the matches by the name of a ranking",
        lambda w, text: w.commands.rank_by(text.strip()),
        lambda w, text: w.commands.ranking_names,
    ),
    Snippet("b", "b 0.5 50", "bin and window of the correlograms, milliseconds", _bins),
)
BY_NAME = {snippet.name: snippet for snippet in SNIPPETS}


def run_snippet(context: ActionContext, line: str) -> None:
    """Run one line.

    Raises
    ------
    EditError, FilterError, DatasetError
        If it cannot be done; the text is one sentence.
    """
    name, _, rest = line.strip().lstrip(":").strip().partition(" ")
    if not name:
        return
    if name not in BY_NAME:
        raise EditError(_no_command(name))
    BY_NAME[name].run(context, rest)


def _no_command(name: str) -> str:
    """What is said of a command that there is not: ``merge`` is nearest to ``g 4 9``."""
    for snippet in SNIPPETS:
        verb = snippet.tip.partition(" ")[0]
        if difflib.get_close_matches(name.lower(), [verb]):
            return f"no command {name!r}; did you mean {snippet.usage}?"
    return no_such("command", repr(name), BY_NAME)


LAST_WORD = re.compile(r'"?[^\s"()<>!,]*$')


def completions(context: ActionContext, line: str) -> list[str]:
    """Whole lines that the last word of a line can be completed to."""
    name, space, rest = line.lstrip().partition(" ")
    if not space:
        return [s.name for s in SNIPPETS if s.name.startswith(name)] if name else []
    snippet = BY_NAME.get(name)
    if snippet is None:
        return []
    # A label is one word, spaces in its value included, and so is the name of a group or ranking.
    begun = rest if name in ("l", "m", "r") else _last_word(rest)
    head = line[: len(line) - len(begun)]
    words = snippet.words(context, rest)
    return [head + word for word in words if word.startswith(begun) and word != begun]


def _last_word(text: str) -> str:
    found = LAST_WORD.search(text)
    return found.group() if found else ""


def snippet_rows() -> list[tuple[str, str]]:
    """Usage and meaning of every snippet, for the list of keys."""
    return [(f":{snippet.usage}", snippet.tip) for snippet in SNIPPETS]
