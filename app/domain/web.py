"""The web: a page as it is read, a search and what it found."""

from typing import Literal

from app.domain.base import Frozen

SearchEngine = Literal["duckduckgo", "searxng", "brave", "tavily", "exa"]
NEEDS_KEY: frozenset[SearchEngine] = frozenset({"brave", "tavily", "exa"})
"""Those that take requests with a key only."""
NEEDS_ADDRESS: frozenset[SearchEngine] = frozenset({"searxng"})
"""Those that somebody runs, at an address of their own."""


class WebPage(Frozen):
    """What an address holds, as text."""

    address: str
    """Where it was found, after all redirects."""
    title: str = ""
    text: str


class WebQuery(Frozen):
    """What is searched for. An engine leaves out what it cannot do."""

    words: str
    most: int = 10
    category: str = ""
    with_text: bool = False
    """Also the text of the pages, where the engine has it."""
    only: tuple[str, ...] = ()
    """Domains."""
    without: tuple[str, ...] = ()
    """Domains."""
    since: str = ""
    """A date, as ISO 8601 has it, as for `until`."""
    until: str = ""
    country: str = ""
    """Two letters."""


class WebHit(Frozen):
    """One page that a search found."""

    title: str
    address: str
    text: str = ""
    """What the engine says of it, or what stands on it."""
    published: str = ""


class WebSearchChoice(Frozen):
    """How agents search the web."""

    engine: SearchEngine | None = None
    """None: nobody has chosen, so they do not."""
    address: str = ""
    """Of the engine, where it has one of its own."""
    has_key: bool = False
    """Whether a key for this engine is kept."""
