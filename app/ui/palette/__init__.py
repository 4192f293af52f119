"""The command palette: finding commands, agents, blocks and messages by typing."""
