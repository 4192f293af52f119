"""Replay: a request that was sent, answered by other models beside how it was answered then."""
