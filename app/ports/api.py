"""The server of the local API; it serves in the engine's process and is started and stopped there."""

from dataclasses import dataclass
from typing import Protocol

from app.domain.api import ApiRequest


@dataclass(frozen=True)
class ApiPlan:
    """Where to serve, and for whom."""

    host: str
    port: int
    token: str | None = None
    """What every request must prove; needed for an address that other computers can reach."""
    origins: tuple[str, ...] = ()
    locked: str = ""
    """Why nobody is served, as a sentence: a token is asked for, and it cannot be read. It goes before `token`."""


class ApiServer(Protocol):
    """Serves at one address at a time, or not at all."""

    @property
    def url(self) -> str:
        """Empty while it does not serve."""
        ...

    async def start(self, plan: ApiPlan) -> None:
        """Returns once it serves. Raises `AppError` (`port_in_use`, `port_unusable`, `not_local`)."""
        ...

    async def stop(self) -> None:
        """Ends all answers under way; runs go on."""
        ...

    def requests(self) -> tuple[ApiRequest, ...]:
        """The last ones, newest first."""
        ...
