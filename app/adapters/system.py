"""The real clock and the real ids."""

import threading
import time
import uuid

from app.domain.base import Micros
from app.domain.ids import Kind


class SystemClock:
    """UTC in microseconds. Never goes backwards while the process lives, and never stands still: when the computer's
    clock is set back, it goes on from where it was.
    """

    def __init__(self) -> None:
        self._last: Micros = 0
        self._last_ticks: Micros = self.ticks()
        self._lock = threading.Lock()

    def now(self) -> Micros:
        with self._lock:
            ticks, told = self.ticks(), time.time_ns() // 1000
            self._last = told if told >= self._last else self._last + ticks - self._last_ticks
            self._last_ticks = ticks
            return self._last

    def ticks(self) -> Micros:
        return time.monotonic_ns() // 1000


class RandomIds:
    """Random ids that no other installation will ever give."""

    def new(self, kind: Kind) -> str:
        return f"{kind}-{uuid.uuid4()}"
