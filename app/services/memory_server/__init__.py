"""Lares as an MCP server: its clients, and what they ask for."""
