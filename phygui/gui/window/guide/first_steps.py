"""The cards of the first steps, over the window that they are about."""

from __future__ import annotations

import re

import numpy as np
from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from phygui.curation.edits.update import Update
from phygui.curation.open_session import is_practice
from phygui.gui.actions.actions import BY_NAME
from phygui.gui.base.delays import DELAYS
from phygui.gui.dialogs.choosing import Ask
from phygui.gui.window.guide.cards import CARDS, END, Prepare
from phygui.gui.window.parts import WindowParts

WIDTH = 440
EDGE = 16
"""Pixels between the card and the edges of the window."""
FEW_SPIKES = 100
"""A cluster of fewer has violations by chance."""
MOST_VIOLATIONS = 0.1
"""What has more of them is noise rather than neurons."""
SHARE_OF_USUAL = 0.5
"""So is what is smaller than this share of the usual cluster."""
_KEY = re.compile(r"\{(\w+)\}")


def begin(window: WindowParts) -> None:
    """Show the first card over a demo of their own, which is opened if this window is not on it.

    What was done there before is taken back: the cards speak of the demo as it was built.
    """
    if not is_practice(window.session.path):
        window.open_wanted.emit(Ask.FIRST_STEPS)
        return
    for card in window.findChildren(FirstSteps):
        card.leave()
    session = window.session
    if session.history_position and session.shown.is_editable:
        window.attempt(lambda: session.jump_to(0))
    FirstSteps(window)


