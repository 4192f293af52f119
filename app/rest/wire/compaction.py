"""Compaction on request, on the wire."""

from app.domain.compaction import CompactionResult
from app.domain.json_value import JsonObject
from app.rest.wire.base import RequestModel, ResponseModel


class CompactionRequest(RequestModel):
    compaction_settings: JsonObject | None = None
    """Instead of the agent's, for this one time."""
    agent_id: str | None = None


class CompactionResponse(ResponseModel):
    summary: str
    num_messages_before: int
    num_messages_after: int


def compacted_to_wire(done: CompactionResult) -> CompactionResponse:
    """What was done."""
    return CompactionResponse(
        summary=done.summary.text,
        num_messages_before=done.messages_before,
        num_messages_after=done.messages_after,
    )
