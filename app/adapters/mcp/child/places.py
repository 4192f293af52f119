"""Where a server may send its client: to sign in, or for a token. A stranger out there must not have this computer ask
addresses of its own or of its network.
"""

import asyncio
import ipaddress
import socket
from urllib.parse import urlsplit

import httpx2

from app.adapters.web.addresses import is_public
from app.domain.address import is_here, is_nearby
from app.domain.mcp import McpError


def origin_of(address: str) -> tuple[str, str, int]:
    """Scheme, host and port."""
    parts = urlsplit(address)
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def check_scheme(address: str, server: str) -> None:
    """Raises `McpError` for what is neither encrypted nor on this computer, as the server itself is."""
    parts = urlsplit(address)
    local = parts.scheme == "http" and is_here(address) and is_here(server)
    if parts.scheme != "https" and not local:
        raise _refused(address, "which is not encrypted")


async def keep_to_places(request: httpx2.Request, server: str) -> None:
    """Lets requests to the server pass. One to another place goes to an address that was checked, whatever its name
    leads to a moment later. Raises `McpError`.
    """
    address = str(request.url)
    if origin_of(address) == origin_of(server):
        return
    check_scheme(address, server)
    if is_here(server):
        return
    if is_here(address):
        raise _refused(address, "which belongs to this computer")
    _, host, port = origin_of(address)
    places = await _places(host, port)
    if not all(_may_be(one, server) for one in places):
        raise _refused(address, "which belongs to this computer or its network")
    request.extensions = {**request.extensions, "sni_hostname": host}
    request.url = request.url.copy_with(host=places[0])


async def _places(host: str, port: int) -> list[str]:
    """The addresses that a name leads to; one that is written as its number is itself."""
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        pass
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise McpError(f"There is no “{host}”, where the server sends you to sign in.", code="mcp_sign_in") from None
    return [str(one[4][0]) for one in found]


def _may_be(place: str, server: str) -> bool:
    """A server of the house may have its sign-in there too, but on no machine's own inside."""
    if not is_nearby(server):
        return is_public(place)
    address = ipaddress.ip_address(place.partition("%")[0])
    return not (address.is_loopback or address.is_link_local or address.is_unspecified)


def _refused(address: str, why: str) -> McpError:
    host = urlsplit(address).netloc.rpartition("@")[2] or address[:100]
    return McpError(
        f"The server sends Lares to {host}, {why}, so Lares does not go there.",
        code="mcp_sign_in",
        hint="Ask whoever runs the server.",
    )
