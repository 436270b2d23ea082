"""Preparing sessions in a process of its own, so that nothing of it is felt in the windows."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qtpy.QtCore import QObject, QProcess, QTimer, Signal

_PATIENCE_MS = 5_000
"""How long a process may take to end that was told to."""


class Preparing(QObject):
    """Sessions that are prepared, one after the other.

    Signals
    -------
    changed
        It has begun or ended, or is at another session.
    done : Path, str
        A session is prepared; or why it could not be, in one sentence.
    """

    changed = Signal()
    done = Signal(object, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: deque[Path] = deque()
        self._current: Path | None = None
        self._process: QProcess | None = None
        self.n_done = self.n_failed = 0
        self.share = 0.0
        """How much of the current session is done."""
        self.last_problem = ""
        """The last session that could not be prepared, and why."""
        self._problem = ""
        self.is_cancelled = False
        """Whether the last preparation was ended by the user."""
        self._ending: QProcess | None = None

    @property
    def is_running(self) -> bool:
        """Whether a session is being prepared."""
        return self._process is not None

    @property
    def is_ending(self) -> bool:
        """Whether what still runs was told to end: it does not count."""
        return self._process is not None and self._process is self._ending

    @property
    def current(self) -> Path | None:
        """The session that is being prepared."""
        return self._current

    @property
    def n_all(self) -> int:
        """Sessions that were asked for, those that are done included."""
        is_counted = self._current is not None and not self.is_ending
        return self.n_done + len(self._waiting) + is_counted

    def command(self, path: Path) -> list[str]:
        """What is run for a session."""
        return [sys.executable, "-m", "phygui.archive.prepare_one", str(path)]

    def add(self, paths: Sequence[Path]) -> None:
        """Prepare these as well."""
        is_ending = self.is_ending
        if is_ending or not self.is_running:
            self.n_done = self.n_failed = 0
        self.is_cancelled = False
        known = {*self._waiting, None if is_ending else self._current}
        self._waiting += [path for path in paths if path not in known]
        self._next()

    def _next(self) -> None:
        if self._process is None and self._waiting:
            self._current = self._waiting.popleft()
            process = self._process = QProcess(self)
            self.share, self._problem = 0.0, ""
            # It is not to find modules in a folder of somebody's data.
            process.setWorkingDirectory(sys.prefix)
            process.readyReadStandardOutput.connect(self._hear)
            process.finished.connect(self._finished)
            process.errorOccurred.connect(self._not_started)
            program, *arguments = self.command(self._current)
            process.start(program, arguments)
        self.changed.emit()

    def _hear(self) -> None:
        """Take what the process tells."""
        process = self._process
        while process is not None and process.canReadLine():
            told = told_in(bytes(process.readLine()))
            self._problem = str(told.get("problem", self._problem))
            share = told.get("share")
            if isinstance(share, int | float):
                self.share = min(max(float(share), 0.0), 1.0)
                self.changed.emit()

    def _not_started(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart and self._process is not None:
            self._end(f"the command could not be started: {self._process.errorString()}")

    def _finished(self, code: int, status: QProcess.ExitStatus) -> None:
        process = self._process
        if process is None:
            return
        self._hear()
        lines = bytes(process.readAllStandardError()).decode(errors="replace").splitlines()
        problem = ""
        if not self.is_ending and (code or status == QProcess.ExitStatus.CrashExit):
            problem = self._problem or next((s for s in reversed(lines) if s.strip()), "")
            problem = problem.removeprefix("phygui: ") or f"it ended with the code {code}"
        self._end(problem)

    def _end(self, problem: str) -> None:
        is_ending = self.is_ending
        process, self._process = self._process, None
        path, self._current = self._current, None
        if process is not None:
            process.deleteLater()
        if path is not None and not is_ending:
            self.n_done += 1
            if problem:
                self.n_failed += 1
                self.last_problem = f"{path.name}: {problem}"
            self.done.emit(path, problem)
        self._next()

    def cancel(self) -> None:
        """Prepare no more; what is being prepared leaves whole files only."""
        self._waiting.clear()
        process = self._process
        if process is None:
            return
        self.is_cancelled = True
        if self.is_ending:
            return
        self._ending = process
        _interrupt(process)

        def insist() -> None:
            if self._process is process:
                process.kill()

        QTimer.singleShot(_PATIENCE_MS, insist)

    def stop(self) -> None:
        """Cancel, and wait until it has ended: the window closes."""
        self._waiting.clear()
        process, self._process = self._process, None
        if process is None:
            return
        process.finished.disconnect()
        _interrupt(process)
        if not process.waitForFinished(_PATIENCE_MS):
            process.kill()
            process.waitForFinished(_PATIENCE_MS)


def _interrupt(process: QProcess) -> None:
    """Have a process end as by Ctrl+C: what it is writing goes with it."""
    if os.name == "posix" and process.processId():
        os.kill(process.processId(), signal.SIGINT)
    else:
        process.terminate()


def told_in(line: bytes) -> dict[str, Any]:
    """What a line of the process says; nothing where it is no such line."""
    try:
        told = json.loads(line)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
