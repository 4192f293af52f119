"""Addresses of callbacks are kept without the name and the password in them."""

import re

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

LOGIN = re.compile(r"^(\s*(?:[a-z][a-z0-9+.-]*:)?[/\\]*)[^/\\?#]*@", re.I)


def upgrade() -> None:
    db, table = op.get_bind(), sa.table("run_requests", sa.column("run_id"), sa.column("callback_url"))
    found = sa.select(table.c.run_id, table.c.callback_url).where(table.c.callback_url.contains("@"))
    for run_id, url in db.execute(found).all():
        db.execute(table.update().where(table.c.run_id == run_id).values(callback_url=LOGIN.sub(r"\1", url, count=1)))
