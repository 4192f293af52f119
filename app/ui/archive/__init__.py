"""Archival memory: what agents stored, searched as they search it, and put right."""
