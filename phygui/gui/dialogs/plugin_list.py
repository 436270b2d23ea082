"""The list of what others have added: on or off, where from, and what went wrong."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import Qt, QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
)

from phygui.gui.base.context import WindowContext
from phygui.gui.base.placing import well_placed
from phygui.gui.base.theme import plain_tip
from phygui.gui.dialogs.search_list import look_like_a_list
from phygui.plugins import Plugin, plugin_folder, plugins, plugins_are_used, switch

HEADINGS = ("on", "plugin", "adds", "version", "from", "")
_LATER = "What you switch on or off here holds from the next start of the program."


class PluginList(QDialog):
    """All plugins; a check mark switches one on or off, its error can be copied."""

    def __init__(self, window: WindowContext) -> None:
        super().__init__(window)
        self.setWindowTitle("Plugins")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(940, 520 if plugins() else 140)
        well_placed(self)
        self._window = window
        self.plugins = plugins()
        self.note = QLabel(self._words())
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.note.setWordWrap(True)
        self.note.setObjectName("hint")
        self.table = QTableWidget(len(self.plugins), len(HEADINGS))
        self.table.setHorizontalHeaderLabels(HEADINGS)
        self.table.verticalHeader().hide()
        look_like_a_list(self.table)
        for row, plugin in enumerate(self.plugins):
            self._fill(row, plugin)
        self.trace = QPlainTextEdit()
        self.trace.setReadOnly(True)
        self.trace.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy_button = self._add_button("Copy the error", self.copy)
        self._add_button("Open the plugin folder", self._open_folder)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (self.note, self.table, self.trace, self.buttons):
            layout.addWidget(widget)
        layout.setStretch(1, 1)
        self.table.setVisible(bool(self.plugins))
        layout.addStretch(0 if self.plugins else 1)
        self.table.itemChanged.connect(self._switch)
        self.table.itemSelectionChanged.connect(self._follow)
        failed = [row for row, plugin in enumerate(self.plugins) if plugin.error]
        self.table.selectRow(failed[0] if failed else 0)
        self._follow()

    def _add_button(self, title: str, act: Callable[[], None]) -> QPushButton:
        button = self.buttons.addButton(title, QDialogButtonBox.ButtonRole.ActionRole)
        button.setAutoDefault(False)
        button.clicked.connect(lambda: act())
        return button

    def _words(self) -> str:
        folder = plugin_folder()
        if not plugins_are_used():
            return "Plugins are not used: the program was started with --no-plugins."
        if not self.plugins:
            return (
                f"There are no plugins: no installed package has any, nor has the folder {folder}. "
                "phygui new-plugin writes one to begin with."
            )
        return f"From installed packages, and from the folder {folder}. {_LATER}"

    def _fill(self, row: int, plugin: Plugin) -> None:
        box = QTableWidgetItem()
        box.setFlags(
            Qt.ItemFlag.ItemIsEnabled
            | Qt.ItemFlag.ItemIsSelectable
            | Qt.ItemFlag.ItemIsUserCheckable
        )
        box.setCheckState(Qt.CheckState.Checked if plugin.is_wanted else Qt.CheckState.Unchecked)
        self.table.setItem(row, 0, box)
        texts = (
            plugin.name,
            ", ".join(plugin.kinds),
            plugin.version,
            plugin.source,
            self._state(plugin),
        )
        for column, text in enumerate(texts, 1):
            item = QTableWidgetItem(text)
            item.setToolTip(plain_tip(text))
            self.table.setItem(row, column, item)

    @staticmethod
    def _state(plugin: Plugin) -> str:
        return f"switched off: {plugin.error}" if plugin.error else plugin.state

    @property
    def chosen(self) -> Plugin | None:
        """The plugin of the current row."""
        row = self.table.currentRow()
        return self.plugins[row] if 0 <= row < len(self.plugins) else None

    def _switch(self, item: QTableWidgetItem) -> None:
        if item.column() != 0:
            return
        plugin, on = self.plugins[item.row()], item.checkState() == Qt.CheckState.Checked
        try:
            switch(plugin.key, on)
        except OSError as error:
            self._window.show_trouble(f"{plugin.name} could not be switched", error)
            return
        words = f"{'on' if on else 'off'} from the next start"
        if (state := self.table.item(item.row(), len(HEADINGS) - 1)) is not None:
            state.setText(self._state(plugin) if on == plugin.is_wanted else words)

    def _follow(self) -> None:
        """Show the error of the current row."""
        plugin = self.chosen
        details = "" if plugin is None else plugin.traceback or plugin.error
        self.trace.setPlainText(details)
        self.trace.setVisible(bool(details))
        self.copy_button.setEnabled(bool(details))

    def copy(self) -> None:
        """Put what is known of the chosen plugin's error onto the clipboard."""
        plugin, clipboard = self.chosen, QApplication.clipboard()
        if plugin is not None and clipboard is not None:
            about = f"{plugin.name} {plugin.version}".strip()
            clipboard.setText(f"{about}, from {plugin.source}\n{plugin.remark}\n{plugin.traceback}")

    def _open_folder(self) -> None:
        folder = plugin_folder()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self._window.show_trouble(f"{folder} cannot be made", error)
            return
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
