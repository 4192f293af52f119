"""The window: PySide6 clients of the engine. Knows the domain's words and the link's client, nothing of the engine."""
