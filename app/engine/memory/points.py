"""An agent's whole memory at two points of its history, read from what changed between them and since."""

from typing import Any

from app.domain.history import EntryChange, MemoryAt, MemoryBetween, TargetKind
from app.engine.memory.changes import AGENT_FIELDS
from app.engine.memory.earlier_blocks import blocks_at, settings_at
from app.ports.storage import Repositories

ENTRIES = 100
"""Passages whose texts are shown between two points."""
ENTRY_KINDS: frozenset[TargetKind] = frozenset(("passage",))
LOOKED_BACK = 50
"""Changes of one passage that are read to find its text."""


def memory_between(repos: Repositories, agent_id: str, first: int, second: int) -> MemoryBetween:
    """At two points, whichever comes first. Raises `NotFound` for an agent that is gone."""
    first, second = min(first, second), max(first, second)
    touched = [id for kind, id in repos.life.touched(agent_id, first, second) if kind in ENTRY_KINDS]
    entries = [_entry(repos, target_id, first, second) for target_id in touched[:ENTRIES]]
    return MemoryBetween(
        before=memory_at(repos, agent_id, first),
        after=memory_at(repos, agent_id, second),
        counts=repos.life.counts_between(agent_id, first, second),
        entries=tuple(entry for entry in entries if entry.before != entry.after),
        more_entries=max(0, len(touched) - ENTRIES),
    )


def memory_at(repos: Repositories, agent_id: str, seq: int) -> MemoryAt:
    """As it was right after an event. Raises `NotFound`."""
    agent = repos.agents.get(agent_id)
    then = settings_at(repos, agent, seq).model_dump(mode="json", include=set(AGENT_FIELDS))
    return MemoryAt(
        seq=seq,
        at=repos.life.made_at(agent_id, seq),
        blocks=blocks_at(repos, agent_id, seq, deleted=True),
        settings=then,
        summary=repos.life.summary_at(agent_id, seq),
    )


def _entry(repos: Repositories, target_id: str, first: int, second: int) -> EntryChange:
    newest = repos.history.of_target(target_id, before=second + 1, limit=1)[0]
    return EntryChange(
        kind=newest.target_kind,
        target_id=target_id,
        label=newest.label,
        before=_text_at(repos, target_id, first),
        after=_text_at(repos, target_id, second),
    )


def _text_at(repos: Repositories, target_id: str, seq: int) -> str | None:
    """Its text right after an event; None where it was not there."""
    for number, event in enumerate(repos.history.of_target(target_id, before=seq + 1, limit=LOOKED_BACK)):
        fields: dict[str, Any] | None = event.after
        if fields is None and number == 0:
            return None
        if fields is not None and "text" in fields:
            return str(fields["text"])
    return None
