"""The HTTP interface, in the engine's process, beside the link and over the same services."""
