"""What a part of a window may know of it: no part need import the window, nor another part."""

from __future__ import annotations

import logging
from abc import ABCMeta, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QMainWindow
from qtpy.sip import wrappertype

from phygui.curation.edits.update import EditError, in_words
from phygui.curation.session import Session
from phygui.errors import DatasetError
from phygui.gui.base.memory import Trimmer
from phygui.gui.base.settings import Settings
from phygui.gui.base.theme import plain_tip
from phygui.gui.base.work import Pool

log = logging.getLogger(__name__)


class Background(Protocol):
    """The long work in the background, suggestions of each kind only while somebody wants them."""

    @property
    def is_stopped(self) -> bool: ...
    def want(self, dock: str, wanted: bool) -> None: ...
    def toggle(self) -> None: ...


class _AbstractWidget(wrappertype, ABCMeta):
    """Makes a class of Qt's an abstract one as well."""


class WindowContext(QMainWindow, metaclass=_AbstractWidget):
    """A session, and the means to show something of it: workers, settings, a line to say things.

    It is the window itself, since docks, menus and dialogs must be given to one.
    """

    session: Session
    settings: Settings
    pool: Pool
    trimmer: Trimmer
    theme: str
    background: Background
    status: Mapping[str, QLabel]
    is_disposed: bool
    """Whether the window has given back what it held."""
    open_wanted = Signal(object)
    """Another dataset is to be opened: a path, or an Ask."""

    def __init__(self) -> None:
        super().__init__()
        self.is_disposed = False
        self._slip = ""

    # -- what the window composed of the parts does ----------------------------------------------

    @abstractmethod
    def show_dock(self, name: str) -> None:
        """Bring a dock to the front."""

    @abstractmethod
    def update_state(self) -> None:
        """Title, status bar and what is enabled follow the session."""

    @property
    @abstractmethod
    def views_are_busy(self) -> bool:
        """Whether a visible view is loading or has still to paint."""

    # -- doing things and saying them ------------------------------------------------------------

    def attempt(self, work: Callable[[], object]) -> None:
        """Do something for the user; what cannot be done is said in the status bar."""
        before, self._slip = self._slip, ""
        try:
            work()
        except (EditError, DatasetError) as error:
            self.say(str(error), wrong=True)
            self._slip = str(error)
        else:
            # Work may have attempted a part of it by itself, in vain.
            if not self._slip:
                self._slip = before
                self._forget_slip()
        self.update_state()

    def _forget_slip(self) -> None:
        """What could not be done before is no longer of interest."""
        if self._slip:
            self.unsay(self._slip)
        self._slip = ""

    def say(self, text: str, *, wrong: bool = False) -> None:
        """Show one sentence in the status bar."""
        label = self.status["edit"]
        label.setText(text)
        label.setToolTip(plain_tip(text))
        label.setProperty("wrong", "true" if wrong else "false")
        label.style().polish(label)

    def unsay(self, text: str) -> None:
        """Take a sentence off the status bar, if no other has taken its place."""
        if self.status["edit"].text() == text:
            self.say("")

    def show_trouble(self, sentence: str, error: object) -> None:
        """Something failed that should not have: say so and go on."""
        log.error("%s: %r", sentence, error)
        self.say(f"{sentence}: {error}", wrong=True)

    def fail(self, error: Exception) -> None:
        """Say what a worker could not do."""
        if isinstance(error, EditError | DatasetError):
            self.say(str(error), wrong=True)
        else:
            self.show_trouble("Something failed", error)

    def select_clicked(self, cluster_id: int) -> None:
        """A cluster was clicked in a view."""
        self._select_shown([cluster_id])

    def select_pair(self, first: int, second: int) -> None:
        """Two clusters were clicked in a view."""
        self._select_shown([first, second])

    def _select_shown(self, cluster_ids: Sequence[int]) -> None:
        proposal = self.session.shown.proposal
        if proposal is not None and not proposal.spikes.keys().isdisjoint(cluster_ids):
            # Views show parts as if they were clusters.
            self.say(
                f"{in_words(proposal.ids)} are proposed: they can be selected once they are made"
            )
        else:
            self.attempt(lambda: self.session.select(cluster_ids))
