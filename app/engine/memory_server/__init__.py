"""Lares as an MCP server, as far as it is pure: the messages of the protocol, and the tools that are offered."""
