"""MCP servers for agents: what they say is made plain and bounded, and becomes rows of tools."""
