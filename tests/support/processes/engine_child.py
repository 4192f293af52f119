"""A real engine process, as the window would start it, to be killed and started again."""

import os
import signal
from types import TracebackType
from typing import Self

from app.config import Config
from app.domain.error import LinkError
from app.link.client import Client
from app.link.launcher import ensure_engine
from app.services import Services


class EngineChild:
    """`async with EngineChild(config) as engine:`; ends the process at the end."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.client: Client | None = None
        self.pid = 0

    @property
    def services(self) -> Services:
        assert self.client is not None
        return self.client.services

    async def start(self) -> None:
        try:
            self.client = await ensure_engine(self.config)
        except LinkError as error:
            if error.code != "crash_loop":  # these tests kill more often than a person would bear
                raise
            self.client = await ensure_engine(self.config)
        self.pid = (await self.services.system.status()).pid

    async def kill(self) -> None:
        assert self.client is not None
        os.kill(self.pid, signal.SIGKILL)
        await self.client.wait_closed()
        await self.client.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        assert self.client is not None
        if not self.client.is_closed:
            await self.services.runs.stop_all()
            assert await self.client.stop_engine(True), "somebody else is still connected"
            await self.client.wait_closed()
        await self.client.close()
