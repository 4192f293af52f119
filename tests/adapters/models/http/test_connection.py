"""One connection carries thousands of requests."""

import gc
import json

import aiohttp
import pytest

from app.adapters.models.http.connection import Connection, Patience
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio
MANY = 5


def _bodies() -> int:
    gc.collect()
    return sum(isinstance(one, aiohttp.StreamReader) for one in gc.get_objects())


async def test_a_connection_that_is_used_again_holds_nothing_of_the_requests_before() -> None:
    carried: set[int] = set()
    before = _bodies()
    with OpenAIServer(tokens_per_second=500) as server:
        asked = {"model": server.model, "stream": True, "messages": [{"role": "user", "content": "hello"}]}
        connection = Connection("double", server.url, lambda: None, Patience())
        for _ in range(MANY):
            request = connection.request("POST", f"{server.url}/chat/completions", content=json.dumps(asked).encode())
            async with request as response:
                assert response.connection is not None
                carried.add(id(response.connection.protocol))
                await response.read()
        del response
        assert len(carried) == 1
        assert _bodies() <= before + 1  # the parser keeps its last one
        await connection.close()
