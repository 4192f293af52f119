"""Conversations on the wire."""

from app.domain.base import Micros
from app.domain.conversation import Conversation as OurConversation
from app.domain.json_value import JsonObject
from app.domain.wire_message import iso
from app.rest.wire.base import Audited, Name, PageQuery, RequestModel, maybe_iso
from app.rest.wire.messages import system_id


class CreateConversation(RequestModel):
    summary: str | None = None
    isolated_block_labels: tuple[Name, ...] | None = None
    model: Name | None = None
    model_settings: JsonObject | None = None


class UpdateConversation(RequestModel):
    summary: str | None = None
    model: Name | None = None
    model_settings: JsonObject | None = None


class Conversation(Audited):
    id: str
    agent_id: str
    summary: str | None
    in_context_message_ids: tuple[str, ...]
    isolated_block_ids: tuple[str, ...] = ()
    model: str | None = None
    model_settings: JsonObject | None = None
    last_message_at: str | None


class ConversationQuery(PageQuery):
    ORDERS = ("created_at", "last_message_at", "last_run_completion")
    agent_id: Name | None = None
    summary_search: Name | None = None


class CreateQuery(RequestModel):
    agent_id: Name


class AgentIdQuery(RequestModel):
    agent_id: Name | None = None


class ConversationIdQuery(RequestModel):
    conversation_id: Name | None = None


class RecompileQuery(AgentIdQuery):
    update_timestamp: bool | None = None
    dry_run: bool | None = None


def conversation_to_wire(row: OurConversation, in_context: tuple[str, ...], last_at: Micros | None) -> Conversation:
    return Conversation(
        id=row.id,
        agent_id=row.agent_id,
        summary=row.title or None,
        in_context_message_ids=(system_id(row.root_id), *in_context),
        last_message_at=maybe_iso(last_at),
        created_at=iso(row.created_at),
        updated_at=iso(row.updated_at),
    )
