"""The dialog that exports what was curated: as what, which part of it, and where; and its progress.

The export runs in a worker, and the window can be used meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from phygui.errors import Cancelled, DatasetError
from phygui.exports import ExportOption, ExportSpec, export_job, exports
from phygui.gui.base.context import WindowContext
from phygui.gui.base.placing import well_placed
from phygui.gui.base.work import Latest

ALL = "all"
TOLD_EVERY_S = 0.05
"""Seconds between two steps of the progress that are shown."""
_STEPS = 1000


class ExportDialog(QDialog):
    """Asks what is exported and where, and shows how far it is.

    Parameters
    ----------
    window : WindowContext

    Signals
    -------
    progressed : float, str
        How far it is, and what is done now; told by the worker.
    """

    progressed = Signal(float, str)

    def __init__(self, window: WindowContext) -> None:
        super().__init__(window)
        self.setWindowTitle("Export")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        well_placed(self)
        self._window = window
        self._specs = exports()
        self._is_unwanted = False
        self._worker: Latest | None = None
        self._suggested = ""
        self._make_fields()
        self._lay_out()
        self.format.currentIndexChanged.connect(self._follow_format)
        self.place.textEdited.connect(lambda _: self._forget_replacing())
        self.progressed.connect(self._show_progress)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        known = window.settings.get("export", "")
        names = [spec.name for spec in self._specs]
        self.format.setCurrentIndex(names.index(known) if known in names else names.index("csv"))
        self._follow_format()

    def _make_fields(self) -> None:
        session = self._window.session
        shown = session.shown
        self.format = QComboBox()
        self.format.addItems([spec.title for spec in self._specs])
        self.help = QLabel()
        self.help.setWordWrap(True)
        self.help.setTextFormat(Qt.TextFormat.PlainText)
        self.help.setObjectName("hint")
        present = {shown.group_of(c) for c in shown.cluster_groups}
        names = [name for name in shown.group_names.values() if name in present]
        self.groups = {name: QCheckBox(name) for name in names}
        for box in self.groups.values():
            box.setChecked(True)
        self.shank = QComboBox()
        self.shank.addItem("all shanks", ALL)
        for group in session.dataset.channel_groups:
            if group not in session.dataset.incomplete:
                self.shank.addItem(f"shank {group}", group)
        self.clustering = QComboBox()
        self.clustering.addItems(session.clusterings)
        self.clustering.setCurrentText(shown.clustering)
        self.options: dict[str, QCheckBox | QLineEdit] = {}
        self.place = QLineEdit()
        self.choose = QPushButton("Choose...")
        self.choose.setAutoDefault(False)
        self.choose.clicked.connect(self._choose_place)
        self.replace = QCheckBox("Replace the file that is there")
        self.replace.setVisible(False)
        self.unsaved = QLabel()
        n = shown.n_unsaved
        edits = "1 edit that is" if n == 1 else f"{n} edits that are"
        self.unsaved.setText(f"With {edits} not saved." if n else "")
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self.bar = QProgressBar()
        self.bar.setRange(0, _STEPS)
        self.bar.setVisible(False)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.start = self.buttons.addButton("Export", QDialogButtonBox.ButtonRole.AcceptRole)
        self.start.setDefault(True)
        self.stop = self.buttons.button(QDialogButtonBox.StandardButton.Cancel)
        self.stop.setAutoDefault(False)

    def _lay_out(self) -> None:
        self.fields = QWidget()
        form = QFormLayout(self.fields)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._groups = _in_a_line(*self.groups.values())
        self._options = QWidget()
        QFormLayout(self._options).setContentsMargins(0, 0, 0, 0)
        form.addRow("Format:", self.format)
        form.addRow("", self.help)
        form.addRow("Groups:", self._groups)
        if self.shank.count() > 2:
            form.addRow("Shanks:", self.shank)
        if self.clustering.count() > 1:
            form.addRow("Clustering:", self.clustering)
        form.addRow("Options:", self._options)
        form.addRow("To:", _in_a_line(self.place, self.choose))
        form.addRow("", self.replace)
        form.addRow("", self.unsaved)
        self._form = form
        column = QVBoxLayout(self)
        for widget in (self.fields, self.message, self.bar, self.buttons):
            column.addWidget(widget)
        column.insertStretch(1)
        self.resize(620, 300)

    # -- what is asked -----------------------------------------------------------------------

    @property
    def spec(self) -> ExportSpec:
        """The format that is chosen."""
        return self._specs[self.format.currentIndex()]

    def _follow_format(self) -> None:
        """Show what can be chosen of the format, and suggest a name."""
        spec, session = self.spec, self._window.session
        self.help.setText(spec.help)
        for widget in (self._groups, self.shank, self.clustering):
            widget.setEnabled(not spec.is_whole)
        layout = self._options.layout()
        assert isinstance(layout, QFormLayout)
        while layout.rowCount():
            layout.removeRow(0)
        self.options = {}
        for option in spec.options:
            self.options[option.name] = self._add_option(layout, option)
        self._options.setVisible(bool(spec.options))
        label = self._form.labelForField(self._options)
        if label is not None:
            label.setVisible(bool(spec.options))
        stem = str(session.path.with_name(f"{session.path.stem}-curated"))
        if not spec.suffix:
            stem += f"-{spec.name}"
        if self.place.text() == self._suggested:
            self._suggested = stem + spec.suffix
            self.place.setText(self._suggested)
        else:
            self._complete_place()
        self._forget_replacing()
        # As high as what the format has to ask, once that is laid out.
        QTimer.singleShot(0, self._fit)

    def _fit(self) -> None:
        self.resize(self.width(), self.minimumSizeHint().height())

    def _forget_replacing(self) -> None:
        """What may be replaced is no other file."""
        self.replace.setVisible(False)
        self.replace.setChecked(False)

    def _complete_place(self) -> None:
        """Have the name that was written end as those of the format do."""
        name = self.place.text().strip()
        for spec in self._specs:
            if spec.suffix:
                name = name.removesuffix(spec.suffix)
        self.place.setText(name + self.spec.suffix if name else "")

    def _add_option(self, layout: QFormLayout, option: ExportOption) -> QCheckBox | QLineEdit:
        if option.kind == "bool":
            box = QCheckBox(option.title)
            box.setChecked(bool(option.default))
            box.setToolTip(option.help)
            layout.addRow(box)
            return box
        edit = QLineEdit(str(option.default or ""))
        edit.setToolTip(option.help)
        if option.kind == "str":
            layout.addRow(f"{option.title}:", edit)
            return edit
        button = QPushButton("Choose...")
        button.setAutoDefault(False)

        def choose() -> None:
            name, _ = QFileDialog.getOpenFileName(self, option.title, edit.text())
            if name:
                edit.setText(name)

        button.clicked.connect(choose)
        layout.addRow(f"{option.title}:", _in_a_line(edit, button))
        return edit

    def _choose_place(self) -> None:
        spec = self.spec
        pattern = f"{spec.title} (*{spec.suffix})" if spec.suffix else ""
        name, _ = QFileDialog.getSaveFileName(self, "Export to", self.place.text(), pattern)
        if name:
            self.place.setText(name)
            self._complete_place()
            # The file dialog has asked already, of this name.
            self.replace.setChecked(self.place.text() == name)

    def _asked(self) -> dict[str, Any]:
        if self.spec.is_whole:
            return {}
        chosen = [name for name, box in self.groups.items() if box.isChecked()]
        shank = self.shank.currentData()
        return {
            "groups": None if len(chosen) == len(self.groups) else chosen,
            "channel_group": ALL if self.shank.count() == 2 else shank,
            "clustering": self._clustering(shank),
        }

    def _clustering(self, shank: object) -> str | None:
        """The name that is chosen; other shanks need not have the one that is shown."""
        shown, chosen = self._window.session.shown, self.clustering.currentText()
        is_elsewhere = shank != shown.channel_group and self.shank.count() > 2
        return None if is_elsewhere and chosen == shown.clustering else chosen

    # -- exporting ---------------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        """Whether an export is under way."""
        return self._worker is not None

    def accept(self) -> None:
        """Begin to export what is shown now."""
        values = {
            name: field.isChecked() if isinstance(field, QCheckBox) else field.text()
            for name, field in self.options.items()
        }
        if not self.place.text().strip():
            self._tell("no place is given to export to")
            return
        self._complete_place()
        replaces = self.replace.isChecked()
        try:
            job = export_job(
                self._window.session,
                self.spec.name,
                self.place.text().strip(),
                options=values,
                overwrite=replaces,
                **self._asked(),
            )
        except DatasetError as error:
            self._tell(str(error))
            return
        self._window.settings.set("export", self.spec.name)
        self._is_unwanted = False
        self._set_running(True)
        worker = self._worker = Latest(self._window.pool, self, burst_ms=0)
        worker.done.connect(self._done)
        worker.failed.connect(self._failed)
        worker.request(lambda cancelled: self._work(job, cancelled))

    def _work(self, job: Any, cancelled: Callable[[], bool]) -> Path | None:
        """In a worker: export, and tell how far it is now and then."""
        told = 0.0

        def progress(fraction: float, what: str) -> None:
            nonlocal told
            if time.monotonic() - told >= TOLD_EVERY_S:
                told = time.monotonic()
                self.progressed.emit(fraction, what)

        try:
            found: Path = job(progress, lambda: self._is_unwanted or cancelled())
            return found
        except Cancelled:
            return None

    def _show_progress(self, fraction: float, what: str) -> None:
        if self.is_running and not self._is_unwanted:
            self.bar.setValue(round(_STEPS * fraction))
            self._tell(what, wrong=False)

    def _done(self, path: Path | None) -> None:
        self._set_running(False)
        if path is None:
            self._window.say("the export was cancelled, and nothing was written")
        else:
            self._window.say(f"exported to {path}")
        super().accept()

    def _failed(self, error: Exception) -> None:
        self._set_running(False)
        if not isinstance(error, DatasetError):
            self._window.show_trouble("The export failed", error)
        self._tell(str(error))
        self.replace.setVisible("exists already" in str(error) and bool(self.spec.suffix))

    def reject(self) -> None:
        """Close; what runs is cancelled first."""
        if not self.is_running:
            super().reject()
        elif not self._is_unwanted:
            self._is_unwanted = True
            self.stop.setEnabled(False)
            self._tell("cancelling ...", wrong=False)

    def _set_running(self, running: bool) -> None:
        if not running and self._worker is not None:
            self._worker.deleteLater()
            self._worker = None
        self.fields.setEnabled(not running)
        self.start.setEnabled(not running)
        self.stop.setEnabled(True)
        self.bar.setVisible(running)
        self.bar.setValue(0)
        self._tell("")

    def _tell(self, text: str, *, wrong: bool = True) -> None:
        self.message.setText(text)
        self.message.setProperty("wrong", "true" if wrong and text else "false")
        self.message.style().polish(self.message)


def _in_a_line(*widgets: QWidget) -> QWidget:
    line = QWidget()
    row = QHBoxLayout(line)
    row.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        row.addWidget(widget, 1 if isinstance(widget, QLineEdit) else 0)
    if not any(isinstance(widget, QLineEdit) for widget in widgets):
        row.addStretch()
    return line
