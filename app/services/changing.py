"""What services share that change memory: the ports, and a transaction that knows its origin."""

from collections.abc import Callable
from typing import TypeVar

from app.domain.error import Conflict
from app.domain.history import Origin
from app.engine.deps import EngineDeps
from app.engine.memory.changes import Changes

T = TypeVar("T")


async def change(deps: EngineDeps, origin: Origin, work: Callable[[Changes], T]) -> T:
    """Runs `work` in one transaction; whatever it changes gets its row in the history."""
    now = deps.clock.now()
    return await deps.storage.write(lambda repos: work(Changes(repos, deps.ids, now, origin)))


def check_version(what: str, current: int, expected: int | None) -> None:
    """Raises `Conflict` when a row changed since the caller read it."""
    if expected is not None and expected != current:
        raise Conflict(
            f"{what} changed while you edited. Your text is kept.",
            code="version_conflict",
            hint="Look at both versions, then save yours or use the other.",
            details={"version": current},
        )
