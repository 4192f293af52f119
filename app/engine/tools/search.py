"""`conversation_search`: recall, the search over everything ever said to this agent."""

import datetime
from typing import Any

from app.domain.base import Micros
from app.domain.message import Role, SearchHit
from app.ports.storage import Storage
from app.ports.tools import ToolOutcome

DEFAULT_LIMIT = 10
"""Hits, as the schema tells the model."""
MAX_LIMIT = 50
"""Hits; at 500 characters each about 6,000 tokens, all that a small window can spare."""
DAY: Micros = 24 * 3600 * 1_000_000
"""What is added to an end date, so that its whole day counts."""


async def conversation_search(storage: Storage, agent_id: str, arguments: dict[str, Any]) -> ToolOutcome:
    """Finds messages by words, best first. Reads only, so it may be repeated."""
    query = str(arguments.get("query") or "").strip()
    if not query:
        return ToolOutcome(ok=False, text="The query is empty. Give the words to look for.")
    try:
        start = _day(arguments.get("start_date"))
        end = _day(arguments.get("end_date"))
    except (ValueError, OverflowError, OSError) as error:
        return ToolOutcome(ok=False, text=f"A date cannot be read ({error}). Write it as YYYY-MM-DD.")
    limit = _limit(arguments.get("limit"))
    hits = await storage.read(
        lambda repos: repos.search.find(
            query,
            agent_id=agent_id,
            roles=_roles(arguments.get("roles")),
            start=start,
            end=None if end is None else end + DAY,
            limit=limit,
        )
    )
    if not hits:
        return ToolOutcome(ok=True, text=f'Nothing was found for "{query}". Try fewer or other words.')
    lines = "\n".join(_line(hit) for hit in hits)
    return ToolOutcome(ok=True, text=f"{len(hits)} found, best first:\n{lines}")


def _roles(given: Any) -> tuple[Role, ...]:
    known: tuple[Role, ...] = ("user", "assistant", "tool", "system")
    return tuple(role for role in known if role == given or (isinstance(given, list) and role in given))


def _limit(given: Any) -> int:
    try:
        return max(1, min(MAX_LIMIT, int(given)))
    except (TypeError, ValueError, OverflowError):
        return DEFAULT_LIMIT


def _day(given: Any) -> Micros | None:
    if not given:
        return None
    day = datetime.datetime.fromisoformat(str(given)[:10]).astimezone()
    return int(day.timestamp() * 1_000_000)


def _line(hit: SearchHit) -> str:
    at = datetime.datetime.fromtimestamp(hit.message.created_at / 1_000_000, datetime.UTC).astimezone()
    text = " ".join(hit.message.text.split())
    return f"[{at:%Y-%m-%d %H:%M}] {hit.message.role}: {text[:500]}"
