"""Pure: which failed model calls are made again, and when. Only calls that brought nothing: a half reply is kept."""

from dataclasses import dataclass

from app.domain.base import Micros
from app.domain.error import ModelError
from app.engine.state import Learnt


@dataclass(frozen=True)
class Sent:
    """What a refused request was made of."""

    tokens: int = 0
    """Our estimate, calibrated."""
    earlier_images: bool = False
    """Whether messages before the one that began the run show images."""
    at_least: int = 0
    """The same without what nobody can estimate."""


PAUSES = (0.5, 2.0)
"""Seconds before a passing failure is tried a second and a third time."""
LOADING_PAUSE = 2.0
"""Seconds between two tries while a server says that it is still loading the model."""
LOADING_PATIENCE: Micros = 600 * 1_000_000
"""A large model on a slow disk needs minutes; whoever does not want to wait presses Stop."""


REFUSALS = ("bad_request", "server_error")
"""Codes of a request that the server read and did not want: something in it may be what it cannot take."""


MOST_LESSONS = 10
"""Refusals of one call after which the adapter knows another form of the request; each is learnt once."""


class Retries:
    """The tries of one model call, and what they taught us."""

    def __init__(self, now: Micros, learnt: Learnt) -> None:
        """`learnt`: by an earlier call of the same request, before room was made for it."""
        self._since = now
        self._failures = learnt.failures
        self._lessons = 0
        self.served: int | None = learnt.served
        """The server's real window, once it has told us by refusing."""
        self.without_images = learnt.without_images
        """Whether images of earlier messages are left out: a model without vision would refuse every later message."""

    @property
    def learnt(self) -> Learnt:
        return Learnt(served=self.served, without_images=self.without_images, failures=self._failures)

    def seconds(self, now: Micros) -> float:
        """Since the first try."""
        return (now - self._since) / 1_000_000

    def pause(self, error: ModelError, now: Micros, sent: Sent) -> float | None:
        """Seconds to wait before the next try; None when there is none."""
        if error.code == "loading":
            return LOADING_PAUSE if now - self._since < LOADING_PATIENCE else None
        if error.code == "prompt_too_large":
            return self._narrow(error.details.get("n_ctx"), sent.tokens)
        if "learnt" in error.details and self._lessons < MOST_LESSONS:
            self._lessons += 1
            return 0.0
        if error.retryable and self._failures < len(PAUSES):
            self._failures += 1
            return PAUSES[self._failures - 1]
        if error.code in REFUSALS and sent.earlier_images and not self.without_images:
            self.without_images = True
            return 0.0
        return None

    def _narrow(self, size: object, sent: int) -> float | None:
        """A second refusal at the same size means our count is too low: a tenth less each time, three times."""
        known = size if isinstance(size, int) and size > 0 else sent
        if known <= 0 or self._failures > len(PAUSES):
            return None
        self._failures += 1
        self.served = known if self.served is None else int(self.served * 0.9)
        return 0.0
