"""MCP servers in the window: the list, how one is added, and what one is and offers."""
