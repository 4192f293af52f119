"""Where a server may send its client to sign in: by addresses, so that no name has to be looked up."""

import httpx2
import pytest

from app.adapters.mcp.child.places import keep_to_places
from app.domain.mcp import McpError

pytestmark = pytest.mark.anyio
FAR, HOUSE, HERE = "https://93.184.215.14/mcp", "http://192.168.1.5:8000/mcp", "http://127.0.0.1:8000/mcp"
REFUSED = [
    (FAR, "http://93.184.215.15/token", "not encrypted"),
    (FAR, "https://127.0.0.1/token", "belongs to this computer"),
    (FAR, "https://localhost:11434/api/delete", "belongs to this computer"),
    (FAR, "https://[::1]/token", "belongs to this computer"),
    (FAR, "https://[::ffff:10.0.0.1]/token", "this computer or its network"),
    (FAR, "https://10.0.0.1/token", "this computer or its network"),
    (FAR, "https://169.254.169.254/latest/meta-data", "this computer or its network"),
    (FAR, "https://[64:ff9b::a00:1]/token", "this computer or its network"),
    (FAR, "https://0.0.0.0/token", "this computer or its network"),
    (HOUSE, "https://127.0.0.1/token", "belongs to this computer"),
    (HOUSE, "https://169.254.169.254/latest", "this computer or its network"),
    (HOUSE, "http://192.168.1.9/token", "not encrypted"),
    (HERE, "http://192.168.1.5/token", "not encrypted"),
]
ALLOWED = [
    (FAR, f"{FAR}/other"),
    (FAR, "https://93.184.215.15:8443/token"),
    (HOUSE, "https://192.168.1.9/token"),
    (HOUSE, "https://93.184.215.14/token"),
    (HOUSE, "http://192.168.1.5:8000/token"),
    (HERE, "http://127.0.0.1:9000/token"),
    (HERE, "https://192.168.1.5/token"),
]


async def test_no_server_leads_further_in_than_it_stands_itself():
    for server, address, why in REFUSED:
        with pytest.raises(McpError, match=why):
            await keep_to_places(httpx2.Request("GET", address), server)
    for server, address in ALLOWED:
        await keep_to_places(httpx2.Request("GET", address), server)


async def test_the_address_that_was_checked_is_the_one_that_is_asked():
    request = httpx2.Request("GET", "https://93.184.215.15/token")
    await keep_to_places(request, FAR)
    assert (request.url.host, request.headers["host"]) == ("93.184.215.15", "93.184.215.15")
    assert request.extensions["sni_hostname"] == "93.184.215.15"
