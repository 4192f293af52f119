"""The window's loop is Qt's: the same client works there."""

import asyncio
from typing import Any

import pytest
import qasync
from pytestqt.qtbot import QtBot

from app.config import Config
from app.domain.error import LinkError
from app.link import launcher
from tests.support.processes.toy_engine import toy_command


@pytest.mark.usefixtures("engines")
def test_client_works_on_the_loop_of_the_window(qtbot: QtBot, qapp: Any, config: Config) -> None:
    async def use() -> None:
        client: Any = await launcher.ensure_engine(config, command=toy_command())
        large = "ä" * 6_000_000
        assert await client.services.echo.any(large) == large
        assert [n async for n in client.services.numbers.count(500)] == list(range(500))
        assert await asyncio.gather(*(client.services.echo.any(n) for n in range(50))) == list(range(50))
        waiting = asyncio.ensure_future(client.services.echo.wait())
        await client.services.echo.any(1)
        assert await client.stop_engine()
        await asyncio.wait_for(client.wait_closed(), 5)
        with pytest.raises(LinkError):
            await waiting
        await client.close()

    loop = qasync.QEventLoop(qapp)
    with loop:
        loop.run_until_complete(asyncio.wait_for(use(), 30))
