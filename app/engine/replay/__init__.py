"""Replay of a model call from its stored bytes, against a copy of the memory of then. Stores nothing."""
