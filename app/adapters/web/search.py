"""Search engines: what each is asked, and what its answer says. The keys go to the engine alone."""

import asyncio
import html
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlencode, urlsplit

from app.domain.error import Invalid
from app.domain.json_value import object_of
from app.domain.web import SearchEngine, WebHit, WebQuery

SECONDS = 20.0
MOST_BYTES = 5_000_000
"""Of an answer."""
MOST_HITS = 25
MOST_TEXT = 2_000
"""Characters of a hit's text where the whole page was not asked for."""
MOST_PAGE = 8_000
"""Characters of a hit's text where it was."""
PLACES: dict[SearchEngine, str] = {
    "duckduckgo": "https://html.duckduckgo.com",
    "brave": "https://api.search.brave.com",
    "tavily": "https://api.tavily.com",
    "exa": "https://api.exa.ai",
}
NAMES: dict[SearchEngine, str] = {
    "duckduckgo": "DuckDuckGo",
    "searxng": "SearXNG",
    "brave": "Brave Search",
    "tavily": "Tavily",
    "exa": "Exa",
}


@dataclass(frozen=True)
class _Request:
    path: str
    body: dict[str, Any] | None = None
    """As JSON; None: it is a GET."""
    headers: dict[str, str] = field(default_factory=lambda: dict[str, str]())


@dataclass(frozen=True)
class SearchEngines:
    """`ports/web.py: WebSearch`. `places`: the address of each engine that has one for all."""

    places: "dict[SearchEngine, str]" = field(default_factory=lambda: dict(PLACES))

    async def search(self, engine: SearchEngine, address: str, key: str, query: WebQuery) -> tuple[WebHit, ...]:
        name, base = NAMES[engine], (address or self.places.get(engine, "")).rstrip("/")
        asked, read = _ENGINES[engine]
        text = await _answer(name, base, asked(key, query))
        try:
            hits = await asyncio.to_thread(read, text)
        except (ValueError, TypeError, AttributeError, RecursionError):
            raise Invalid(f"The answer of {name} cannot be understood.", hint="It may need another address.") from None
        return tuple(_bounded(one, query) for one in hits if one.address)[: max(1, min(query.most, MOST_HITS))]


async def _answer(name: str, base: str, request: _Request) -> str:
    await asyncio.to_thread(__import__, "aiohttp")
    import aiohttp

    method = "GET" if request.body is None else "POST"
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    headers = {"user-agent": "Mozilla/5.0 (compatible; Lares/1.0)", "accept-encoding": "identity", **request.headers}
    jar = aiohttp.DummyCookieJar()
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, cookie_jar=jar, trust_env=False) as client,
            client.request(
                method, base + request.path, json=request.body, headers=headers, allow_redirects=False
            ) as response,
        ):
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise Invalid(f"The answer of {name} is too large.")
            status = response.status
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
        raise Invalid(f"{name} could not be reached.", hint="Is this computer online?", code="unreachable") from error
    if status in (401, 403):
        raise Invalid(f"{name} does not accept the key.", hint="Look at it in Settings, Search.", code="key")
    if status in (202, 429):
        raise Invalid(f"{name} takes no more requests now.", hint="Try again later, or choose another engine.")
    if status != 200:
        raise Invalid(f"{name} answers with the status {status}.", hint="Look at Settings, Search.")
    return body.decode("utf-8", "replace")


def _bounded(hit: WebHit, query: WebQuery) -> WebHit:
    most = MOST_PAGE if query.with_text else MOST_TEXT
    text = hit.text if len(hit.text) <= most else f"{hit.text[:most]}…"
    return hit.model_copy(update={"title": hit.title[:300], "address": hit.address[:2_000], "text": text})


def _words(query: WebQuery) -> str:
    """With its domains, for engines that read them in the words."""
    only = " OR ".join(f"site:{one}" for one in query.only)
    return " ".join(filter(None, (query.words, only, *(f"-site:{one}" for one in query.without))))


def _rows(text: str, *path: str) -> list[dict[str, Any]]:
    found: Any = json.loads(text)
    for name in path:
        found = object_of(found).get(name)
    return [object_of(one) for one in found or ()]


def _text(row: dict[str, Any], *names: str) -> str:
    for name in names:
        if isinstance(row.get(name), str) and row[name].strip():
            return _plain(row[name])
    return ""


