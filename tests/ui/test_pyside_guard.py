"""Guards the pinned PySide6: some releases lose references to None on Python 3.11 until the process aborts."""

import asyncio
import sys

import pytest
from PySide6.QtCore import QAbstractListModel, QObject, QTimer, QTimerEvent
from PySide6.QtWidgets import QApplication

ROUNDS = 800
NOISE = 50
"""None's count moves a little with everything else that runs; a faulty release loses about one for each round."""


def references_lost(before: int) -> int:
    return before - sys.getrefcount(None)


needs_counted_none = pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="None is immortal since Python 3.12 and cannot be lost"
)


@needs_counted_none
def test_timer_slots_keep_their_reference_to_none(qapp: QApplication) -> None:
    fired = 0

    def slot() -> None:
        nonlocal fired
        fired += 1

    timer = QTimer(interval=0)
    timer.timeout.connect(slot)
    before = sys.getrefcount(None)
    timer.start()
    while fired < ROUNDS:
        qapp.processEvents()
    timer.stop()
    assert references_lost(before) < NOISE


@needs_counted_none
def test_overridden_virtual_calls_keep_their_reference_to_none(qapp: QApplication) -> None:
    class Ticker(QObject):
        ticks = 0

        def timerEvent(self, event: QTimerEvent) -> None:
            self.ticks += 1

    ticker = Ticker()
    before = sys.getrefcount(None)
    number = ticker.startTimer(0)
    while ticker.ticks < ROUNDS:
        qapp.processEvents()
    ticker.killTimer(number)
    assert references_lost(before) < NOISE


@needs_counted_none
def test_a_model_that_answers_none_keeps_its_reference_to_none(qapp: QApplication) -> None:
    class Empty(QAbstractListModel):
        def rowCount(self, parent=None) -> int:
            return 1

        def data(self, index, role=0) -> None:
            return None

    model = Empty()
    index = model.index(0, 0)
    before = sys.getrefcount(None)
    answers = [index.data() for _ in range(ROUNDS)]
    assert set(answers) == {None}
    del answers
    assert references_lost(before) < NOISE


def test_coroutines_and_qt_timers_run_on_one_loop(wait_for) -> None:
    fired: list[int] = []

    async def work() -> str:
        done = asyncio.get_running_loop().create_future()
        QTimer.singleShot(0, lambda: (fired.append(1), done.set_result("woken by Qt")))
        return await done

    assert wait_for(work()) == "woken by Qt"
    assert fired == [1]
