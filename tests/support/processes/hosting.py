"""A host on a real socket, in this process, whose address is noted in the data folder."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app import __version__
from app.config import Config
from app.link.engine_file import EngineNote, write_note
from app.link.host import Host
from app.link.protocol import PROTOCOL

TOKEN = "a token that only this test knows"


def note(port: int, token: str = TOKEN, version: str = __version__) -> EngineNote:
    return EngineNote(port, 1, token, PROTOCOL, version, time.time())


@asynccontextmanager
async def hosting(config: Config, services: object, **options: object) -> AsyncIterator[Host]:
    """A host whose address is noted in the data folder."""
    host = Host(services, TOKEN, **options)  # type: ignore[arg-type]
    write_note(config.engine_file, note(await host.start()))
    try:
        yield host
    finally:
        await host.close()