def _plain(text: str) -> str:
    """Without the tags with which engines mark the words that were looked for."""
    return html.unescape(re.sub(r"</?(?:b|strong|em|mark|span)\b[^>]*>", "", text)).strip()


def _hit(row: dict[str, Any], texts: tuple[str, ...], published: str) -> WebHit:
    return WebHit(
        title=_text(row, "title") or _text(row, "url"),
        address=_text(row, "url"),
        text=_text(row, *texts),
        published=_text(row, published),
    )


def _ask_duckduckgo(key: str, query: WebQuery) -> _Request:
    return _Request("/html/?q=" + quote_plus(_words(query)))


_LINK = re.compile(r'<a[^>]*class="result__a"[^>]*href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
_SNIPPET = re.compile(r'class="result__snippet"[^>]*>(.*?)</a>', re.DOTALL)


def _read_duckduckgo(text: str) -> list[WebHit]:
    found: list[WebHit] = []
    links = list(_LINK.finditer(text))
    ends = [*(one.start() for one in links[1:]), len(text)]
    for link, end in zip(links, ends, strict=False):
        about = _SNIPPET.search(text, link.end(), end)
        target = urlsplit(html.unescape(link.group(1)))
        inner = parse_qs(target.query).get("uddg", [""])[0] if target.path == "/l/" else target.geturl()
        if inner.startswith(("http://", "https://")) and "duckduckgo.com/y.js" not in inner:
            title = " ".join(_plain(link.group(2)).split())
            told = " ".join(_plain(about.group(1)).split()) if about else ""
            found.append(WebHit(title=title, address=inner, text=told))
    if not found and 'class="no-results"' not in text and "result__a" not in text:
        raise Invalid(
            "DuckDuckGo wants to know whether a person asks.", hint="Try again later, or choose another engine."
        )
    return found


def _ask_searxng(key: str, query: WebQuery) -> _Request:
    return _Request("/search?" + urlencode({"q": _words(query), "format": "json"}))


def _read_searxng(text: str) -> list[WebHit]:
    return [_hit(one, ("content",), "publishedDate") for one in _rows(text, "results")]


def _ask_brave(key: str, query: WebQuery) -> _Request:
    given = {"q": _words(query), "count": str(max(1, min(query.most, 20)))}
    if query.country:
        given["country"] = query.country
    if query.since and query.until:
        given["freshness"] = f"{query.since[:10]}to{query.until[:10]}"
    return _Request("/res/v1/web/search?" + urlencode(given), headers={"x-subscription-token": key})


def _read_brave(text: str) -> list[WebHit]:
    return [_hit(one, ("description",), "age") for one in _rows(text, "web", "results")]


def _ask_tavily(key: str, query: WebQuery) -> _Request:
    body: dict[str, Any] = {
        "query": query.words,
        "max_results": max(1, min(query.most, 20)),
        "include_domains": list(query.only),
        "exclude_domains": list(query.without),
        "include_raw_content": query.with_text,
    }
    body |= {name: value[:10] for name, value in (("start_date", query.since), ("end_date", query.until)) if value}
    return _Request("/search", body, {"authorization": f"Bearer {key}"})


def _read_tavily(text: str) -> list[WebHit]:
    return [_hit(one, ("raw_content", "content"), "published_date") for one in _rows(text, "results")]


def _ask_exa(key: str, query: WebQuery) -> _Request:
    body: dict[str, Any] = {
        "query": query.words,
        "numResults": max(1, min(query.most, MOST_HITS)),
        "includeDomains": list(query.only),
        "excludeDomains": list(query.without),
        "category": query.category,
        "startPublishedDate": query.since,
        "endPublishedDate": query.until,
        "userLocation": query.country,
    }
    body = {name: value for name, value in body.items() if value}
    body["contents"] = {"text": True} if query.with_text else {"summary": True}
    return _Request("/search", body, {"x-api-key": key})


def _read_exa(text: str) -> list[WebHit]:
    return [_hit(one, ("text", "summary"), "publishedDate") for one in _rows(text, "results")]


_ENGINES: "dict[SearchEngine, tuple[Callable[[str, WebQuery], _Request], Callable[[str], list[WebHit]]]]" = {
    "duckduckgo": (_ask_duckduckgo, _read_duckduckgo),
    "searxng": (_ask_searxng, _read_searxng),
    "brave": (_ask_brave, _read_brave),
    "tavily": (_ask_tavily, _read_tavily),
    "exa": (_ask_exa, _read_exa),
}
