"""The web as agents reach it."""

from typing import Protocol

from app.domain.web import SearchEngine, WebHit, WebPage, WebQuery


class PageReader(Protocol):
    """Reads pages that anybody may read, as text."""

    async def read(self, address: str) -> WebPage:
        """Raises `Invalid` with a sentence: an address that is refused, nothing there, no text, too large, too slow.

        Connects to no address of this computer or its network, whatever names and redirects say.
        """
        ...


class WebSearch(Protocol):
    """Asks a search engine."""

    async def search(self, engine: SearchEngine, address: str, key: str, query: WebQuery) -> tuple[WebHit, ...]:
        """Raises `Invalid` with a sentence where the engine refuses, cannot be reached or cannot be understood."""
        ...
