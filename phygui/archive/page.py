"""A report on an archive as HTML: one file that needs no other."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import numpy as np

from phygui._version import __version__
from phygui.archive.archive import Session
from phygui.archive.columns import BY_NAME, length_text
from phygui.archive.curators import SAME, Agreed
from phygui.archive.totals import Totals
from phygui.dataset.groups import BEST_FIRST, GROUP_NAMES
from phygui.exports.report.style import page_start
from phygui.exports.report.summary import SIZE, group_bars, group_kind
from phygui.exports.report.svg import Axes, text_of
from phygui.words import counted

_FIRST = [GROUP_NAMES[group] for group in BEST_FIRST]
_N_BINS = 20
_COLUMNS = ("name", "date", "length", "clusters")


def page(totals: Totals) -> Iterator[str]:
    """The page, piece by piece."""
    heading = text_of(f"Archive {totals.folder.name or totals.folder}")
    now = datetime.now().astimezone()
    yield page_start(heading)
    yield f"<header><h1>{heading}</h1>{_lead(totals)}{_facts(totals, now)}</header>\n"
    yield from _summary(totals)
    yield from _decisions(totals)
    yield from _units(totals)
    yield from _agreement(totals)
    yield from _unread(totals)
    yield (
        f"<footer>Written by phygui {text_of(__version__)} on {now:%Y-%m-%d %H:%M %Z}."
        "</footer></body></html>\n"
    )


def _lead(totals: Totals) -> str:
    n_decided = sum(s.overview is not None and s.overview.is_decided for s in totals.sessions)
    counts = ", ".join(f"{totals.groups[g]:,} {text_of(g)}" for g in _groups(totals))
    n_clusters = sum(totals.groups.values())
    words = f"{counted(len(totals.sessions), 'session')}, {n_decided:,} of them decided"
    return (
        f'<p class="lead">{words}; {counted(n_clusters, "cluster")}'
        f"{f': {counts}' if counts else ''}.</p>"
    )


def _facts(totals: Totals, now: datetime) -> str:
    seconds = [s.overview.duration or 0.0 for s in totals.sessions if s.overview is not None]
    spikes = [s.overview.n_spikes or 0 for s in totals.sessions if s.overview is not None]
    formats = sorted({s.overview.format_name for s in totals.sessions if s.overview is not None})
    facts = [
        ("Folder", text_of(totals.folder)),
        ("Formats", text_of(", ".join(formats) or "none")),
        ("Recorded", f"{length_text(sum(seconds))}, {sum(spikes):,} spikes"),
        ("Report", f"{now:%Y-%m-%d %H:%M %Z}"),
        ("Versions", f"phygui {text_of(__version__)}, Python {platform.python_version()}"),
    ]
    rows = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts)
    unsaved = sum(s.overview is not None and s.overview.has_unsaved for s in totals.sessions)
    warning = (
        f'<p class="warn">Edits of {counted(unsaved, "session")} that were not saved are left '
        "out.</p>"
        if unsaved
        else ""
    )
    return f'{warning}<dl class="facts">{rows}</dl>'


def _groups(totals: Totals) -> list[str]:
    """The groups that there are, the usual ones first."""
    own = sorted(set(totals.groups).difference(_FIRST))
    return [group for group in (*_FIRST, *own) if totals.groups[group]]


def _summary(totals: Totals) -> Iterator[str]:
    counts = {group: totals.groups[group] for group in _groups(totals)}
    yield '<section><h2>Summary</h2><div class="summary">'
    yield _figure(group_bars(counts), "Clusters in each group, of all sessions.")
    yield _figure(_share_figure(totals), "Sessions by the share of their clusters that is decided.")
    yield "</div></section>\n"


def _figure(svg: str, caption: str) -> str:
    return f"<figure>{svg}<figcaption>{caption}</figcaption></figure>"


def _share_figure(totals: Totals) -> str:
    known = (BY_NAME["decided"].value(session) for session in totals.sessions)
    shares = [100 * share for share in known if isinstance(share, float)]
    edges = np.linspace(0, 100, _N_BINS + 1)
    found = np.histogram(shares, edges)[0]
    axes = Axes(
        SIZE,
        (0, 100),
        (0, 1.2 * max(float(found.max()), 1.0)),
        ("decided clusters (%)", "sessions"),
        title="How far sessions are",
    )
    axes.steps(edges, found)
    return axes.finish()


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], n_left: int = 1) -> Iterator[str]:
    """A table of texts that are HTML already, the first columns at the left."""

    def cells(texts: Sequence[str], kind: str) -> str:
        looks = ["text"] * n_left + ["whole"] * (len(texts) - n_left)
        return "".join(
            f'<{kind} class="{look}">{text}</{kind}>'
            for look, text in zip(looks, texts, strict=True)
        )

    yield f'<div class="scroll"><table><thead><tr>{cells(heads, "th")}</tr></thead><tbody>\n'
    for row in rows:
        yield f"<tr>{cells(row, 'td')}</tr>\n"
    yield "</tbody></table></div>"


def _decisions(totals: Totals) -> Iterator[str]:
    yield '<section class="table"><h2>Decisions</h2>'
    if not totals.people:
        yield "<p>No save by this program is known.</p></section>\n"
        return
    yield (
        '<p class="note">Saves of which the state is kept, the last ten of each session, and the '
        "edits in them.</p>"
    )
    yield from _table(
        ["who", "sessions", "saves", "edits", "last save"],
        (
            [
                text_of(name or "not known"),
                f"{len(of.sessions):,}",
                f"{of.n_saves:,}",
                f"{of.n_edits:,}",
                "–" if of.last is None else f"{of.last:%Y-%m-%d %H:%M}",
            ]
            for name, of in totals.people.items()
        ),
    )
    yield "</section>\n"


def _units(totals: Totals) -> Iterator[str]:
    groups = _groups(totals)
    heads = [text_of(BY_NAME[name].title) for name in _COLUMNS]
    heads += [
        f'<span class="group {group_kind(group)}">{text_of(group)}</span>' for group in groups
    ]
    heads += ["decided", "saved", "by"]
    yield '<section class="table"><h2>Units by session</h2>'
    yield from _table(heads, (_row(s, groups) for s in totals.sessions), n_left=1)
    yield "</section>\n"


def _row(session: Session, groups: Sequence[str]) -> list[str]:
    of = session.overview
    counts = {} if of is None else of.groups
    cells = [text_of(BY_NAME[name].shown(session)) for name in _COLUMNS]
    cells += [f"{counts.get(group, 0):,}" for group in groups]
    return cells + [text_of(BY_NAME[name].shown(session)) for name in ("decided", "saved", "by")]


def _agreement(totals: Totals) -> Iterator[str]:
    yield '<section class="table"><h2>Agreement between curators</h2>'
    if not totals.agreed:
        yield "<p>No session has two clusterings that were curated.</p></section>\n"
        return
    yield (
        '<p class="note">Two clusters are the same unit where they share more than '
        f"{100 * SAME:.0f}% of the spikes that either has. Kappa is the agreement on the groups of "
        "units that are decided in both, beyond that of chance.</p>"
    )
    heads = ["session", "clusterings", "clusters", "same unit", "good", "good in both",
             "decided in both", "in the same group", "kappa"]  # fmt: skip
    rows = [_agreed(text_of(session.name), _names(each), each) for session, each in totals.agreed]
    if len(rows) > 1:
        first, *others = (each for _, each in totals.agreed)
        rows.append(_agreed("<b>all</b>", "", sum(others, first)))
    yield from _table(heads, rows, n_left=2)
    yield "</section>\n"


def _names(of: Agreed) -> str:
    return text_of(f"{of.names[0]}, {of.names[1]}")


def _agreed(session: str, names: str, of: Agreed) -> list[str]:
    share = f" ({100 * of.n_same_group / of.n_decided:.0f}%)" if of.n_decided else ""
    return [
        session,
        names,
        f"{of.n_clusters[0]:,}, {of.n_clusters[1]:,}",
        f"{of.n_same:,}",
        f"{of.n_good[0]:,}, {of.n_good[1]:,}",
        f"{of.n_both_good:,}",
        f"{of.n_decided:,}",
        f"{of.n_same_group:,}{share}",
        "–" if of.kappa is None else f"{of.kappa:.2f}",
    ]


def _unread(totals: Totals) -> Iterator[str]:
    if totals.unread:
        yield '<section class="table"><h2>Not read</h2>'
        yield from _table(
            ["session", "why"], ([text_of(s.name), text_of(s.problem)] for s in totals.unread), 2
        )
        yield "</section>\n"
