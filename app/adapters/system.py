"""The real clock and the real ids."""

import threading
import time
import uuid

from app.domain.base import Micros
from app.domain.ids import Kind


class SystemClock:
    """UTC in microseconds. Never goes backwards while the process lives, even when the computer's clock is set back."""

    def __init__(self) -> None:
        self._last: Micros = 0
        self._lock = threading.Lock()

    def now(self) -> Micros:
        with self._lock:
            self._last = max(self._last, time.time_ns() // 1000)
            return self._last


class RandomIds:
    """Random ids that no other installation will ever give."""

    def new(self, kind: Kind) -> str:
        return f"{kind}-{uuid.uuid4()}"
