"""`conversation_search`: recall, the search over everything ever said to this agent."""

import datetime
from typing import Any

from app.domain.base import Micros
from app.domain.message import SPOKEN, MessageScope, Role, SearchHit
from app.domain.retrieval import reason_text
from app.engine.recall import MessageRecall
from app.ports.storage import Storage
from app.ports.tools import ToolOutcome

DEFAULT_LIMIT = 10
"""Hits, as the schema tells the model."""
MAX_LIMIT = 50
"""Hits; at 500 characters each about 6,000 tokens, all that a small window can spare."""
LONGEST = 500
"""Characters of a hit that the model reads."""
DAY: Micros = 24 * 3600 * 1_000_000
"""What is added to an end date without a time, so that its whole day counts."""


class ConversationSearch:
    """The tool."""

    def __init__(self, recall: MessageRecall) -> None:
        self._recall = recall

    async def call(self, storage: Storage, agent_id: str, arguments: dict[str, Any]) -> ToolOutcome:
        """Finds messages by meaning and words, best first. Reads only, so it may be repeated."""
        query = str(arguments.get("query") or "").strip()
        if not query:
            return ToolOutcome(ok=False, text="The query is empty. Give the words to look for.")
        try:
            start, end = _time(arguments.get("start_date")), _time(arguments.get("end_date"), whole_day=True)
        except (ValueError, OverflowError, OSError) as error:
            return ToolOutcome(ok=False, text=f"A date cannot be read ({error}). Write it as YYYY-MM-DD.")
        roles = _roles(arguments.get("roles")) or SPOKEN
        scope = MessageScope(agent_id=agent_id, roles=roles, start=start, end=end)
        found = await self._recall.messages(query, scope, _limit(arguments.get("limit")))
        if not found.hits:
            return ToolOutcome(ok=True, text=f'Nothing was found for "{query}". Try fewer or other words.')
        lines = "\n".join(map(_line, found.hits))
        return ToolOutcome(ok=True, text=f"{len(found.hits)} found, best first:\n{lines}")


def _roles(given: Any) -> tuple[Role, ...]:
    known: tuple[Role, ...] = ("user", "assistant", "tool", "system")
    return tuple(role for role in known if role == given or (isinstance(given, list) and role in given))


def _limit(given: Any) -> int:
    try:
        return max(1, min(MAX_LIMIT, int(given)))
    except (TypeError, ValueError, OverflowError):
        return DEFAULT_LIMIT


def _time(given: Any, *, whole_day: bool = False) -> Micros | None:
    """A date, or a date and a time, in the computer's zone if it names none."""
    if not given:
        return None
    at = datetime.datetime.fromisoformat(str(given).strip())
    at = at if at.tzinfo else at.astimezone()
    day_alone = whole_day and len(str(given).strip()) <= len("2025-12-31")
    return int(at.timestamp() * 1_000_000) + (DAY if day_alone else 0)


def _line(hit: SearchHit) -> str:
    at = datetime.datetime.fromtimestamp(hit.message.created_at / 1_000_000, datetime.UTC).astimezone()
    text = " ".join(hit.message.text.split())
    reasons = reason_text(hit.reasons)
    return f"[{at:%Y-%m-%d %H:%M}] {hit.message.role}{f' ({reasons})' if reasons else ''}: {text[:LONGEST]}"
