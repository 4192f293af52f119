"""Fetching a page: from real sockets of this computer, reached through a resolver and a route of the test."""

import asyncio
import gzip
import os
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from app.adapters.tools.sandbox.process import ProcessSandbox
from app.adapters.web.fetching import Fetching, charset_of
from app.adapters.web.reading import WebPages
from app.domain.error import Invalid
from tests.support.servers.serving import Exchange, Serving

pytestmark = pytest.mark.anyio
PUBLIC = "93.184.216.34"
HTML = {"Content-Type": "text/html; charset=utf-8"}
ARTICLE = f"""<html><head><title>Rice | Kitchen</title><script>alert("no")</script></head><body>
<nav><a href="/a">Home</a> <a href="/b">Menu</a></nav>
<article><h1>How to cook rice</h1>{"<p>Wash the rice, then let it rest in cold water for half an hour.</p>" * 6}
<ul><li>One cup of rice</li><li>Two cups of <a href="https://water.test/">water</a></li></ul>
<pre>boil
  rest</pre></article><footer>© nobody</footer></body></html>"""
ANSWERS: dict[str, tuple[int, dict[str, str], bytes]] = {
    "/article": (200, HTML, ARTICLE.encode()),
    "/plain": (200, {"Content-Type": "text/plain"}, "  Grüße  ".encode()),
    "/packed": (200, {**HTML, "Content-Encoding": "gzip"}, gzip.compress(ARTICLE.encode())),
    "/deflated": (200, {"Content-Type": "text/plain", "Content-Encoding": "deflate"}, zlib.compress(b"small")),
    "/bomb": (200, {**HTML, "Content-Encoding": "gzip"}, gzip.compress(bytes(30_000_000))),
    "/large": (200, HTML, b"x" * 70_000),
    "/odd": (200, {**HTML, "Content-Encoding": "br"}, b"..."),
    "/not-gzip": (200, {**HTML, "Content-Encoding": "gzip"}, b"not packed at all"),
    "/latin": (200, {"Content-Type": "text/plain; charset=ISO-8859-1"}, "naïve “quoted”".encode("cp1252")),
    "/meta": (200, {"Content-Type": "text/html"}, '<meta charset="windows-1251"><p>Привет</p>'.encode("cp1251")),
    "/unnamed": (200, {"Content-Type": "text/plain"}, "déjà".encode("cp1252")),
    "/picture": (200, {"Content-Type": "image/png"}, b"png"),
    "/binary": (200, {}, b"\0\1"),
    "/missing": (404, HTML, b""),
    "/moved": (302, {"Location": "/plain"}, b""),
    "/around": (302, {"Location": "/around"}, b""),
    "/to-here": (302, {"Location": "http://127.0.0.1:9/secret"}, b""),
    "/to-inside": (302, {"Location": "http://inside.test/plain"}, b""),
    "/to-metadata": (307, {"Location": "http://[::ffff:169.254.169.254]/latest"}, b""),
    "/to-file": (302, {"Location": "file:///etc/passwd"}, b""),
    "/cookie": (302, {"Location": "/plain", "Set-Cookie": "who=me"}, b""),
    "/empty": (200, HTML, b""),
}


async def answer(exchange: Exchange) -> None:
    path = exchange.request.path
    if path == "/slow":
        await exchange.begin("text/html")
        await asyncio.Event().wait()
    await exchange.send_bytes(*ANSWERS[path])


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with Serving(answer) as opened:
        yield opened


@pytest.fixture(autouse=True)
def forgotten(server: Serving) -> None:
    server.requests.clear()


NAMES = {
    "page.test": (PUBLIC,),
    "inside.test": ("10.0.0.7",),
    "mixed.test": (PUBLIC, "127.0.0.1"),
    "mapped.test": ("::ffff:127.0.0.1",),
}


async def resolve(host: str, port: int) -> Sequence[str]:
    """Names of the test; the rest as literals."""
    if host in NAMES:
        return NAMES[host]
    if host == "nowhere.test":
        raise OSError("no such name")
    return (host,)


def fetching(server: Serving, seconds: float = 20.0, most_bytes: int = 5_000_000) -> Fetching:
    return Fetching(resolve, lambda address, port: ("127.0.0.1", server.port), seconds, most_bytes)


