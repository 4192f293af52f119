"""Rows to domain models and back: one pair of functions per entity, and nothing else.

What is read in large numbers is built without checking it again: it was checked when it was written.
"""

from app.adapters.database.mapping.agents import agent_of, agent_values
from app.adapters.database.mapping.archives import archive_of, archive_values, passage_of, passage_values
from app.adapters.database.mapping.blobs import blob_of, blob_values
from app.adapters.database.mapping.blocks import block_of, block_values
from app.adapters.database.mapping.conversations import conversation_of, conversation_values
from app.adapters.database.mapping.history import memory_event_of, memory_event_values
from app.adapters.database.mapping.identities import identity_of, identity_values
from app.adapters.database.mapping.mcp_servers import mcp_server_of, mcp_server_values
from app.adapters.database.mapping.messages import member_of, message_of, message_values
from app.adapters.database.mapping.proposals import proposal_of, proposal_values
from app.adapters.database.mapping.providers import provider_of, provider_values
from app.adapters.database.mapping.run_events import run_event_of, run_event_values
from app.adapters.database.mapping.runs import (
    changing_run_values,
    run_of,
    run_request_of,
    run_request_values,
    run_values,
)
from app.adapters.database.mapping.settings import setting_of
from app.adapters.database.mapping.steps import step_feedback_of, step_of, step_values
from app.adapters.database.mapping.tools import tool_of, tool_values
from app.adapters.database.mapping.values import from_json, to_json

__all__ = [
    "agent_of",
    "agent_values",
    "archive_of",
    "archive_values",
    "blob_of",
    "blob_values",
    "block_of",
    "block_values",
    "changing_run_values",
    "conversation_of",
    "conversation_values",
    "from_json",
    "identity_of",
    "identity_values",
    "mcp_server_of",
    "mcp_server_values",
    "member_of",
    "memory_event_of",
    "memory_event_values",
    "message_of",
    "message_values",
    "passage_of",
    "passage_values",
    "proposal_of",
    "proposal_values",
    "provider_of",
    "provider_values",
    "run_event_of",
    "run_event_values",
    "run_of",
    "run_request_of",
    "run_request_values",
    "run_values",
    "setting_of",
    "step_feedback_of",
    "step_of",
    "step_values",
    "to_json",
    "tool_of",
    "tool_values",
]
