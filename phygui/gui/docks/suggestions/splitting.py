"""Automatic split: parts of the selected clusters, seen in every view before they are made."""

from __future__ import annotations

from phygui.curation.edits.update import EditError, in_words
from phygui.curation.statistics.preview import MOST
from phygui.curation.suggestions.splitting.parts import Parts
from phygui.curation.suggestions.splitting.proposal import Proposal
from phygui.gui.base.context import WindowContext
from phygui.gui.base.work import Latest


class Splitting:
    """Has parts proposed in a worker, and shows them; the session forgets them by itself."""

    def __init__(self, window: WindowContext) -> None:
        self._window = window
        self._session = window.session
        # What is wanted, and of what state of the session.
        self._n_parts: int | None = None
        self._generation = -1
        self._clusters: tuple[int, ...] = ()
        self._said = ""
        # A burst of keys asks for the last number only.
        self._work = Latest(window.pool, window)
        self._work.done.connect(self._receive)
        self._work.failed.connect(self._fail)
        self._session.proposed.connect(self._say)
        self._session.selection_changed.connect(lambda _: self._say())
        self._session.time_range_changed.connect(self._follow_range)

    @property
    def proposal(self) -> Proposal | None:
        """The parts that are shown."""
        return self._session.shown.proposal

    @property
    def is_busy(self) -> bool:
        """Whether parts are being looked for."""
        return self._work.is_busy

    @property
    def is_active(self) -> bool:
        """Whether parts are shown, or looked for, so that Escape has something to drop."""
        return self.proposal is not None or self.is_busy

    def propose(self) -> None:
        """Propose as many parts of the selected clusters as look like units."""
        self._window.show_dock("splits")
        self._ask(None)

    def change(self, step: int) -> None:
        """Propose more parts, or fewer."""
        n_parts = self._n_parts
        if n_parts is None:
            if self.proposal is None:
                raise EditError("parts are being looked for: wait for them")
            n_parts = self.proposal.parts.n_parts
        if not 1 <= n_parts + step <= MOST:
            raise EditError(f"there may be 1 to {MOST} parts, not {n_parts + step}")
        self._ask(n_parts + step)

    def accept(self) -> None:
        """Make a cluster of each part."""
        if self.proposal is None or self.is_busy:
            raise EditError("parts are being looked for: wait for them")
        self._session.split_into(self.proposal.parts)

    def drop(self) -> None:
        """Show the clusters as they are again."""
        self._work.cancel()
        self._n_parts = None
        self._window.unsay(self._said)
        self._session.propose(None)

    def _ask(self, n_parts: int | None) -> None:
        session = self._session
        selected = tuple(session.selected)
        job = session.suggestions.parts_job(selected, n_parts)
        self._n_parts, self._generation = n_parts, session.generation
        self._clusters = selected
        what = "parts" if n_parts is None else "1 part" if n_parts == 1 else f"{n_parts} parts"
        self._tell(f"looking for {what} of {in_words(selected)} ... Escape stops")
        self._work.request(job)

    def _receive(self, parts: Parts | None) -> None:
        if parts is None:
            return
        if self._session.generation != self._generation:
            self._window.unsay(self._said)
            return
        # What is told of the same number may not have changed; the mark of its state has.
        self._generation += 1
        self._window.attempt(lambda: self._session.propose(parts))

    def _follow_range(self) -> None:
        """Parts are those of whole clusters: within a range of time they are wanted as before."""
        if self.is_active and tuple(self._session.selected) == self._clusters:
            self._generation = self._session.generation

    def _fail(self, error: Exception) -> None:
        self._window.unsay(self._said)
        self._window.fail(error)
        self._window.update_state()

    def _say(self) -> None:
        """Say which parts are shown, and what the keys do; nothing once they are gone."""
        proposal, session = self.proposal, self._session
        if proposal is None:
            if session.generation != self._generation:
                self._work.cancel()
                self._n_parts = None
            if not self.is_busy:
                self._window.unsay(self._said)
            return
        if proposal.generation != self._generation:
            # Chosen from the list: a number that was asked for before says nothing of it.
            self._work.cancel()
            self._n_parts, self._generation = None, proposal.generation
        n_parts, asked = proposal.parts.n_parts, self._n_parts
        fewer = f" ({asked} were asked for)" if asked not in (None, n_parts) else ""
        keys = "Return splits, + and - change the number, Escape drops it"
        if n_parts == 1:
            keys = "+ proposes two parts, Escape drops it"
        elif not session.shown.is_editable:
            keys = "+ and - change the number, Escape drops it"
        self._tell(f"{proposal.in_words()}{fewer} · {keys}")

    def _tell(self, text: str) -> None:
        self._said = text
        self._window.say(text)
