"""What every command does around its work: find the engine or start one, do it, leave."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from app.config import Config
from app.link.launcher import ensure_engine, start_early

if TYPE_CHECKING:
    from app.link.client import Services

DONE, FAILED, NOT_RUNNING, INTERRUPTED = 0, 1, 3, 130
"""Exit codes. A wrong argument is 2; `NOT_RUNNING` is what `systemctl status` says of a service that does not run."""


def over_link(config: Config, work: "Callable[[Services], Awaitable[int]]") -> int:
    """Does it in the engine of this folder, which is started if need be; gives the exit code of the work."""

    async def run() -> int:
        client = await ensure_engine(config, "terminal", start_early(config))
        try:
            return await work(client.services)
        finally:
            await client.close()

    return asyncio.run(run())


async def connect_found(config: Config, services: "Services") -> None:
    """Connects the model servers that answer beside Lares, as the window does at its first start."""
    if config.settings.servers.find:
        await services.servers.adopt_found()
