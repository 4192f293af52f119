"""The tables, as SQLAlchemy Core knows them. Nothing here is special to SQLite; the search index is in search.py.

Conventions: `seq` is the order of creation and the cursor, `id` the public name; times are integer microseconds UTC;
`deleted_at` marks soft-deleted rows; JSON is kept as text that a domain model wrote and reads again. Rows refer to
others by public id, except in the tables with a row per message or event of a conversation: a number is far smaller.
"""

from app.adapters.database.tables.about import about, alembic_version, settings
from app.adapters.database.tables.agents import agents
from app.adapters.database.tables.archives import agent_archives, archives, passage_tags, passages
from app.adapters.database.tables.blobs import blobs
from app.adapters.database.tables.blocks import agent_blocks, blocks
from app.adapters.database.tables.columns import metadata
from app.adapters.database.tables.conversations import conversation_messages, conversations
from app.adapters.database.tables.history import memory_event_agents, memory_events, memory_inbox
from app.adapters.database.tables.identities import identities
from app.adapters.database.tables.links import agent_identities, tagged
from app.adapters.database.tables.mcp_servers import mcp_servers
from app.adapters.database.tables.messages import messages
from app.adapters.database.tables.proposals import proposals
from app.adapters.database.tables.providers import providers
from app.adapters.database.tables.run_events import run_events
from app.adapters.database.tables.runs import run_requests, runs
from app.adapters.database.tables.steps import counted, request_parts, step_feedback, steps
from app.adapters.database.tables.tools import agent_tools, tools
from app.adapters.database.tables.vectors import vector_spaces, vectors, vectors_gone

__all__ = [
    "about",
    "agent_archives",
    "agent_blocks",
    "agent_identities",
    "agent_tools",
    "agents",
    "alembic_version",
    "archives",
    "blobs",
    "blocks",
    "conversation_messages",
    "conversations",
    "counted",
    "identities",
    "mcp_servers",
    "memory_event_agents",
    "memory_events",
    "memory_inbox",
    "messages",
    "metadata",
    "passage_tags",
    "passages",
    "proposals",
    "providers",
    "request_parts",
    "run_events",
    "run_requests",
    "runs",
    "settings",
    "step_feedback",
    "steps",
    "tagged",
    "tools",
    "vector_spaces",
    "vectors",
    "vectors_gone",
]
