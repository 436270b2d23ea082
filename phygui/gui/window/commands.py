"""What the actions do beyond one call of the session: ask, compute in a worker, open, export."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QFileDialog, QInputDialog

from phygui.curation.edits.update import EditError, insist
from phygui.curation.suggestions.grouping.group_rules import DEFAULTS, told_rules
from phygui.curation.suggestions.splitting.parts import Parts
from phygui.dataset import MICROVOLTS
from phygui.gui.actions.declared.reasons import NO_LASSO, lacks_gain, remarks_on
from phygui.gui.actions.key_dialog import KeyDialog
from phygui.gui.base import theme
from phygui.gui.base.placing import well_placed
from phygui.gui.base.text_dialog import TextDialog
from phygui.gui.base.work import Latest
from phygui.gui.dialogs import messages
from phygui.gui.dialogs.choosing import Ask
from phygui.gui.dialogs.export_picture import export_picture
from phygui.gui.dialogs.group_rules import GroupRulesDialog
from phygui.gui.docks.suggestions.groups import SETTING
from phygui.gui.tables.cluster_table import ClusterTable
from phygui.gui.tables.plain_table import PlainTable
from phygui.gui.window import action_lists
from phygui.gui.window.guide.first_steps import begin
from phygui.gui.window.parts import WindowParts
from phygui.gui.window.ranking import every_ranking, rank_by_name, show_rankings
from phygui.gui.window.walking import walk
from phygui.views.core.base import View
from phygui.views.feature.grid import AUTOMATIC

CALLED = {"features": "features", "traces": "raw data"}
"""What the user calls kinds of data."""


class Commands:
    """The verbs of one window."""

    def __init__(self, window: WindowParts) -> None:
        self._window = window
        self._running: set[Latest] = set()
        self._remarks: TextDialog | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a worker is still at what the user asked for."""
        return bool(self._running)

    # -- files -----------------------------------------------------------------------------

    def open(self) -> None:
        """Ask for a file and open it."""
        self._window.open_wanted.emit(Ask.FILE)

    def open_folder(self) -> None:
        """Ask for a folder that is a dataset and open it."""
        self._window.open_wanted.emit(Ask.FOLDER)

    def open_archive(self) -> None:
        """Ask for a folder that many datasets are in and list them."""
        self._window.open_wanted.emit(Ask.ARCHIVE)

    def next_undecided(self) -> None:
        """Close this dataset, and open the next one of the archive that has to be decided."""
        self._window.open_wanted.emit(Ask.NEXT)

    def open_demo(self) -> None:
        """Open the demo dataset."""
        self._window.open_wanted.emit("demo")

    def quit(self) -> None:
        """Close every window."""
        QApplication.closeAllWindows()

    def export(self) -> None:
        """Ask what of the curation is exported, as what and where."""
        # Whoever exports nothing need not wait for all that writes something.
        from phygui.gui.dialogs.export_results import ExportDialog

        # Not modal: what is exported is taken when it begins, and the curation can go on.
        opened = self._window.findChildren(ExportDialog)
        dialog = opened[0] if opened else ExportDialog(self._window)
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()

    def export_window(self) -> None:
        """Ask for a file name and write a picture of the window."""
        beside = self._window.session.path.with_suffix(".png")
        name, _ = QFileDialog.getSaveFileName(
            self._window, "Export a picture of the window", str(beside), "PNG (*.png)"
        )
        if name:
            path = Path(name)
            try:
                self._window.picture(path if path.suffix else path.with_suffix(".png"))
            except OSError as error:
                raise EditError(str(error)) from None

    def export_view(self) -> None:
        """Ask for a view and a file name, and write a picture of it."""
        export_picture(self._window, self._window.view_docks.values())

    def show_remarks(self) -> None:
        """Show what is unusual about the file, what was assumed, and what is not used any more."""
        session = self._window.session
        title = f"Remarks on {session.path.name}"
        self._remarks = TextDialog(self._window, title, remarks_on(session))
        if lacks_gain(session):
            self._remarks.add_button("Set the gain...", self.set_gain)
        self._remarks.open()

    def show_plugins(self) -> None:
        """List what others have added to the program."""
        from phygui.gui.dialogs.plugin_list import PluginList

        PluginList(self._window).open()

    def show_rankings(self) -> None:
        """The list of what clusters and matches can be ranked by."""
        show_rankings(self._window)

    @property
    def ranking_names(self) -> list[str]:
        """Names of what clusters and matches can be ranked by."""
        return [spec.name for spec in every_ranking() if not spec.hindrance]

    def rank_by(self, name: str) -> None:
        """Rank by what is called so."""
        rank_by_name(self._window, name)

    def locate(self, what: str) -> None:
        """Ask where data is that was not found beside the dataset, and show it."""
        session = self._window.session
        absent = session.shank.absent.get(what)
        patterns = session.dataset.located_by.get(what)
        title = f"{CALLED[what].capitalize()} ({patterns});;" if patterns else ""
        name, _ = QFileDialog.getOpenFileName(
            self._window,
            f"Locate {absent.looked_for}" if absent else f"Locate the {CALLED[what]}",
            str(session.path.parent),
            f"{title}All files (*)",
        )
        if name:
            self.open_elsewhere(what, (Path(name),))

    def open_elsewhere(self, what: str, paths: Sequence[Path]) -> None:
        """Take data from files that the user pointed to, or accepts; they are read in a worker.

        Without any, the user is asked for one.
        """
        if not paths:
            self.locate(what)
            return
        window, session = self._window, self._window.session
        names = " and ".join(str(path) for path in paths[:2])
        names += f" and {len(paths) - 2} more" if len(paths) > 2 else ""
        job = session.locate_job(what, list(paths))
        window.say(f"opening {names} ...")

        def done(finish: Callable[[], None]) -> None:
            finish()
            window.say(f"{CALLED[what]} from {names}")

        self.in_worker(lambda _: job(), done, window.fail)

    def accept_traces(self) -> None:
        """Open the raw data that the file names outside the folder of the dataset."""
        self.open_elsewhere("traces", self._window.session.shank.absent["traces"].elsewhere)

    def set_gain(self) -> None:
        """Ask how many microvolts a raw unit is, and show voltages by it."""
        shank = self._window.session.shank
        known = float(shank.channel_gains[0]) if shank.voltage_unit == MICROVOLTS else 0.195
        dialog = QInputDialog(self._window)
        dialog.setWindowTitle("Set the gain")
        dialog.setLabelText(
            "Microvolts of a raw unit, as 0.195 (Intan, Open Ephys) or 2.34 (Neuropixels 1.0, AP):"
        )
        dialog.setInputMode(QInputDialog.InputMode.DoubleInput)
        dialog.setDoubleDecimals(6)
        dialog.setDoubleRange(1e-6, 1e6)
        dialog.setDoubleValue(known)
        dialog.doubleValueSelected.connect(self._take_gain)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        well_placed(dialog)
        dialog.open()

    def _take_gain(self, microvolts: float) -> None:
        window = self._window

        def done(finish: Callable[[], None]) -> None:
            finish()
            window.say(f"a raw unit is {microvolts:g} µV, also when you open this dataset again")

        job = window.session.gain_job(microvolts)
        self.in_worker(lambda _: job(), done, window.fail)

    # -- edits -----------------------------------------------------------------------------

    def move(self, which: str, group: str) -> None:
        """Move the best clusters, the matches or all selected ones to a group, and go on.

        Whether or not they are there already, they are decided. A group that this dataset does not
        have yet is added by the same edit.
        """
        session = self._window.session
        selection = session.selection
        clusters = {
            "best": selection.best,
            "match": selection.match,
            "all": selection.clusters,
        }[which]
        update = session.move(clusters, group, add=True)
        if update.is_empty:
            session.go_on(clusters)
            self._window.say(update.description)

    def split(self) -> None:
        """Split off the spikes inside the lasso: all of them, also those that are not drawn."""
        window = self._window
        dock = window.lasso_dock()
        if dock is None or dock.view.lasso is None:
            raise EditError(NO_LASSO)
        view, snapshot = dock.view, window.session.snapshot()
        params, lasso = view.params, dock.view.lasso
        if not dock.shows(snapshot):
            # A paused view; what is inside its lasso on screen is not what would be split.
            raise EditError(
                f"the lasso is in a {dock.spec.title.lower()} view that shows other clusters than "
                "the selected ones: let it follow the selection, then draw again"
            )

        def work(cancelled: Callable[[], bool]) -> Any:
            return view.spikes_in_lasso(snapshot.whole, params, lasso, cancelled)

        def done(spike_ids: Any) -> None:
            if window.session.generation != snapshot.generation:
                window.say("the selection has changed: the split was cancelled", wrong=True)
                return
            window.attempt(lambda: self._split_spikes(view, spike_ids))

        self.in_worker(work, done, lambda error: window.show_trouble("Not split", error))

    def split_where(self, text: str) -> None:
        """Split the selected clusters by a condition on their spikes, which a worker reads."""
        window, session = self._window, self._window.session
        if session.locked_reason:
            raise EditError(session.locked_reason)
        if not session.selected:
            raise EditError("no cluster is selected: there is nothing to split")
        job, generation = session.suggestions.where_job(text, session.selected), session.generation

        def done(parts: Parts | None) -> None:
            if parts is None or session.generation != generation:
                window.say("the selection has changed: nothing was split", wrong=True)
                return
            window.attempt(lambda: session.split_into(parts))

        self.in_worker(job, done, window.fail)

    def _split_spikes(self, view: View[Any, Any], spike_ids: Any) -> None:
        if not len(spike_ids):
            raise EditError("no spike of the selected clusters lies inside the lasso")
        insist(self._window.session.split(spike_ids))
        view.clear_lasso()

    def clear_lasso(self) -> None:
        """Remove the lasso of every view."""
        for view in self._window.views():
            view.clear_lasso()

    def set_label(self, text: str) -> None:
        """Set a label written as ``key=value``; ``key=`` removes it."""
        key, equals, value = text.partition("=")
        if not equals:
            raise EditError(f"a label is written key=value, not {text!r}")
        session = self._window.session
        insist(session.label(session.selected, key, value.strip() or None))

    def copy_rows(self) -> None:
        """Put the selected rows of the table with the keyboard, or else the clusters, on the
        clipboard; of a list, all rows."""
        tables, focus = self._window.tables, QApplication.focusWidget()
        table: ClusterTable | PlainTable = tables.clusters
        if tables.matches.view.hasFocus():
            table = tables.matches
        elif isinstance(focus, PlainTable):
            table = focus
        QApplication.clipboard().setText(table.rows_as_text())

    def toggle_skip(self) -> None:
        """Let navigation pass over noise and MUA, or not."""
        wizard = self._window.session.wizard
        wizard.skip_noise_and_mua = not wizard.skip_noise_and_mua
        self._window.suggestions.refresh()
        self._window.splits.refresh()

    # -- views -----------------------------------------------------------------------------

    def set_feature_channel(self, channel: int, axis: str) -> None:
        """Take a channel, by number, for one axis of the feature views; if it is, let it go."""
        name, views = f"{axis}_channel", list(self._window.views("features"))
        rank = "first" if axis == "x" else "second"
        if all(getattr(view.params, name) == channel for view in views):
            channel = AUTOMATIC
            self._window.say(f"the {rank} channel of the features is chosen automatically again")
        else:
            self._window.say(
                f"channel {channel} is the {rank} one of the features for all clusters, until you "
                "click it again"
            )
        for view in views:
            view.change_params(**{name: channel})

    def automatic_feature_channels(self) -> None:
        """Let the channels of the feature views be chosen for each selection."""
        for view in self._window.views("features"):
            view.change_params(x_channel=AUTOMATIC, y_channel=AUTOMATIC)
        self._window.say("the channels of the features are chosen automatically")

    def toggle_overlap(self) -> None:
        """Draw the waveforms of the clusters over each other, or side by side."""
        for view in self._window.views("waveforms"):
            view.change_params(overlap=not view.params.overlap)

    def toggle_mean(self) -> None:
        """Draw the mean waveforms with their standard deviation, or single spikes."""
        for view in self._window.views("waveforms"):
            view.toggle_mean()

    def reset_views(self) -> None:
        """Show all that each view holds."""
        for view in self._window.views():
            view.reset_view()

    def trace(self, step: str) -> None:
        """Go to the next or previous spike or refractory violation."""
        walk(self._window, step)

    def trace_to(self, seconds: float) -> None:
        """Move the traces to a time, and mark it in every view of time."""
        self._window.linking.visit(seconds)

    def toggle_theme(self) -> None:
        """Change between the dark and the light theme."""
        window = self._window
        name = "light" if window.theme == "dark" else "dark"
        window.settings.set("theme", name)
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        theme.apply_theme(app, name)
        # The palette is that of all windows.
        for each in app.topLevelWidgets():
            if isinstance(each, type(window)) and not each.is_disposed:
                each.theme = name
                for view in each.views():
                    view.set_theme(name)
                theme.renew_icons(each)
                each.update_state()

    def toggle_full_screen(self) -> None:
        """Fill the screen, or be again as before: a maximised window is maximised."""
        window = self._window
        window.setWindowState(window.windowState() ^ Qt.WindowState.WindowFullScreen)

    # -- help ------------------------------------------------------------------------------

    def show_shortcuts(self) -> None:
        """Show the searchable list of keys."""
        action_lists.show_shortcuts(self._window)

    def show_palette(self) -> None:
        """Show the command palette."""
        action_lists.show_palette(self._window)

    def show_snippets(self, text: str = "") -> None:
        """Open the command line, with the beginning of a command in it."""
        self._window.snippets.open(text)

    def change_keys(self) -> None:
        """Show the dialog in which actions get other keys."""
        KeyDialog(self._window, self._window.keys).open()

    def change_group_rules(self) -> None:
        """Show the dialog in which the rules for group candidates are changed."""
        window = self._window
        groups = window.session.suggestions.groups
        dialog = GroupRulesDialog(window, groups.rules, groups.problem_of)

        def take_over() -> None:
            rules = dialog.rules
            window.settings.set(SETTING, None if rules == DEFAULTS else told_rules(rules))
            # They are the user's, and hold in all windows.
            for each in QApplication.topLevelWidgets():
                if isinstance(each, type(window)) and not each.is_disposed:
                    each.session.suggestions.groups.rules = rules

        dialog.accepted.connect(take_over)
        dialog.open()

    def begin_first_steps(self) -> None:
        """Show the cards of the first steps over the demo, which is opened if need be."""
        begin(self._window)

    def show_manual(self) -> None:
        """Show the manual."""
        # Whoever reads nothing need not wait for the pages.
        from phygui.gui.dialogs.manual import Manual

        opened = self._window.findChildren(Manual)
        manual = opened[0] if opened else Manual(self._window)
        manual.show()
        manual.raise_()
        manual.activateWindow()

    def about(self) -> None:
        """Say what this is."""
        messages.about(self._window)

    # -- helpers ---------------------------------------------------------------------------

    def in_worker(
        self,
        work: Callable[[Any], Any],
        done: Callable[[Any], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """Run a function of ``cancelled`` in a worker; what follows runs in this thread."""
        once = Latest(self._window.pool, self._window, burst_ms=0)
        self._running.add(once)

        def ended() -> None:
            self._running.discard(once)
            once.deleteLater()

        once.done.connect(done)
        once.failed.connect(failed)
        once.done.connect(ended)
        once.failed.connect(ended)
        once.request(work)
