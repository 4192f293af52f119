"""Compacting a window on request, for the routes of agents and of conversations."""

from app.domain.compaction import CompactionSettings
from app.rest.call import AnyCall
from app.rest.wire.base import API
from app.rest.wire.compaction import CompactionRequest, CompactionResponse, compacted_to_wire


async def compacted(call: AnyCall, conversation_id: str, body: CompactionRequest | None) -> CompactionResponse:
    """Compacts, with the agent's settings or those of the body. Nothing to compact is a bad request."""
    asked = body.compaction_settings if body is not None else None
    settings = None if asked is None else CompactionSettings.of(asked)
    return compacted_to_wire(await call.services.compaction.now(conversation_id, settings, origin=API))
