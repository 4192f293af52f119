"""Changes of memory."""

from app.adapters.database.mapping.values import Values, from_json, maybe_from_json, maybe_json, same, to_json
from app.adapters.database.prepared import Row
from app.domain.history import Actor, MemoryEvent, Origin

_ORIGIN = tuple(name for name in Origin.model_fields if name not in ("actor", "sources"))
_MEMORY_EVENT = ("id", "at", "agent_id", "target_kind", "target_id", "label", "op", "version", "undoes")


def memory_event_values(event: MemoryEvent) -> Values:
    return {
        **{name: getattr(event, name) for name in _MEMORY_EVENT},
        **{name: getattr(event.origin, name) for name in _ORIGIN},
        "actor": event.origin.actor.kind,
        "actor_name": event.origin.actor.name,
        "before": maybe_json(event.before),
        "after": maybe_json(event.after),
        "fields": " ".join(event.after or ()) if event.op == "update" else "",
        "sources": to_json(event.origin.sources),
    }


def memory_event_of(row: Row, value: str | None, undone_by: int | None, cause: str) -> MemoryEvent:
    """`value`: the text before the change where the row only names it (`value_from`)."""
    before = maybe_from_json(row["before"])
    return MemoryEvent(
        **same(row, "seq", *_MEMORY_EVENT),
        before=before if value is None else {**before, "value": value},
        after=maybe_from_json(row["after"]),
        origin=Origin(
            actor=Actor(kind=row["actor"], name=row["actor_name"]),
            sources=from_json(row["sources"]),
            **same(row, *_ORIGIN),
        ),
        undone_by=undone_by,
        cause=cause,
    )
