"""The curation as a Python script that repeats it on the file that it began with.

Each edit is one call of :class:`phygui.Session`. One that such a call would not repeat to the
cluster id, as what an earlier session saved, is written as what it changed.
"""

from __future__ import annotations

import base64
import textwrap
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.curation.edits.comparison import change_to
from phygui.curation.edits.update import EditError, Update
from phygui.curation.opened import Curation as Opened
from phygui.dataset import ClusteringState, Key
from phygui.errors import DatasetError
from phygui.exports.curation import Curation, ShankCuration
from phygui.exports.spec import ExportSpec
from phygui.exports.work import Work
from phygui.words import plain

_FEW = 12
"""Spikes that are written as they are."""

HEAD = '''\
"""{title}

Made by phygui {version} on {date}. It repeats the curation on the file that it began with, compares
the result, and saves it:

    python {name} {source}
"""

import base64
import sys
import zlib

import numpy as np

from phygui import Session
from phygui.dataset import ClusteringState

BEGINS_OTHERWISE = "this is not what the curation began with; nothing was done"
ENDS_OTHERWISE = "the result differs from that of the curation; nothing was saved"


def spikes(text):
    """Spike ids that are written as their differences, compressed."""
    return np.cumsum(np.frombuffer(zlib.decompress(base64.b64decode(text)), "<i8"))


def changed(session, clusters, groups, labels, names):
    """The clustering with some clusters of other spikes, groups by number, labels, new groups."""
    now = session.state()
    spike_clusters = now.spike_clusters.copy()
    for cluster, ids in clusters.items():
        spike_clusters[ids] = cluster
    groups, labels = {{**now.cluster_groups, **groups}}, {{**now.labels, **labels}}
    living = np.unique(spike_clusters).tolist()
    return ClusteringState(
        spike_clusters,
        {{c: groups[c] for c in living}},
        {{c: labels[c] for c in living if labels.get(c)}},
        {{**now.group_names, **names}},
    )


def check(session, fingerprint, problem):
    """End if the clustering is another one than it is to be; nothing is saved then."""
    if session.state().fingerprint != fingerprint:
        where = f"shank {{session.channel_group}}, clustering {{session.clustering}}"
        session.close(discard=True)
        sys.exit(f"{{session.path}}, {{where}}: {{problem}}")
'''
TAIL = """

def main(path):
    session = Session.open(path)
    if session.unsaved_edits:
        session.close()
        sys.exit(f"{path} has edits that are not saved: save or discard them first")
    for curate in (CURATIONS):
        curate(session)
    session.save()
    session.close()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
"""


def write(curation: Curation, path: Path, _: Mapping[str, Any], work: Work) -> None:
    """Write the script."""
    head = HEAD.format(
        title=f"The curation of {_in_text(curation.path.name)}.",
        version=curation.provenance.version,
        date=f"{curation.provenance.date:%Y-%m-%d %H:%M}",
        name=_in_text(path.name),
        source=_in_text(curation.path.name),
    )
    lines, names = [head.rstrip("\n")], []
    for number, shank in enumerate(curation.shanks):
        part = work.part(number / len(curation.shanks), (number + 1) / len(curation.shanks))
        body = list(_body(curation, shank, part))
        if not body:
            continue
        names.append(f"curate_{number}")
        lines += ["", "", f"def {names[-1]}(session):"]
        lines += [f"    {line}" if line else line for line in body]
    tail = TAIL.replace("(CURATIONS)", f"({', '.join(names)}{',' if len(names) == 1 else ''})")
    path.write_text("\n".join([*lines, tail]), encoding="utf-8")


def _in_text(name: str) -> str:
    """A name that ends no text and hides nothing in it."""
    return plain(name).replace("\\", "/").replace('"', "'").replace("{", "(").replace("}", ")")


def _body(curation: Curation, shank: ShankCuration, work: Work) -> Iterator[str]:
    """The lines for one clustering; none where it is as it was at first."""
    key = (shank.channel_group, shank.clustering)
    updates, state = curation.updates.get(key, ()), shank.state
    before = _before(key, state, updates)
    first = _first(curation, key)
    if not updates and first.equals(before):
        return
    opened = Opened.of(key, first)
    yield f"session.switch({key[0]}, {key[1]!r})"
    yield f'check(session, "{first.fingerprint}", BEGINS_OTHERWISE)'
    if not first.equals(before):
        yield ""
        yield "# What earlier sessions saved."
        yield from _step(opened, change_to(opened, before, "earlier sessions"))
    for update in work.through(updates, "writing the edits"):
        yield ""
        time = f"{update.time:%Y-%m-%d %H:%M:%S}: " if update.time else ""
        yield f"# {time}{plain(update.description)}"
        yield from _step(opened, update)
    yield ""
    yield f'check(session, "{state.fingerprint}", ENDS_OTHERWISE)'


def _before(key: Key, state: ClusteringState, updates: Sequence[Update]) -> ClusteringState:
    """What a clustering was before its edits."""
    opened = Opened.of(key, state)
    for update in reversed(updates):
        opened.apply(update.reversed("undo"))
    return opened.state()


def _first(curation: Curation, key: Key) -> ClusteringState:
    """What was stored before the first save; where it did not exist by then, what is stored."""
    store = curation.dataset.clusterings
    try:
        unedited = store.unedited()
        if unedited is not None:
            return unedited.read(key)
    except DatasetError:
        pass
    return store.read(key)


