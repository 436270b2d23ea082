"""What the parts of a window share, and all that they know of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QAction, QLabel, QMainWindow, QWidget

from phygui.curation.edits.update import EditError
from phygui.curation.session import Session
from phygui.errors import DatasetError
from phygui.gui.actions import context as of_actions
from phygui.gui.actions.keys import Keys
from phygui.gui.actions.spec import ActionSpec
from phygui.gui.base.memory import Trimmer
from phygui.gui.base.settings import Settings
from phygui.gui.base.theme import plain_tip
from phygui.gui.base.work import Pool
from phygui.gui.docks.cluster_tables import Tables
from phygui.gui.docks.dock import Dock
from phygui.gui.docks.view_dock import ViewDock
from phygui.gui.tables.cluster_table import ClusterTable
from phygui.views.core.base import View

log = logging.getLogger(__name__)


class Commands(of_actions.Commands, Protocol):
    """Commands, of which parts of the window use more than actions do."""

    def open_elsewhere(self, what: str, paths: Sequence[Path]) -> None: ...
    def set_feature_channel(self, channel: int, axis: str) -> None: ...
    def set_label(self, text: str) -> None: ...
    def trace_to(self, seconds: float) -> None: ...
    def in_worker(
        self,
        work: Callable[[Any], Any],
        done: Callable[[Any], None],
        failed: Callable[[Exception], None],
    ) -> None: ...


class Linking(Protocol):
    """What a view tells the others: times, and spikes within a lasso."""

    def link(self, view: View[Any, Any], dock: ViewDock) -> None: ...
    def visit(self, seconds: float) -> None: ...
    def go_to(self, seconds: float) -> None: ...


class Views(of_actions.Views, Protocol):
    """The docks of the views, those beyond one of each kind by name."""

    @property
    def extras(self) -> list[str]: ...
    def set_extras(self, names: Iterable[str]) -> None: ...


class Layouts(of_actions.Layouts, Protocol):
    """Where the docks are, by the name of an arrangement."""

    @property
    def names(self) -> list[str]: ...


class Suggestions(of_actions.Suggestions, Protocol):
    """The list of merge suggestions, which follows what navigation passes over."""

    def refresh(self) -> None: ...


class Background(of_actions.Background, Protocol):
    """The long work in the background, suggestions only while somebody wants them."""

    @property
    def suggests(self) -> bool: ...
    @suggests.setter
    def suggests(self, wanted: bool) -> None: ...


class CommandLine(Protocol):
    """The line for one-line commands."""

    def open(self, text: str = "") -> None: ...


class WindowContext(QMainWindow):
    """A window as its parts see it; the whole of it is known to :class:`MainWindow` alone.

    It is the window itself, since docks, menus and dialogs must be given to one.
    """

    session: Session
    settings: Settings
    pool: Pool
    keys: Keys
    trimmer: Trimmer
    theme: str
    commands: Commands
    saving: of_actions.Saving
    linking: Linking
    layout_keeper: Layouts
    extra_views: Views
    switching: of_actions.Switching
    background: Background
    suggestions: Suggestions
    comparison: of_actions.Comparison
    snippets: CommandLine
    tables: Tables
    view_docks: dict[str, ViewDock]
    docks: dict[str, Dock]
    actions_by_name: dict[str, QAction]
    refusals: dict[str, QAction]
    """What has the keys of the actions that are not possible now: it says why."""
    status: Mapping[str, QLabel]
    help_list: QWidget | None
    """The list of keys, as long as it is open."""
    palette_list: QWidget | None
    is_disposed: bool
    """Whether the window has given back what it held."""
    open_wanted = pyqtSignal(object)
    """Another dataset is to be opened: a path, or an Ask."""

    def __init__(self) -> None:
        super().__init__()
        self.view_docks = {}
        self.actions_by_name = {}
        self.refusals = {}
        self.help_list = None
        self.palette_list = None
        self.is_disposed = False
        self._slip = ""

    # -- what there is -------------------------------------------------------------------------

    @property
    def cluster_table(self) -> ClusterTable:
        """The table of all clusters."""
        return self.tables.clusters

    @property
    def match_table(self) -> ClusterTable:
        """The table of the clusters that are similar to the best one."""
        return self.tables.matches

    def views(self, kind: str | None = None) -> Iterator[View[Any, Any]]:
        """The views of one kind, or all that are made by now."""
        for dock in self.view_docks.values():
            if dock.kind == kind or (kind is None and dock.is_made):
                yield dock.view

    def lasso_dock(self) -> ViewDock | None:
        """The dock with the view that holds a lasso with an area."""
        for dock in self.view_docks.values():
            lasso = dock.view.lasso if dock.is_made else None
            if lasso is not None and lasso.is_polygon:
                return dock
        return None

    def show_dock(self, name: str) -> None:
        """Bring a dock to the front."""
        self.docks[name].bring_to_front()

    @property
    def views_are_busy(self) -> bool:
        """Whether a visible view is loading or has still to paint."""
        return any(dock.is_loading for dock in self.view_docks.values())

    # -- what the whole window does ------------------------------------------------------------

    def update_state(self) -> None:
        """Title, status bar and what is enabled follow the session."""
        raise NotImplementedError

    def views_came(self) -> None:
        """A view has got its data."""
        raise NotImplementedError

    def reopen(self) -> None:
        """Close without asking, keep unsaved edits aside, and open the file again."""
        raise NotImplementedError

    def reset_layout(self) -> None:
        """Put every dock back to its place."""
        raise NotImplementedError

    def picture(self, path: Path) -> None:
        """Write a picture of the whole window."""
        raise NotImplementedError

    # -- doing things --------------------------------------------------------------------------

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
        if self._slip and self._slip == self.status["edit"].text():
            self.say("")
        self._slip = ""

    def run(self, action: ActionSpec) -> None:
        """Do what an action says, or say why that is not possible now."""

        def work() -> None:
            if reason := action.hindrance(self):
                raise EditError(reason)
            action.run(self)

        self.attempt(work)

    def say(self, text: str, *, wrong: bool = False) -> None:
        """Show one sentence in the status bar."""
        label = self.status["edit"]
        label.setText(text)
        label.setToolTip(plain_tip(text))
        label.setProperty("wrong", "true" if wrong else "false")
        label.style().polish(label)

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
        self.attempt(lambda: self.session.select([cluster_id]))

    def select_pair(self, first: int, second: int) -> None:
        """Two clusters were clicked in a view."""
        self.attempt(lambda: self.session.select([first, second]))
