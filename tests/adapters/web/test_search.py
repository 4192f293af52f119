"""What each search engine is asked, and what is made of its answer, over real sockets."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from app.adapters.web.search import SearchEngines
from app.domain.error import Invalid
from app.domain.web import SearchEngine, WebHit, WebQuery
from tests.support.servers.serving import Exchange, Serving

pytestmark = pytest.mark.anyio
DUCK = """<div class="result"><h2><a rel="nofollow" class="result__a"
 href="//duckduckgo.com/l/?uddg=https%3A%2F%2Frice.test%2Fhow%3Fa%3D1&amp;rut=x">How to <b>cook</b> rice</a></h2>
<a class="result__snippet" href="//duckduckgo.com/l/?uddg=x">Wash the <b>rice</b> &amp; wait.</a></div>
<a class="result__a" href="https://duckduckgo.com/y.js?ad=1">Buy rice</a>
<a class="result__a" href="https://plain.test/">Plain</a>"""
HIT = WebHit(title="Rice", address="https://rice.test/", text="Wash it.", published="2026-03-01")
QUERY = WebQuery(words="cook rice", most=3, only=("rice.test",), without=("ads.test",), country="DE")
ROW = {"title": "Rice", "url": "https://rice.test/"}
ANSWERS: dict[str, Any] = {
    "/html/": DUCK,
    "/search?": {"results": [{**ROW, "content": "<b>Wash</b> it.", "publishedDate": "2026-03-01"}, {"title": "x"}]},
    "/res/v1/web/search": {"web": {"results": [{**ROW, "description": "Wash it.", "age": "2026-03-01"}]}},
    "/search": {"results": [{**ROW, "content": "Wash it.", "summary": "Wash it.", "published_date": "2026-03-01",
                             "publishedDate": "2026-03-01"}]},
}  # fmt: skip


async def answer(exchange: Exchange) -> None:
    path, status = exchange.request.path, 200
    for word, code in (("refused", 403), ("busy", 429), ("broken", 500)):
        status = code if word in path else status
    if "nonsense" in path:
        await exchange.send(200, "<html>")
    elif "person" in path:
        await exchange.send(200, "<html>are you human?</html>", "text/html")
    else:
        found = next((body for begin, body in ANSWERS.items() if path.startswith(begin)), {})
        await exchange.send(status, found)


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with Serving(answer) as opened:
        yield opened


async def found(server: Serving, engine: SearchEngine, query: WebQuery = QUERY, more: str = "") -> tuple[WebHit, ...]:
    server.requests.clear()
    base = f"http://127.0.0.1:{server.port}{more}"
    return await SearchEngines({engine: base}).search(engine, base, "sesame", query)


async def test_duckduckgo_needs_no_key(server: Serving) -> None:
    hits = await found(server, "duckduckgo")
    assert [(one.title, one.address, one.text) for one in hits] == [
        ("How to cook rice", "https://rice.test/how?a=1", "Wash the rice & wait."),
        ("Plain", "https://plain.test/", ""),
    ]
    asked = parse_qs(urlsplit(server.requests[0].path).query)
    assert asked == {"q": ["cook rice site:rice.test -site:ads.test"]}
    assert "sesame" not in str(server.requests)


@pytest.mark.parametrize("engine", ["searxng", "brave", "tavily", "exa"])
async def test_the_others_tell_the_same(server: Serving, engine: SearchEngine) -> None:
    assert await found(server, engine) == (HIT,)
    asked = server.requests[0]
    assert ("sesame" in str(asked.headers)) == (engine != "searxng")
    assert "sesame" not in asked.path
    assert b"cook rice" in asked.raw or "cook+rice" in asked.path
    if engine in ("tavily", "exa"):
        body = asked.body
        assert (body.get("include_domains") or body.get("includeDomains")) == ["rice.test"]
        assert (body.get("exclude_domains") or body.get("excludeDomains")) == ["ads.test"]


@pytest.mark.parametrize(
    ("engine", "more", "said"),
    [
        ("brave", "/refused", "Brave Search does not accept the key."),
        ("tavily", "/busy", "takes no more requests now"),
        ("exa", "/broken", "answers with the status 500"),
        ("searxng", "/nonsense", "cannot be understood"),
        ("duckduckgo", "/person", "wants to know whether a person asks"),
    ],
)
async def test_a_refusal_is_a_sentence(server: Serving, engine: SearchEngine, more: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        await found(server, engine, more=more)
    assert said in refused.value.message


async def test_an_engine_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(Invalid) as refused:
        await SearchEngines().search("searxng", "http://127.0.0.1:9", "", QUERY)
    assert refused.value.message == "SearXNG could not be reached."