def _step(opened: Opened, update: Update) -> Iterator[str]:
    """The lines that make an edit, which is made here as well."""
    ids = sorted(update.after)
    gap = bool(ids) and ids[0] > opened.clustering.next_id and ids[0] not in update.before
    if gap and update.kind != "restore":
        # Ids that went to clusters of edits which were undone.
        opened.clustering.reserve(ids[0] - 1)
        yield f"session.reserve({ids[0] - 1})"
    call = _CALLS.get(update.kind)
    found = None if call is None else call(opened, update)
    if found is not None and _is_same(found[0], update):
        yield from found[1]
    else:
        yield "session.become("
        yield "    changed("
        yield "        session,"
        yield "        clusters={"
        for cluster_id, spike_ids in update.after.items():
            yield from _indented(f"{cluster_id}: ", _spikes(spike_ids), 12)
        yield "        },"
        groups = {c: g for c, g in update.groups_after.items() if g is not None}
        yield f"        groups={groups},"
        yield f"        labels={ {c: dict(of) for c, of in update.labels_after.items()} },"
        yield f"        names={ {g: name for g, name in update.names_after.items() if name} },"
        yield "    )"
        yield ")"
    opened.apply(update)


def _merge(opened: Opened, update: Update) -> tuple[Update, list[str]]:
    ids = list(update.before)
    return opened.merge(ids), [f"session.merge({ids})"]


def _split(opened: Opened, update: Update) -> tuple[Update, list[str]]:
    inside = update.after[min(update.after)]
    found = opened.inherit(opened.clustering.split(inside))
    if _is_same(found, update):
        return found, ["session.split(", *_indented("", _spikes(inside), 4), ")"]
    return _assign(opened, update)


def _assign(opened: Opened, update: Update) -> tuple[Update, list[str]]:
    ids = sorted(update.after)
    parts = [update.after[c] for c in ids]
    spike_ids = np.concatenate(parts)
    labels = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    lines = ["parts = [", *(line for part in parts for line in _indented("", _spikes(part), 4))]
    lines += ["]", "session.assign("]
    lines += ["    np.concatenate(parts), np.repeat(np.arange(len(parts)), [*map(len, parts)])"]
    return opened.inherit(opened.clustering.assign(spike_ids, labels)), [*lines, ")"]


def _move(opened: Opened, update: Update) -> tuple[Update, list[str]] | None:
    groups = {c: g for c, g in update.groups_after.items() if g is not None}
    if added := [name for name in update.names_after.values() if name is not None]:
        if groups:
            line = f"session.move({list(groups)}, {added[0]!r}, add=True)"
            return opened.groups.move(groups, added[0], add=True), [line]
        return opened.groups.add(added[0]), [f"session.add_group({added[0]!r})"]
    if removed := [name for name in update.names_before.values() if name is not None]:
        living = opened.cluster_ids.tolist()
        return opened.groups.remove(removed[0], living), [f"session.remove_group({removed[0]!r})"]
    names = {c: _group(opened, g) for c, g in groups.items()}
    if len(set(groups.values())) == 1:
        lines = [f"session.move({list(names)}, {next(iter(names.values()))!r})"]
    else:
        lines = [f"session.move_each({names})"]
    return opened.groups.move_each(names), lines


def _group(opened: Opened, number: int) -> str | int:
    """A group by its name, or by its number where that name is another one's too."""
    name = opened.groups.names.get(number, "")
    try:
        return name if name and opened.groups.number_of(name) == number else number
    except EditError:
        return number


def _label(opened: Opened, update: Update) -> tuple[Update, list[str]] | None:
    ids = list(update.labels_after)
    pairs = {
        (key, update.labels_after[c].get(key))
        for c in ids
        for key in {*update.labels_before.get(c, {}), *update.labels_after[c]}
        if update.labels_before.get(c, {}).get(key) != update.labels_after[c].get(key)
    }
    if len(pairs) != 1:
        return None
    ((key, value),) = pairs
    return opened.labels.label(ids, key, value), [f"session.label({ids}, {key!r}, {value!r})"]


_CALLS: dict[str, Callable[[Opened, Update], tuple[Update, list[str]] | None]] = {
    "merge": _merge,
    "split": _split,
    "assign": _assign,
    "group": _move,
    "label": _label,
}


def _is_same(one: Update, other: Update) -> bool:
    """Whether two changes lead to the same."""
    if one.before.keys() != other.before.keys() or one.after.keys() != other.after.keys():
        return False
    return (
        all(np.array_equal(one.after[c], other.after[c]) for c in one.after)
        and _living(one.groups_after, one) == _living(other.groups_after, other)
        and _living(one.labels_after, one) == _living(other.labels_after, other)
    )


def _living(values: Mapping[int, Any], update: Update) -> dict[int, Any]:
    """Groups or labels of clusters that are there afterwards; no labels are as none at all."""
    gone = update.before.keys() - update.after.keys()
    return {c: value for c, value in values.items() if c not in gone and value not in (None, {})}


def _spikes(spike_ids: NDArray[np.int64]) -> list[str]:
    """Spike ids as an expression, over several lines."""
    if len(spike_ids) <= _FEW:
        return [str(spike_ids.tolist())]
    steps = np.diff(spike_ids, prepend=0).astype("<i8")
    text = base64.b64encode(zlib.compress(steps.tobytes(), 9)).decode()
    return ["spikes(", *(f'    "{line}"' for line in textwrap.wrap(text, 76)), ")"]


def _indented(prefix: str, lines: list[str], n: int) -> list[str]:
    """An expression with a prefix and a comma at the end."""
    found = [prefix + lines[0], *lines[1:]]
    found[-1] += ","
    return [" " * n + line for line in found]


EXPORT = ExportSpec(
    "script",
    "Python script",
    ".py",
    "The curation as calls of phygui.Session that repeat it on the file that it began with.",
    write,
    needs_metrics=False,
    is_whole=True,
)
