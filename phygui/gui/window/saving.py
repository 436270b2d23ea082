"""Saving, and what can come between: failures, a file changed elsewhere, unsaved edits, backups."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from qtpy.QtCore import QCoreApplication, QEventLoop, QTimer
from qtpy.QtWidgets import QAbstractButton, QFileDialog, QMessageBox

from phygui.curation.durability.recovery import UnsavedEdit
from phygui.curation.durability.writer import ChangedOnDisk, Saved
from phygui.curation.edits.comparison import compare
from phygui.curation.edits.update import EditError, insist
from phygui.errors import DatasetError
from phygui.gui.base.delays import DELAYS
from phygui.gui.base.placing import well_placed
from phygui.gui.base.text_dialog import Patience, TextDialog
from phygui.gui.dialogs import messages
from phygui.gui.dialogs.restore import RestoreDialog
from phygui.gui.window.parts import WindowParts
from phygui.storage.state.backups import Backup
from phygui.words import counted

T = TypeVar("T")

Answers = dict[str, Callable[[], object]]
"""What can be answered to a question, and what then is done; None of it if it is closed."""


class Saving:
    """Everything about the file on the disk that one window does."""

    def __init__(self, window: WindowParts) -> None:
        self._window = window
        self._saving = False
        self._n_copies = 0
        self.patience: Patience | None = None
        self.question: QMessageBox | None = None
        self.dialog: RestoreDialog | TextDialog | None = None

    # -- save ------------------------------------------------------------------------------

    def save(self) -> None:
        """Write the curation in a worker; the window stays alive meanwhile."""
        window = self._window
        if self._saving or not window.session.is_modified:
            return
        self._saving = True
        window.say("saving ...")
        self._once_on_the_disk(self._write, self._end)

    def _write(self) -> None:
        window = self._window
        try:
            jobs = window.session.saves.jobs()
        except DatasetError as error:
            self._end()
            window.say(str(error), wrong=True)
            return

        def work(_: Any) -> None:
            for job in jobs:
                job.run()

        def done(_: object) -> None:
            self._end()
            for job in jobs:
                job.finish()

        def failed(error: Exception) -> None:
            self._end()
            self._not_saved(error)

        window.commands.in_worker(work, done, failed)

    def _end(self) -> None:
        self._saving = False

    def _once_on_the_disk(self, then: Callable[[], object], given_up: Callable[[], object]) -> None:
        """Go on when the last edits are on the disk, which may take it long; not if they fail.

        They are taken back then, which is told: nothing may hide that.
        """
        window, session = self._window, self._window.session
        failures: list[str] = []

        def fail(sentence: str) -> None:
            failures.append(sentence)

        def check() -> None:
            if session.is_ahead and not failures and not window.is_disposed:
                QTimer.singleShot(DELAYS.yield_ms, check)
                return
            session.failed.disconnect(fail)
            if failures or window.is_disposed:
                given_up()
            else:
                then()

        session.failed.connect(fail)
        check()

    def wait(self) -> bool:
        """Let saves that run come to their end: only then is it known what is not saved.

        Returns
        -------
        bool
            Whether all is well; else there is now a question about it.
        """
        flags = (
            QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents
            | QEventLoop.ProcessEventsFlag.WaitForMoreEvents
        )
        before = self.question
        while self._saving or self._n_copies or self.patience is not None:
            QCoreApplication.processEvents(flags)
        return self.question is before

    def saved(self, saved: Saved) -> None:
        """Say where, when and how much was saved."""
        window = self._window
        now = time.strftime("%H:%M")
        warning = f"; {saved.warning}" if saved.warning else ""
        window.say(
            f"saved {counted(saved.n_edits, 'edit')} to {saved.path} at {now}{warning}",
            wrong=bool(warning),
        )
        window.status["saved"].setText(f"saved {now}")
        window.update_state()

    def save_now(self) -> bool:
        """Write the curation in a worker until it is done, as when the window closes.

        Returns
        -------
        bool
            Whether all is well; else there is now a question about it.
        """
        self.save()
        return self.wait() and not self._window.session.is_modified

    def save_copy(self) -> None:
        """Ask for a place and write the file with all edits in it there."""
        window = self._window
        path = window.session.path
        start = path.with_name(f"{path.stem}-curated{path.suffix}")
        name, _ = QFileDialog.getSaveFileName(
            window, "Save a copy as", str(start), f"Datasets (*{path.suffix})"
        )
        if name:
            self.save_copy_to(name)

    def save_copy_to(self, path: str) -> None:
        """Write the file with all edits in it to another place, in a worker."""
        window, session = self._window, self._window.session

        def done(_: object) -> None:
            self._n_copies -= 1
            window.say(f"saved a copy to {path}; the edits are not in {session.path.name}")

        def failed(error: Exception) -> None:
            self._n_copies -= 1
            self._not_saved(error)

        def write() -> None:
            try:
                # The file dialog has asked already whether to overwrite.
                job = session.saves.file_copy_job(path, overwrite=True)
            except DatasetError as error:
                failed(error)
                return
            window.commands.in_worker(lambda _: job(), done, failed)

        def give_up() -> None:
            self._n_copies -= 1

        self._n_copies += 1
        self._once_on_the_disk(write, give_up)

    def _not_saved(self, error: Exception) -> None:
        """Say why nothing was saved, and what can be done."""
        self._window.say(str(error), wrong=True)
        if isinstance(error, ChangedOnDisk):
            self._ask(
                "The file was changed elsewhere",
                str(error),
                "Your edits are safe in the journal. Cancel changes nothing.",
                {
                    "Keep theirs": self._keep_theirs,
                    "Keep mine as a copy...": self.save_copy,
                    "Show the difference": self.show_difference,
                },
                is_harmless=False,
            )
            return
        self._ask(
            "Not saved",
            str(error),
            "The file is unchanged, and your edits are safe in the journal.",
            {"Try again": self.save, "Save a copy as...": self.save_copy},
        )

    def _keep_theirs(self) -> None:
        """Open the file again as it now is; the edits made here are kept aside."""
        self._window.reopen()

    def show_difference(self) -> None:
        """Show how what is in the window differs from what is in the file."""
        session = self._window.session
        mine, theirs = session.state(), session.workspace.state_in_file_job()
        names = session.group_names

        def work(_: Any) -> list[str]:
            return compare(theirs(), mine).lines(names)

        def done(lines: list[str]) -> None:
            self.dialog = TextDialog(
                self._window, f"From {session.path.name} on the disk to this window", lines
            )
            self.dialog.open()

        self._window.commands.in_worker(work, done, self._window.fail)

    # -- what was not saved before -----------------------------------------------------------

    def offer_recovery(self) -> None:
        """If an earlier session left edits that are not in the file, offer to bring them back."""
        session = self._window.session
        problem, edits = session.recovery_problem, session.unsaved_edits
        if problem and not edits:
            self._window.say(problem, wrong=True)
            if not session.read_only:
                self._ask(
                    "The journal cannot be used",
                    f"What an earlier session of {session.path.name} left cannot be brought back.",
                    f"{problem}\n\nphygui keeps a copy of it before it writes anything.",
                    {"Keep it aside": self.decline_recovery},
                )
        if not edits or session.read_only:
            return
        n = len(edits)
        self._ask(
            "Unsaved edits were found",
            f"{session.path.name} was closed with {n} edit{'s' if n > 1 else ''} that "
            f"{'are' if n > 1 else 'is'} not in the file.",
            problem,
            {"Bring them back": self.recover, "Keep them aside": self.decline_recovery},
            edits=edits,
        )

    def recover(self) -> None:
        """Bring back what an earlier session did not save."""
        window = self._window
        job = window.session.journal.recover_job()

        def done(finish: Callable[[], list[UnsavedEdit]]) -> None:
            n = len(finish())
            window.say(f"brought back {n} unsaved edit{'s' if n != 1 else ''}")

        self._alone("Bringing back the unsaved edits ...", job, done)

    def decline_recovery(self) -> None:
        """Keep the journal of an earlier session aside."""
        self._window.session.decline_recovery()
        self._window.say("the unsaved edits of the earlier session are kept aside")

    # -- what was saved before ---------------------------------------------------------------

    def show_backups(self) -> None:
        """List the saved states; any two can be compared, and each brought back."""
        window, session = self._window, self._window.session

        def show(backups: list[Backup]) -> None:
            if not backups:
                raise EditError("nothing was saved yet, so there is nothing to restore")
            window.say("")
            self.dialog = RestoreDialog(window, session, backups, window.pool)
            self.dialog.restore_wanted.connect(
                lambda backup: window.attempt(lambda: self.restore(backup))
            )
            self.dialog.open()

        window.say("reading the saved states ...")
        window.commands.in_worker(
            lambda _: session.backups(),
            lambda backups: window.attempt(lambda: show(backups)),
            window.fail,
        )

    def restore(self, backup: Backup) -> None:
        """Bring back a saved state, as an edit."""
        job = self._window.session.restore_job(backup)
        self._alone("Bringing back the saved state ...", job, lambda finish: insist(finish()))

    # -- helpers ---------------------------------------------------------------------------

    def _alone(self, sentence: str, work: Callable[[], T], done: Callable[[T], object]) -> None:
        """Do something in a worker during which nothing may be edited; the window still paints."""
        window = self._window
        patience = self.patience = Patience(window, sentence)

        def end(then: Callable[[], object]) -> None:
            self.patience = None
            patience.end()
            window.attempt(then)

        patience.open()
        window.commands.in_worker(
            lambda _: work(),
            lambda result: end(lambda: done(result)),
            lambda error: end(lambda: window.fail(error)),
        )

    def _ask(
        self,
        title: str,
        sentence: str,
        more: str,
        answers: Answers,
        *,
        edits: Sequence[UnsavedEdit] = (),
        is_harmless: bool = True,
    ) -> None:
        """Ask without waiting: the window goes on painting, and so do its workers.

        Enter gives the first answer if that is harmless, and else none of them.
        """
        box = QMessageBox(QMessageBox.Icon.Question, title, sentence, parent=self._window)
        well_placed(box)
        messages.describe_edits(box, edits, more)
        buttons: dict[QAbstractButton, Callable[[], object]] = {}
        for text, action in answers.items():
            button = box.addButton(text, QMessageBox.ButtonRole.ActionRole)
            if is_harmless and not buttons:
                box.setDefaultButton(button)
            buttons[button] = action
        cancel = box.addButton(QMessageBox.StandardButton.Cancel)
        if not is_harmless:
            box.setDefaultButton(cancel)

        def answered(button: QAbstractButton) -> None:
            self.question = None
            action = buttons.get(button)
            if action is not None:
                self._window.attempt(action)

        box.buttonClicked.connect(answered)
        self.question = box
        box.open()
