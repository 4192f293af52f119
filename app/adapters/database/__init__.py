"""Everything that lasts, in one SQLite file.

Read from outside to inside: opening.py, engine.py (threads and transactions), repositories/ (one module per noun),
mapping/ (rows to models) and tables/, a module per aggregate; backups.py beside them. SQL that only SQLite understands
is in sqlite.py and search.py; importing this imports neither Alembic nor SQLAlchemy's ORM.
"""

from app.adapters.database.backups import SqliteBackups, list_backups, schedule_restore
from app.adapters.database.engine import SqliteStorage
from app.adapters.database.opening import open_storage

__all__ = ["SqliteBackups", "SqliteStorage", "list_backups", "open_storage", "schedule_restore"]
