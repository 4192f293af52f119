"""Versions of the database's shape. Importing this imports no Alembic: `upgrade` does, and is rarely needed."""

REVISIONS = ("0001",)
"""All revisions this Lares knows, oldest first; versions/ holds one script for each."""
HEAD = REVISIONS[-1]
FORMAT = 1
"""Grows when rows change their meaning in a way that an older Lares would misread."""
