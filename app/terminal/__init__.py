"""Lares in a terminal: `lares chat`, and what `lares` says when it cannot open a window."""
