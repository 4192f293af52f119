"""`archival_memory_search`: what an agent finds in the archives attached to it."""

import datetime
from typing import Any

from app.domain.archive import Passage, PassageFilter, PassageHit, PassageSearchResult
from app.domain.base import Micros
from app.domain.source import file_source
from app.engine.context.quoting import WARNING, quoted
from app.engine.memory.archive_tools import tags_of
from app.engine.retrieval.passages import PassageSearch
from app.engine.tools.search import DAY
from app.ports.storage import Storage
from app.ports.system import Clock
from app.ports.tools import ToolOutcome

DEFAULT_TOP_K = 5
"""Passages, as the schema tells the model: what a small window can spare, and rarely is the answer further down."""
MAX_TOP_K = 50
"""Passages; at a sentence or two each about 2,000 tokens."""
SHOWN = 1_000
"""Characters of a passage. Its beginning says what it is about; the rest of a longer one would cost the window."""


class ArchivalSearch:
    """The tool, and the same answer for people who want to see what an agent gets."""

    def __init__(self, search: PassageSearch, clock: Clock) -> None:
        self._search = search
        self._clock = clock

    async def call(self, storage: Storage, agent_id: str, arguments: dict[str, Any]) -> ToolOutcome:
        """Finds passages, best first, and notes that they were found. May be repeated."""
        query = str(arguments.get("query") or "").strip()
        if not query:
            return ToolOutcome(ok=False, text="The query is empty. Say what to look for.")
        try:
            wanted = _filter(agent_id, arguments)
        except (ValueError, OverflowError, OSError) as error:
            return ToolOutcome(ok=False, text=f"A date cannot be read ({error}). Write it as 2026-03-01.")
        found = await self.found(query, wanted, top_k(arguments.get("top_k")))
        ids = [hit.passage.id for hit in found.hits]
        if ids:
            await storage.write(lambda repos: repos.passages.note_found(ids, self._clock.now()))
        quotes = tuple(dict.fromkeys(filter(None, (_source(hit.passage) for hit in found.hits))))
        return ToolOutcome(ok=True, text=answer(query, found.hits), quotes=quotes)

    async def found(self, query: str, wanted: PassageFilter, most: int) -> PassageSearchResult:
        """What an agent is given: what is true no longer only where it is asked as of a date."""
        true_now = wanted if wanted.as_of is not None else wanted.model_copy(update={"validity": "valid"})
        return await self._search.find(query, true_now, most)


def answer(query: str, hits: tuple[PassageHit, ...]) -> str:
    """The words that a model gets."""
    if not hits:
        return f'Nothing was found in archival memory for "{query}". Try other words, or fewer tags.'
    lines = "\n".join(f"{number}. {_line(hit)}" for number, hit in enumerate(hits, 1))
    strange = any(_source(hit.passage) for hit in hits)
    told = f" What stands in <quoted> comes from whom it names. {WARNING}" if strange else ""
    return f"{len(hits)} found in archival memory, best first:{told}\n{lines}"


def top_k(given: Any) -> int:
    """How many passages are wanted."""
    try:
        return max(1, min(MAX_TOP_K, int(given)))
    except (TypeError, ValueError, OverflowError):
        return DEFAULT_TOP_K


def _filter(agent_id: str, arguments: dict[str, Any]) -> PassageFilter:
    return PassageFilter(
        agent_id=agent_id,
        tags=tags_of(arguments.get("tags")),
        all_tags=arguments.get("tag_match_mode") == "all",
        start=_time(arguments.get("start_datetime")),
        end=_time(arguments.get("end_datetime"), whole_day=True),
    )


def _time(given: Any, whole_day: bool = False) -> Micros | None:
    """A time, or a date: its beginning, or with its whole day."""
    if not given:
        return None
    text = str(given).strip()
    then = datetime.datetime.fromisoformat(text)
    at = int((then if then.tzinfo else then.astimezone()).timestamp() * 1_000_000)
    return at + DAY - 1 if whole_day and len(text) <= len("2026-03-01") else at


def _line(hit: PassageHit) -> str:
    passage = hit.passage
    at = datetime.datetime.fromtimestamp(passage.created_at / 1_000_000, datetime.UTC).astimezone()
    text = " ".join(passage.text.split())
    cut = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
    tags = f"({', '.join(passage.tags)})" if passage.tags else ""
    said, source = f"{tags} {cut}".strip(), _source(passage)
    return f"[{at:%Y-%m-%d}] {quoted(said, source) if source else said}"


def _source(passage: Passage) -> str:
    """Whose text it is, where it was imported; empty where a person here or an agent wrote it."""
    return file_source(passage.actor.name) if passage.actor.kind == "import" else ""
