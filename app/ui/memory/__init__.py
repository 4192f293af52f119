"""The memory of an agent: its blocks and their history."""
