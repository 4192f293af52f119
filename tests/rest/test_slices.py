"""One connection that sends a great many small things leaves the loop to others between them."""

import asyncio

import pytest
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from app.rest.connections import SLICE, Connection, Door

pytestmark = pytest.mark.anyio


class Wire(asyncio.Transport):
    """Takes what is written, and is open until it is closed."""

    def is_closing(self) -> bool:
        return False


async def _nothing(scope: object, receive: object, send: object) -> None:
    """No request is ever whole here."""


async def test_what_came_at_once_is_read_in_slices(monkeypatch: pytest.MonkeyPatch):
    read: list[bytes] = []
    monkeypatch.setattr(H11Protocol, "data_received", lambda self, data: read.append(data))
    config, state = uvicorn.Config(app=_nothing, interface="asgi3", log_config=None), ServerState()
    config.load()
    connection = Connection(config, state, Door(config, state), False)
    connection.transport = Wire()
    sent = b"1\r\nx\r\n" * 5_000
    connection.data_received(sent[:20_000])
    connection.data_received(sent[20_000:])
    assert b"".join(read) == sent[:SLICE], "the rest waits until others had their turn"
    while len(b"".join(read)) < len(sent):
        before = len(read)
        await asyncio.sleep(0)
        assert len(read) <= before + 1
    assert b"".join(read) == sent
