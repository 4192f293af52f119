"""The MCP process: the official SDK and all sessions. Nobody else loads it."""
