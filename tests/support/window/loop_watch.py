"""How long the window's loop is away: the CPU time of each of its turns, so that a busy machine tells the truth."""

import time

from PySide6.QtCore import QAbstractEventDispatcher, QObject

STALL_MS = 50


class LoopWatch(QObject):
    """Notes the turns of the loop of this thread from `begin` to `end`. Waiting costs a turn nothing."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.turns: list[float] = []
        self._last = 0.0
        self._on = False
        dispatcher = QAbstractEventDispatcher.instance()
        assert dispatcher is not None
        dispatcher.awake.connect(self._turned)
        dispatcher.aboutToBlock.connect(self._turned)

    def begin(self) -> None:
        self.turns = []
        self._last, self._on = time.thread_time(), True

    def end(self) -> float:
        """Milliseconds of the longest turn."""
        self._turned()
        self._on = False
        return max(self.turns, default=0.0)

    def _turned(self) -> None:
        if self._on:
            now = time.thread_time()
            self.turns.append((now - self._last) * 1000)
            self._last = now