class FirstSteps(QFrame):
    """Shows one card after the other; what the user does in the window moves them on.

    Parameters
    ----------
    window : WindowParts
        The window on the demo, or on any other dataset with some clusters.
    """

    def __init__(self, window: WindowParts) -> None:
        super().__init__(window)
        self._window = window
        self.setObjectName("card")
        self.setFixedWidth(WIDTH)
        self.number = 0
        self._done: set[int] = set()
        self.title, self.where = QLabel(), QLabel()
        font = self.title.font()
        font.setPointSize(font.pointSize() + 4)
        font.setBold(True)
        self.title.setFont(font)
        self.where.setObjectName("hint")
        self.text, self.tasks = QLabel(), QLabel()
        for label in (self.text, self.tasks):
            label.setWordWrap(True)
        self.tasks.setTextFormat(Qt.TextFormat.RichText)
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.where)
        self.back, self.on = QPushButton("Back"), QPushButton("Skip")
        self.end = QPushButton("End")
        foot = QHBoxLayout()
        foot.addWidget(self.end)
        foot.addStretch()
        foot.addWidget(self.back)
        foot.addWidget(self.on)
        for button in (self.back, self.on, self.end):
            # The keys are for the window.
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.back.clicked.connect(lambda: self.go(self.number - 1))
        self.on.clicked.connect(lambda: self.go(self.number + 1))
        self.end.clicked.connect(self.leave)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 12)
        layout.setSpacing(10)
        layout.addLayout(head)
        layout.addWidget(self.text)
        layout.addWidget(self.tasks)
        layout.addLayout(foot)
        self._next = QTimer(self)
        self._next.setSingleShot(True)
        self._next.timeout.connect(lambda: self.go(self.number + 1))
        window.ran.connect(self._notice)
        window.session.clustered.connect(self._notice_edit)
        window.keys.changed.connect(self._write)
        window.installEventFilter(self)
        self.go(0)
        self.show()

    # -- cards -----------------------------------------------------------------------------

    @property
    def is_at_end(self) -> bool:
        """Whether the last card is done."""
        return self.number >= len(CARDS)

    def go(self, number: int) -> None:
        """Show a card, or after the last one what else there is."""
        self._next.stop()
        self.number, self._done = max(number, 0), set()
        if self.number > len(CARDS):
            self.leave()
            return
        if not self.is_at_end:
            self._prepare(CARDS[self.number].prepare)
        self._write()

    def _notice(self, action: str) -> None:
        """The user has done something: a task may be it."""
        if self.is_at_end:
            return
        tasks = CARDS[self.number].tasks
        for k, task in enumerate(tasks):
            if k not in self._done and action in task.actions:
                self._done.add(k)
                break
        if len(self._done) == len(tasks):
            self._next.start(DELAYS.card_ms)
        self._write()

    def _notice_edit(self, update: Update) -> None:
        if update.cause == "edit":
            self._notice(f"edit:{update.kind}")

    def _write(self) -> None:
        """Say what the card says, with the keys in effect."""
        self.back.setEnabled(self.number > 0)
        self.on.setText("Close" if self.is_at_end else "Skip")
        self.end.setVisible(not self.is_at_end)
        if self.is_at_end:
            self.title.setText("Well done")
            self.where.setText("")
            self.text.setText(self._with_keys(END))
            self.tasks.hide()
        else:
            card = CARDS[self.number]
            self.title.setText(card.title)
            self.where.setText(f"{self.number + 1} of {len(CARDS)}")
            self.text.setText(self._with_keys(card.text))
            lines = [
                f"<p style='margin: 4px 0'>{'✓' if k in self._done else '○'}&nbsp; "
                f"{self._with_keys(task.text)}</p>"
                for k, task in enumerate(card.tasks)
            ]
            self.tasks.setText("".join(lines))
            self.tasks.show()
        self._place()

    def _with_keys(self, text: str) -> str:
        """A text with the first key of each action that it names."""

        def key(match: re.Match[str]) -> str:
            action = BY_NAME[match[1]]
            keys = self._window.keys.text(action).split(", ")[0]
            return f"<b>{keys.replace('<', '&lt;') or action.title}</b>"

        return _KEY.sub(key, text)

    def _prepare(self, what: Prepare) -> None:
        """Select what a card speaks of, as far as it is known."""
        session = self._window.session
        if what == "first":
            session.first_best()
            # It is still the first one when more is known of the clusters.
            self._window.first_choice.count_as_chosen()
        elif what == "pair":
            shown = session.shown
            living = shown.spikes_per_cluster
            pairs = [
                (similarity, c, other)
                for c in living
                for other, similarity in shown.knowledge.similar(c, living)[:1]
                if min(len(living[c]), len(living[other])) >= FEW_SPIKES
            ]
            if pairs:
                _, first, second = max(pairs)
                session.select([first], [second])
        elif what == "mixed":
            found = self._mixed()
            if found is not None:
                session.select([found])

    def _mixed(self) -> int | None:
        """A cluster that may be two neurons: it has violations, and the spikes of neurons."""
        shown = self._window.session.shown
        sizes = {c: of.amplitude for c, of in shown.stats.items() if of.amplitude is not None}
        least = SHARE_OF_USUAL * float(np.median([*sizes.values()])) if sizes else 0.0
        found = []
        for cluster_id, spikes in shown.spikes_per_cluster.items():
            rate = shown.metrics.get(cluster_id, {}).get("violation_rate")
            if rate is None or not rate.is_defined or len(spikes) < FEW_SPIKES:
                continue
            is_neurons = rate.value < MOST_VIOLATIONS and sizes.get(cluster_id, least) >= least
            found.append((is_neurons, rate.value, cluster_id))
        return max(found)[-1] if found else None

    # -- place and end ---------------------------------------------------------------------

    def _place(self) -> None:
        """Stay in a lower corner, above the status bar."""
        self.setFixedHeight(self.heightForWidth(WIDTH) if self.hasHeightForWidth() else 260)
        window, bar = self._window, self._window.statusBar()
        is_left = not self.is_at_end and CARDS[self.number].is_left
        left = EDGE if is_left else window.width() - WIDTH - EDGE
        self.move(left, window.height() - bar.height() - self.height() - EDGE)
        self.raise_()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Follow the window."""
        if event is not None and event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def leave(self) -> None:
        """Go for good."""
        self._next.stop()
        self._window.ran.disconnect(self._notice)
        self._window.session.clustered.disconnect(self._notice_edit)
        self._window.keys.changed.disconnect(self._write)
        self._window.removeEventFilter(self)
        self.hide()
        self.deleteLater()
        self._window.cluster_table.view.setFocus()
