"""Pure: which failed model calls are made again, and when. Only calls that brought nothing: a half reply is kept."""

from app.domain.base import Micros
from app.domain.error import AppError, ModelError

PAUSES = (0.5, 2.0)
"""Seconds before a passing failure is tried a second and a third time."""
LOADING_PAUSE = 2.0
LOADING_PATIENCE: Micros = 600 * 1_000_000
"""A large model on a slow disk needs minutes; whoever does not want to wait presses Stop."""


class Retries:
    """The tries of one model call. `served` is the server's real window once it has told us by refusing."""

    def __init__(self, now: Micros) -> None:
        self._begun = now
        self._failures = 0
        self.served: int | None = None

    def pause(self, error: AppError, now: Micros) -> float | None:
        """Seconds to wait before the next try; None when there is none."""
        if error.code == "loading":
            return LOADING_PAUSE if now - self._begun < LOADING_PATIENCE else None
        if error.code == "prompt_too_large":
            return self._narrow(error.details.get("n_ctx"))
        if not isinstance(error, ModelError) or not error.retryable or self._failures >= len(PAUSES):
            return None
        self._failures += 1
        return PAUSES[self._failures - 1]

    def _narrow(self, size: object) -> float | None:
        """A second refusal at the same size means our count is too low: a tenth less each time, three times."""
        if not isinstance(size, int) or size <= 0 or self._failures > len(PAUSES):
            return None
        self._failures += 1
        self.served = size if self.served is None else int(self.served * 0.9)
        return 0.0
