"""The sandbox of tools: one process a call, within limits, with nothing of Lares in it."""
