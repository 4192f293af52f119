"""The upkeep of the database: backups, daily copies, forgetting what was deleted long ago."""
