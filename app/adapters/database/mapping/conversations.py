"""Conversations."""

from app.adapters.database.mapping.values import Values, same
from app.adapters.database.prepared import Row
from app.domain.conversation import Conversation

_CONVERSATION = tuple(Conversation.model_fields)


def conversation_values(conversation: Conversation) -> Values:
    return {name: getattr(conversation, name) for name in _CONVERSATION}


def conversation_of(row: Row) -> Conversation:
    return Conversation(**same(row, *_CONVERSATION))
