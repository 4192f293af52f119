"""The cards of the transcript: messages, reasoning, tool calls, notices and errors."""