async def text_of(server: Serving, path: str, host: str = "page.test") -> str:
    found = await fetching(server, most_bytes=60_000).fetch(f"http://{host}{path}", lambda kind: "image" not in kind)
    return found.body.decode(charset_of(found), "replace")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/plain", "Grüße"),
        ("/packed", "How to cook rice"),
        ("/deflated", "small"),
        ("/latin", "naïve “quoted”"),
        ("/meta", "Привет"),
        ("/unnamed", "déjà"),
        ("/moved", "Grüße"),
    ],
)
async def test_what_is_there_is_read_in_its_own_letters(server: Serving, path: str, expected: str) -> None:
    assert expected in await text_of(server, path)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://page.test/bomb", "larger than 60,000 bytes"),
        ("http://page.test/large", "larger than 60,000 bytes"),
        ("http://page.test/odd", "packed as br"),
        ("http://page.test/not-gzip", "could not be read"),
        ("http://page.test/picture", "not a page of text: it is image/png"),
        ("http://page.test/missing", "status 404"),
        ("http://page.test/around", "redirects again and again"),
        ("http://page.test/to-here", "belongs to this computer"),
        ("http://page.test/to-inside", "belongs to this computer"),
        ("http://page.test/to-metadata", "belongs to this computer"),
        ("http://page.test/to-file", "not the address of a web page"),
        ("http://inside.test/plain", "belongs to this computer"),
        ("http://mixed.test/plain", "belongs to this computer"),
        ("http://mapped.test/plain", "belongs to this computer"),
        ("http://127.0.0.1/plain", "belongs to this computer"),
        ("http://[::1]/plain", "belongs to this computer"),
        ("http://[64:ff9b::a9fe:a9fe]/latest", "belongs to this computer"),
        ("http://2130706433/plain", "belongs to this computer"),
        ("http://nowhere.test/", "There is no “nowhere.test”"),
        ("ftp://page.test/", "not the address of a web page"),
        ("javascript:alert(1)", "not the address of a web page"),
        ("http://me:pw@page.test/", "a name or a password"),
        ("http://[::1", "not the address of a web page"),
        ("", "not the address of a web page"),
    ],
)
async def test_what_is_refused_says_why(server: Serving, address: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        await fetching(server, most_bytes=60_000).fetch(address, lambda kind: "image" not in kind)
    assert said in refused.value.message
    if "belongs" in said and "page.test" not in address:
        assert server.requests == []


async def test_a_page_that_never_ends_is_left(server: Serving) -> None:
    with pytest.raises(Invalid, match=r"did not answer within 0\.3 seconds"):
        await fetching(server, seconds=0.3).fetch("http://page.test/slow", lambda kind: True)


async def test_no_cookies_and_no_proxy(server: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    await text_of(server, "/cookie")
    first, second = server.requests
    assert first.headers["host"] == second.headers["host"] == "page.test"
    assert "cookie" not in second.headers


async def test_a_name_is_resolved_once_for_each_request(server: Serving) -> None:
    """What was checked is what is connected to: a second answer of the resolver is asked for by nobody."""
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return (PUBLIC,) if len(asked) == 1 else ("127.0.0.1",)

    connected: list[str] = []

    def route(address: str, port: int) -> tuple[str, int]:
        connected.append(address)
        return "127.0.0.1", server.port

    await Fetching(rebinding, route).fetch("http://page.test/plain", lambda kind: True)
    assert (asked, connected) == (["page.test"], [PUBLIC])


@pytest.mark.skipif(os.name == "nt", reason="the sandbox of tests is that of Linux")
async def test_an_article_is_told_without_what_surrounds_it(server: Serving) -> None:
    sandbox = ProcessSandbox(Path(__file__))
    pages = WebPages(sandbox, fetching(server))
    page = await pages.read("http://page.test/article")
    assert "How to cook rice" in page.title + page.text
    assert "- One cup of rice\n- Two cups of water (https://water.test/)" in page.text
    assert "boil\n  rest" in page.text
    assert "alert" not in page.text
    assert "Menu" not in page.text
    assert (await pages.read("http://page.test/plain")).text == "Grüße"
    assert (await pages.read("http://page.test/empty")).text == ""
    deep = "<div>" * 20_000 + "deep"
    ANSWERS["/deep"] = (200, HTML, deep.encode())
    with_limits = await asyncio.gather(pages.read("http://page.test/deep"), return_exceptions=True)
    assert not isinstance(with_limits[0], Exception) or isinstance(with_limits[0], Invalid)
    await sandbox.close()
