"""The dialog in which the rules for group candidates are changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from phygui.curation.suggestions.grouping.group_rules import DEFAULTS, GROUPS, MOST_RULES, Rule
from phygui.dataset.groups import GROUP_TITLES
from phygui.gui.base.placing import well_placed

HINT = (
    "A cluster is a candidate for the group of the first rule that holds. Rules are written as the "
    "filter of the cluster table is: snr < 1, violations > 5% and n_spikes >= 100"
)


class RuleLine(QWidget):
    """One rule: the group, the expression, and a button that removes it."""

    def __init__(self, rule: Rule, changed: Callable[[], None]) -> None:
        super().__init__()
        self.group = QComboBox()
        for name, number in GROUPS.items():
            self.group.addItem(GROUP_TITLES[number], name)
        self.group.setCurrentIndex(list(GROUPS).index(rule.group))
        self.expression = QLineEdit(rule.expression)
        self.expression.setPlaceholderText("an expression, such as snr < 1")
        self.remove = QPushButton("Remove")
        self.remove.setAutoDefault(False)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.group)
        row.addWidget(self.expression, 1)
        row.addWidget(self.remove)
        self.group.currentIndexChanged.connect(lambda _: changed())
        self.expression.textChanged.connect(lambda _: changed())

    @property
    def rule(self) -> Rule:
        """The rule as it is written now."""
        return Rule(str(self.group.currentData()), self.expression.text().strip())

    def mark(self, wrong: bool) -> None:
        """Show whether the expression makes sense."""
        self.expression.setProperty("wrong", "true" if wrong else "false")
        self.expression.style().polish(self.expression)


class GroupRulesDialog(QDialog):
    """Lists the rules; what is written is checked as it is typed.

    Parameters
    ----------
    parent : QWidget
    rules : sequence of Rule
        Those in effect.
    problem_of : callable
        What is wrong with a rule, in one sentence; empty if nothing is.
    """

    def __init__(
        self, parent: QWidget, rules: Sequence[Rule], problem_of: Callable[[Rule], str]
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Group rules")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(720, 380)
        well_placed(self)
        self._problem_of = problem_of
        self._before = tuple(rules)
        self.lines: list[RuleLine] = []
        hint = QLabel(HINT)
        hint.setObjectName("hint")
        hint.setTextFormat(Qt.TextFormat.PlainText)
        hint.setWordWrap(True)
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addStretch()
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidget(inside)
        self.message = QLabel()
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self.message.setWordWrap(True)
        self.add_button = QPushButton("Add a rule")
        self.add_button.setAutoDefault(False)
        self.add_button.clicked.connect(self._add_empty)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok
            | QDialogButtonBox.StandardButton.Cancel
            | QDialogButtonBox.StandardButton.RestoreDefaults
        )
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.restore_button = self.buttons.button(QDialogButtonBox.StandardButton.RestoreDefaults)
        self.restore_button.clicked.connect(lambda: self.show_rules(DEFAULTS))
        for which in (
            QDialogButtonBox.StandardButton.Cancel,
            QDialogButtonBox.StandardButton.RestoreDefaults,
        ):
            self.buttons.button(which).setAutoDefault(False)
        layout = QGridLayout(self)
        layout.addWidget(hint, 0, 0)
        layout.addWidget(area, 1, 0)
        layout.addWidget(self.add_button, 2, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.message, 3, 0)
        layout.addWidget(self.buttons, 4, 0)
        self.show_rules(rules)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules as they are written now."""
        return tuple(line.rule for line in self.lines)

    def show_rules(self, rules: Iterable[Rule]) -> None:
        """List other rules."""
        for line in self.lines:
            self._drop(line)
        self.lines = []
        for rule in rules:
            self._add(rule)
        self._check()

    def _add(self, rule: Rule) -> RuleLine:
        line = RuleLine(rule, self._check)
        line.remove.clicked.connect(lambda: self._remove(line))
        self.lines.append(line)
        self._column.insertWidget(len(self.lines) - 1, line)
        return line

    def _add_empty(self) -> None:
        self._add(
            Rule(self.lines[-1].rule.group if self.lines else "noise", "")
        ).expression.setFocus()
        self._check()

    def _remove(self, line: RuleLine) -> None:
        self.lines.remove(line)
        self._drop(line)
        self._check()

    def _drop(self, line: RuleLine) -> None:
        self._column.removeWidget(line)
        line.hide()
        line.deleteLater()

    def _check(self) -> None:
        """Say what is wrong with the first rule of which something is."""
        words, is_wrong = "", False
        for number, line in enumerate(self.lines, 1):
            problem = self._problem_of(line.rule)
            # A rule that was there before may be meant for other datasets.
            is_kept = line.rule in self._before
            is_wrong = is_wrong or bool(problem and not is_kept)
            line.mark(bool(problem))
            if problem and not words:
                more = "; it is not used here, and kept for other datasets" if is_kept else ""
                words = f"rule {number}: {problem}{more}"
        self.message.setText(words or self._summary)
        self.message.setProperty("wrong", "true" if words else "false")
        self.message.style().polish(self.message)
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(not is_wrong)
        self.add_button.setEnabled(len(self.lines) < MOST_RULES)

    @property
    def _summary(self) -> str:
        if not self.lines:
            return "without rules there are no candidates"
        return "these are the defaults" if self.rules == DEFAULTS else ""
