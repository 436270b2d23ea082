"""What clusters and matches are ranked by: a list to choose from, kept for later windows."""

from __future__ import annotations

from phygui.curation import rankings
from phygui.curation.edits.update import EditError
from phygui.curation.session import Session
from phygui.curation.statistics.ranking_spec import KINDS, QUALITY, SIMILARITY, Kind, RankingSpec
from phygui.gui.base.settings import Settings
from phygui.gui.dialogs.search_list import SearchList
from phygui.gui.window.parts import WindowParts
from phygui.words import no_such

RANKED: dict[Kind, str] = {"quality": "best clusters", "similarity": "matches"}
USUAL: dict[Kind, RankingSpec] = {"quality": QUALITY, "similarity": SIMILARITY}


def restore_rankings(session: Session, settings: Settings) -> None:
    """Rank as the user chose last, where no script has chosen otherwise."""
    for kind in KINDS:
        name = settings.get(_key(kind))
        if isinstance(name, str) and in_use(session, kind) is USUAL[kind]:
            try:
                session.choose_ranking(kind, name)
            except ValueError as error:
                session.measures.problems.append(f"{error}; the program's own is used instead")


def in_use(session: Session, kind: Kind) -> RankingSpec:
    """What a session ranks by."""
    measures = session.measures
    return measures.quality_spec if kind == "quality" else measures.similarity_spec


def every_ranking() -> list[RankingSpec]:
    """All there are, those of the best clusters first."""
    return [spec for kind in KINDS for spec in rankings(kind)]


def rank_by(window: WindowParts, spec: RankingSpec) -> None:
    """Rank by something else, in this window and in those opened from now on.

    Raises
    ------
    EditError
        If it cannot be used.
    """
    try:
        window.session.choose_ranking(spec.kind, spec.name)
    except ValueError as error:
        raise EditError(str(error)) from None
    usual = spec.name == USUAL[spec.kind].name
    window.settings.set(_key(spec.kind), None if usual else spec.name)
    window.ranked_otherwise()
    window.say(f"the {RANKED[spec.kind]} are ranked by {spec.name}: {spec.help}")


def rank_by_name(window: WindowParts, name: str) -> None:
    """Rank by what is called so.

    Raises
    ------
    EditError
        If there is none, or it cannot be used.
    """
    known = {spec.name: spec for spec in every_ranking()}
    if name not in known:
        usable = [spec.name for spec in known.values() if not spec.hindrance]
        raise EditError(no_such("ranking", repr(name), usable))
    rank_by(window, known[name])


def show_rankings(window: WindowParts) -> None:
    """The list of rankings; choosing one ranks by it."""
    specs = every_ranking()
    rows = [(spec.name, RANKED[spec.kind], _state(window, spec), spec.help) for spec in specs]
    chooser = SearchList(window, "Rank by", ["ranking", "of", "", ""], rows)

    def run() -> None:
        chosen = chooser.chosen
        if chosen is not None:
            window.attempt(lambda: rank_by(window, specs[chosen]))

    chooser.accepted.connect(run)
    if window.palette_list is not None:
        window.palette_list.deleteLater()
    window.palette_list = chooser
    chooser.open()
    chooser.search.setFocus()


def _state(window: WindowParts, spec: RankingSpec) -> str:
    """Whether a ranking is in use, or why it cannot be."""
    return "in use" if in_use(window.session, spec.kind) is spec else spec.hindrance


def _key(kind: Kind) -> str:
    return f"ranking/{kind}"
