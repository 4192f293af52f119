"""Compact now: what would leave the context window, the summary that takes its place, and doing so."""
