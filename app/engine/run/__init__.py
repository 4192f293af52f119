"""A run: decide, perform, apply, commit; its start, its recovery and its scheduler."""
