"""The routes, one module per noun; each has a table `ENDPOINTS`."""

from app.rest.call import Endpoint
from app.rest.routes import (
    agents,
    archives,
    blocks,
    conversations,
    core_memory,
    health,
    identities,
    jobs,
    later,
    mcp_servers,
    messages,
    models,
    providers,
    runs,
    sandbox,
    steps,
    tags,
    tools,
)

_NOUNS = (
    health,
    agents,
    core_memory,
    archives,
    mcp_servers,
    tools,
    sandbox,
    blocks,
    messages,
    conversations,
    runs,
    jobs,
    steps,
    models,
    providers,
    tags,
    identities,
    later,
)
ENDPOINTS: tuple[Endpoint, ...] = tuple(endpoint for noun in _NOUNS for endpoint in noun.ENDPOINTS)
