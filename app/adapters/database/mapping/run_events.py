"""The log of runs."""

from pydantic import TypeAdapter

from app.adapters.database.mapping.values import Values, same, to_json
from app.adapters.database.prepared import Row
from app.domain.event import RunEvent
from app.domain.history import MemoryEvent
from app.domain.message import Message
from app.domain.wire_message import Payload, objects_of

_PAYLOAD: TypeAdapter[Payload] = TypeAdapter(Payload)
_RUN_EVENT = ("seq_id", "step_id", "step_no", "attempt", "whole", "position")


def run_event_values(event: RunEvent) -> Values:
    payload = event.payload.model_dump_json(exclude_none=True)
    place = _place_of(event)
    return {
        **{name: getattr(event, name) for name in _RUN_EVENT},
        "payload": payload if place is None else str(place),
        "bytes": len(payload.encode()),
        "message_id": event.message.id if event.message else None,
        "changes": to_json([change.seq for change in event.changes]) if event.changes else None,
    }


def run_event_of(row: Row, run_id: str, message: Message | None, changes: tuple[MemoryEvent, ...]) -> RunEvent:
    return RunEvent.model_construct(
        **same(row, *_RUN_EVENT),
        run_id=run_id,
        payload=_payload_of(row["payload"], message),
        message=message,
        changes=changes,
    )


def _place_of(event: RunEvent) -> int | None:
    """Which of its message's objects the payload is, so that what a message says is not stored once more."""
    if event.message is None or not event.whole:
        return None
    objects = enumerate(objects_of(event.message))
    return next((place for place, one in objects if one == event.payload), None)


def _payload_of(stored: str, message: Message | None) -> Payload:
    if message is not None and not stored.startswith("{"):
        return objects_of(message)[int(stored)]
    return _PAYLOAD.validate_json(stored)
