"""MCP servers: added by a person or a program that may, started when they are needed, watched, and listed."""
