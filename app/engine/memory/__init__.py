"""Memory: the tools that edit it, the changes with their history, and finding text in blocks."""
