"""What the interface says of a world that Lares does not have: one user, one organisation, no projects."""

USER_ID = "user-00000000-0000-4000-8000-000000000000"
ORGANISATION_ID = "org-00000000-0000-4000-8000-000000000000"
"""Those that a Letta server of one person gives."""
CLIENT = "api"
"""Who asks, as runs and the memory history call it."""

MCP_PATH = "/mcp"
"""Where Lares is an MCP server. Each client proves a token of its own there, in place of the API's."""
