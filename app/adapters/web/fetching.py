"""Fetches what anybody may fetch: no cookies, no proxy, no address of this computer or its network, within bounds.

A name is resolved once for each request, all its addresses are checked, and the connection goes to one of those.
Redirects are followed here, so that each is checked like the first address. Bytes are counted as they are unpacked.
"""

import asyncio
import codecs
import re
import socket
import ssl
import zlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urljoin, urlsplit

from app.adapters.web.addresses import is_public
from app.domain.error import Invalid

if TYPE_CHECKING:
    import aiohttp

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
Route = Callable[[str, int], tuple[str, int]]
MOST_BYTES = 5_000_000
"""Of a body, unpacked."""
MOST_REDIRECTS = 6
SECONDS = 25.0
"""For all of it: names, redirects, body."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})
HEADERS = {
    "accept": "text/html, application/xhtml+xml, text/plain, application/json;q=0.9, */*;q=0.5",
    "accept-encoding": "gzip, deflate",
    "accept-language": "en, *;q=0.5",
    "user-agent": "Mozilla/5.0 (compatible; Lares/1.0; reads one page for a person)",
}
REFUSED = "“{}” belongs to this computer or its network, where agents may not look."


_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_SAID = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""")
_RELATIVES = {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030"}


@dataclass(frozen=True)
class Fetched:
    """What was found."""

    address: str
    media_type: str
    charset: str
    """As the server says; may be empty."""
    body: bytes


async def resolved(host: str, port: int) -> Sequence[str]:
    """As the system resolves it."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(one[4][0]) for one in found))


@dataclass(frozen=True)
class Fetching:
    """`resolve` and `route` (where to connect for a checked address and port) are for tests alone."""

    resolve: Resolve = resolved
    route: Route = lambda address, port: (address, port)
    seconds: float = SECONDS
    most_bytes: int = MOST_BYTES
    _tls: "list[ssl.SSLContext]" = field(default_factory=lambda: list[ssl.SSLContext]())

    async def fetch(self, address: str, is_wanted: Callable[[str], bool]) -> Fetched:
        """`is_wanted`: by media type. Raises `Invalid`."""
        try:
            async with asyncio.timeout(self.seconds):
                return await self._followed(address, is_wanted)
        except TimeoutError:
            raise Invalid(f"“{_host(address)}” did not answer within {self.seconds:g} seconds.") from None

    async def _followed(self, address: str, is_wanted: Callable[[str], bool]) -> Fetched:
        await asyncio.to_thread(__import__, "aiohttp")
        for _ in range(MOST_REDIRECTS):
            parts = _checked(address)
            found = await self._one(parts, await self._places(parts), is_wanted)
            if isinstance(found, Fetched):
                return found
            address = urljoin(parts.geturl(), found)
        raise Invalid(f"“{_host(address)}” redirects again and again.")

    async def _places(self, parts: SplitResult) -> tuple[str, ...]:
        """Addresses of its host. All must be public: whoever mixes them wants to be asked twice."""
        host, port = parts.hostname or "", _port(parts)
        try:
            places = tuple(await self.resolve(host, port))
        except OSError:
            places = ()
        if not places:
            raise Invalid(f"There is no “{host}” on the internet, or this computer is offline.")
        if not all(is_public(one) for one in places):
            raise Invalid(REFUSED.format(host), code="refused_address")
        return places

    async def _one(
        self, parts: SplitResult, places: Sequence[str], is_wanted: Callable[[str], bool]
    ) -> "Fetched | str":
        """What is there, or where it says to look."""
        import aiohttp

        from app.adapters.web.checked_places import CheckedPlaces

        if not self._tls:
            self._tls.append(await asyncio.to_thread(_certificates))
        routed = [self.route(place, _port(parts)) for place in places]
        connector = aiohttp.TCPConnector(resolver=CheckedPlaces(routed), ssl=self._tls[0], use_dns_cache=False)
        client = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            headers=HEADERS,
        )
        try:
            async with client, client.get(parts.geturl(), allow_redirects=False) as response:
                target = response.headers.get("location", "")
                if response.status in REDIRECTS and target:
                    return target
                if response.status >= 400:
                    raise Invalid(f"“{parts.hostname}” answers with the status {response.status}.")
                if not is_wanted(response.content_type):
                    raise Invalid(f"“{parts.geturl()}” is not a page of text: it is {response.content_type}.")
                packing = response.headers.get("content-encoding", "")
                body = await self._body(response.content, packing, parts)
                return Fetched(parts.geturl(), response.content_type, response.charset or "", body)
        except (aiohttp.ClientError, OSError, zlib.error, ValueError) as error:
            raise Invalid(f"“{parts.hostname}” could not be read: {_reason(error)}.") from error

    async def _body(self, stream: "aiohttp.StreamReader", packing: str, parts: SplitResult) -> bytes:
        unpack, body = _unpacking(packing), bytearray()
        async for chunk in stream.iter_any():
            body += unpack(chunk, self.most_bytes + 1 - len(body))
            if len(body) > self.most_bytes:
                raise Invalid(f"The page at “{parts.hostname}” is larger than {self.most_bytes:,} bytes.")
        return bytes(body)


def _checked(address: str) -> SplitResult:
    try:
        parts = urlsplit(address.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise Invalid(f"“{address[:200]}” is not the address of a web page.") from None
    if parts.scheme not in ("http", "https") or not host:
        hint = "It begins with https:// or http://."
        raise Invalid(f"“{address[:200]}” is not the address of a web page.", hint=hint)
    if parts.username is not None or parts.password is not None:
        raise Invalid("The address holds a name or a password, which Lares sends to nobody.")
    return parts._replace(fragment="")


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or address[:200]
    except ValueError:
        return address[:200]


def _unpacking(packing: str) -> Callable[[bytes, int], bytes]:
    """Unpacks a stream piece by piece, no more than so many bytes of each. Raises `ValueError`."""
    name = packing.strip().lower()
    if name in ("", "identity"):
        return lambda chunk, most: chunk[:most]
    if name not in ("gzip", "x-gzip", "deflate"):
        raise ValueError(f"it is packed as {name[:40]}")
    unpacker = zlib.decompressobj(wbits=47 if name != "deflate" else 15)
    return lambda chunk, most: unpacker.decompress(chunk, max(1, most))


def _certificates() -> ssl.SSLContext:
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(cafile=certifi.where())
    return context


def _reason(error: BaseException) -> str:
    text = str(error).strip().rstrip(".") or type(error).__name__
    return text[:200]


def charset_of(fetched: Fetched) -> str:
    """The name of a codec that Python has: by the bytes at the beginning, by the server, by the page itself."""
    body = fetched.body
    for mark, name in _MARKS:
        if body.startswith(mark):
            return name
    said = _SAID.search(body[:4096])
    for name in (fetched.charset, said.group(1).decode("ascii") if said else ""):
        known = _codec(name)
        if known:
            return known
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _codec(name: str) -> str:
    """What Python has for it; as browsers, the larger relative where a page names the smaller one."""
    try:
        found = codecs.lookup(name)
        b"".decode(found.name)
    except (LookupError, ValueError):
        return ""
    return _RELATIVES.get(found.name, found.name)
