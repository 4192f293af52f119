"""`archival_memory_insert`: evaluated, like all memory tools, inside the transaction that stores its return."""

import datetime
from typing import Any

from app.domain.archive import PassageDraft, Stored
from app.domain.error import AppError
from app.domain.json_value import array_of
from app.engine.memory.archive_changes import ArchiveChanges
from app.engine.memory.block_tools import MemoryResult
from app.engine.memory.inserting import insert

SHOWN = 300
"""Characters of a passage that resembles the new one: enough to compare both."""


def insert_passage(archives: ArchiveChanges, agent_id: str, arguments: dict[str, Any]) -> MemoryResult:
    """Stores a passage in the archive that the agent writes to. Never raises for what the model did wrong."""
    content = arguments.get("content") or arguments.get("text") or arguments.get("memory") or ""
    draft = PassageDraft(text=str(content), tags=tags_of(arguments.get("tags")))
    if not draft.text.strip():
        return MemoryResult(False, "Nothing was stored: the text is missing. Give it as content.")
    try:
        return MemoryResult(True, _told(insert(archives, archives.default_of(agent_id), draft)))
    except AppError as error:
        return MemoryResult(False, f"Nothing was stored. {error.message} {error.hint}".strip())


def tags_of(given: Any) -> tuple[str, ...]:
    """Tags as models write them: a list, or one text with commas."""
    if isinstance(given, str):
        given = given.strip("[]").replace('"', "").split(",")
    return tuple(str(tag) for tag in array_of(given))


def _told(stored: Stored) -> str:
    passage = stored.passage
    if not stored.is_new:
        return f"This was stored already, on {_day(passage.created_at)}. Nothing was added."
    tags = f" Tags: {', '.join(passage.tags)}." if passage.tags else ""
    done = f"Stored in archival memory.{tags}"
    if stored.nearly is None:
        return done
    text = " ".join(stored.nearly.text.split())
    return f"{done} Nearly the same was stored there on {_day(stored.nearly.created_at)}: “{text[:SHOWN]}”"


def _day(at: int) -> str:
    return f"{datetime.datetime.fromtimestamp(at / 1_000_000, datetime.UTC).astimezone():%Y-%m-%d}"
