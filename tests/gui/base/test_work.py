"""Work off the GUI thread: what of it goes into the log."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from phygui.curation import EditError
from phygui.gui.base.work import Cancel, Latest, Pool


@pytest.mark.parametrize(
    ("error", "is_logged"), [(EditError("there is nothing to split"), False), (KeyError(3), True)]
)
def test_what_cannot_be_done_is_said_and_not_logged_as_a_fault(
    qtbot: QtBot, caplog: pytest.LogCaptureFixture, error: Exception, is_logged: bool
) -> None:
    def work(cancelled: Cancel) -> None:
        raise error

    pool = Pool()
    latest = Latest(pool, burst_ms=0)
    with qtbot.waitSignal(latest.failed) as blocker:
        latest.request(work)
    pool.close()
    assert blocker.args == [error]
    assert bool(caplog.records) is is_logged
