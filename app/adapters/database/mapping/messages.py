"""Messages, alone and as members of a conversation."""

from pydantic import TypeAdapter

from app.adapters.database.mapping.values import Values, same
from app.adapters.database.prepared import Row
from app.domain.message import Member, Message, Part

_PARTS: TypeAdapter[tuple[Part, ...]] = TypeAdapter(tuple[Part, ...])
_MESSAGE = tuple(name for name in Message.model_fields if name != "parts")


def message_values(message: Message) -> Values:
    values = {name: getattr(message, name) for name in _MESSAGE}
    return {**values, "parts": _PARTS.dump_json(message.parts).decode()}


def message_of(row: Row) -> Message:
    return Message.model_construct(**same(row, *_MESSAGE), parts=_PARTS.validate_json(row["parts"]))


def member_of(row: Row) -> Member:
    """From a row of messages joined with its membership (whose position is called `place`)."""
    return Member.model_construct(position=row["place"], message=message_of(row), left_seq=row["left_seq"])
