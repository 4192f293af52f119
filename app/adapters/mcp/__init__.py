"""MCP servers: the process that speaks with them, and the engine's side of it."""
