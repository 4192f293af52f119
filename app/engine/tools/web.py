"""The built-in tools `fetch_webpage` and `web_search`. What they bring was written by strangers and is quoted so."""

from collections.abc import Awaitable, Callable
from typing import Any

from app.domain.error import AppError
from app.domain.json_value import array_of
from app.domain.source import page_source, search_source
from app.domain.tool import Tool
from app.domain.web import WebHit, WebQuery
from app.ports.tools import OnOutput, ToolContext, ToolOutcome
from app.ports.web import PageReader

MOST_HITS, MOST_DOMAINS = 25, 20
"""What a model may ask for at once: as much as the engines give, and as few as still fit into an address."""
NOTHING_TO_READ = "There is no text on it that can be read without running its programs."
Search = Callable[[WebQuery], Awaitable[tuple[WebHit, ...]]]
"""As the person has chosen it; raises `AppError` with a sentence, also where nothing was chosen."""


class FetchWebpage:
    """Reads a page. What is refused, and why, is told in a sentence."""

    def __init__(self, pages: PageReader) -> None:
        self._pages = pages

    async def run(
        self, tool: Tool, arguments: dict[str, Any], context: ToolContext, on_output: OnOutput
    ) -> ToolOutcome:
        try:
            page = await self._pages.read(str(arguments.get("url", "")))
        except AppError as error:
            return _failed(error)
        if not page.text:
            return ToolOutcome(ok=False, text=f"“{page.address}” was reached. {NOTHING_TO_READ}")
        text = f"{page.title}\n\n{page.text}" if page.title and not page.text.startswith(page.title) else page.text
        return ToolOutcome(ok=True, text=text, source=page_source(page.address))


class SearchWeb:
    """Asks the engine that the person chose, and lists what it found."""

    def __init__(self, search: Search) -> None:
        self._search = search

    async def run(
        self, tool: Tool, arguments: dict[str, Any], context: ToolContext, on_output: OnOutput
    ) -> ToolOutcome:
        query = _query(arguments)
        if not query.words:
            return ToolOutcome(ok=False, text="There are no words to look for in the query.")
        try:
            hits = await self._search(query)
        except AppError as error:
            return _failed(error)
        if not hits:
            return ToolOutcome(ok=True, text="Nothing was found.")
        lines = [f"{number}. {_told(one)}" for number, one in enumerate(hits, 1)]
        return ToolOutcome(ok=True, text="\n\n".join(lines), source=search_source(query.words))


def _query(arguments: dict[str, Any]) -> WebQuery:
    most = arguments.get("num_results")
    return WebQuery(
        words=" ".join(str(arguments.get("query") or "").split())[:500],
        most=max(1, min(int(most), MOST_HITS)) if isinstance(most, (int, float)) else 10,
        category=str(arguments.get("category") or ""),
        with_text=bool(arguments.get("include_text")),
        only=_domains(arguments.get("include_domains")),
        without=_domains(arguments.get("exclude_domains")),
        since=str(arguments.get("start_published_date") or ""),
        until=str(arguments.get("end_published_date") or ""),
        country=str(arguments.get("user_location") or "")[:2],
    )


def _domains(given: Any) -> tuple[str, ...]:
    texts = (one for one in array_of(given) if isinstance(one, str))
    return tuple(one.strip() for one in texts if one.strip())[:MOST_DOMAINS]


def _told(hit: WebHit) -> str:
    head = f"{hit.title} ({hit.published})" if hit.published else hit.title
    return "\n".join(filter(None, (head, hit.address, hit.text)))


def _failed(error: AppError) -> ToolOutcome:
    return ToolOutcome(ok=False, text=" ".join(filter(None, (error.message, error.hint))))
