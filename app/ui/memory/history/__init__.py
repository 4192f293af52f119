"""The history of memory: every change with its cause, undo and restore."""
