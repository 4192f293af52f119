"""Archival memory: archives and passages, their search, and their files."""
