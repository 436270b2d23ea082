"""The parts of a window as they know each other, none by its class."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from qtpy.QtCore import Signal
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QWidget

from phygui.curation.edits.update import EditError
from phygui.gui.actions import context as of_actions
from phygui.gui.actions.keys import Keys
from phygui.gui.actions.spec import ActionSpec
from phygui.gui.base.context import WindowContext
from phygui.gui.docks.cluster_tables import Tables
from phygui.gui.docks.dock import Dock
from phygui.gui.docks.view_dock import ViewDock
from phygui.gui.tables.cluster_table import ClusterTable
from phygui.views.core.base import View


class Commands(of_actions.Commands, Protocol):
    """Commands, of which parts of the window use more than actions do."""

    def open_elsewhere(self, what: str, paths: Sequence[Path]) -> None: ...
    def set_feature_channel(self, channel: int, axis: str) -> None: ...
    def in_worker(
        self,
        work: Callable[[Any], Any],
        done: Callable[[Any], None],
        failed: Callable[[Exception], None],
    ) -> None: ...


class Marks(of_actions.Marks, Protocol):
    """Marks, of which menus and lists use more than actions do."""

    @property
    def actions(self) -> list[ActionSpec]: ...


class Linking(Protocol):
    """What a view tells the others: times, and spikes within a lasso."""

    def link(self, view: View[Any, Any], dock: ViewDock) -> None: ...
    def forget(self, dock: ViewDock) -> None: ...
    def visit(self, seconds: float) -> None: ...
    def go_to(self, seconds: float) -> None: ...
    def lasso_dock(self) -> ViewDock | None: ...


class Views(of_actions.Views, Protocol):
    """The docks of the views, those beyond one of each kind by name."""

    @property
    def extras(self) -> list[str]: ...
    def set_extras(self, names: Iterable[str]) -> None: ...


class Batches(of_actions.Batches, Protocol):
    """The cluster that views show in colour."""

    def follow(self, view: View[Any, Any]) -> None: ...


class TimeRanges(of_actions.TimeRanges, Protocol):
    """The range of time in the status bar."""

    def restrict(self, start: float, stop: float) -> None: ...


class Suggestions(of_actions.Suggestions, Protocol):
    """The list of merge suggestions, which follows what navigation passes over."""

    def refresh(self) -> None: ...


class Splits(of_actions.Listed, Protocol):
    """The list of split suggestions, likewise."""

    def refresh(self) -> None: ...


class Candidates(of_actions.Candidates, Protocol):
    """The list of clusters that may be noise or MUA, likewise."""

    def refresh(self) -> None: ...


class CommandLine(Protocol):
    """The line for one-line commands."""

    def open(self, text: str = "") -> None: ...


class FirstChoice(Protocol):
    """The cluster that is selected before the user selects any."""

    def count_as_chosen(self) -> None: ...


class WindowParts(WindowContext):
    """A window with its parts; the whole of it is known to :class:`MainWindow` alone."""

    keys: Keys
    commands: Commands
    marks: Marks
    saving: of_actions.Saving
    linking: Linking
    first_choice: FirstChoice
    time_ranges: TimeRanges
    batches: Batches
    layout_keeper: of_actions.Layouts
    extra_views: Views
    switching: of_actions.Switching
    suggestions: Suggestions
    splits: Splits
    candidates: Candidates
    splitting: of_actions.Splitting
    comparison: of_actions.Comparison
    snippets: CommandLine
    tables: Tables
    view_docks: dict[str, ViewDock]
    docks: dict[str, Dock]
    actions_by_name: dict[str, QAction]
    refusals: dict[str, QAction]
    """What has the keys of the actions that are not possible now: it says why."""
    help_list: QWidget | None
    """The list of keys, as long as it is open."""
    palette_list: QWidget | None
    ran = Signal(str)
    """The user has done something; the name of the action."""

    def __init__(self) -> None:
        super().__init__()
        self.view_docks = {}
        self.actions_by_name = {}
        self.refusals = {}
        self.help_list = None
        self.palette_list = None

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
        """The dock with the view that holds a lasso with an area; the one drawn in last."""
        return self.linking.lasso_dock()

    def show_dock(self, name: str) -> None:
        """Bring a dock to the front."""
        self.docks[name].bring_to_front()

    @property
    def views_are_busy(self) -> bool:
        """Whether a visible view is loading or has still to paint."""
        return any(dock.is_loading for dock in self.view_docks.values())

    # -- what the whole window does ------------------------------------------------------------

    @abstractmethod
    def views_came(self) -> None:
        """A view has got its data."""

    @abstractmethod
    def ranked_otherwise(self) -> None:
        """Clusters rank otherwise from now on: show them so."""

    @abstractmethod
    def reopen(self) -> None:
        """Close without asking, keep unsaved edits aside, and open the file again."""

    @abstractmethod
    def reset_layout(self) -> None:
        """Put every dock back to its place."""

    @abstractmethod
    def picture(self, path: Path) -> None:
        """Write a picture of the whole window."""

    # -- doing things --------------------------------------------------------------------------

    def run(self, action: ActionSpec) -> None:
        """Do what an action says, or say why that is not possible now."""

        def work() -> None:
            if reason := action.hindrance(self):
                raise EditError(reason)
            action.run(self)
            self.ran.emit(action.name)

        self.attempt(work)
