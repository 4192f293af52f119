"""The columns that many tables have, and the metadata they are in."""

from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def seq_column() -> sa.Column[int]:
    return sa.Column("seq", Number, primary_key=True)


def id_column() -> sa.Column[str]:
    return sa.Column("id", sa.Text, nullable=False, unique=True)


def text(name: str, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def maybe_text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text)


def number(name: str, default: int | None = None) -> sa.Column[int]:
    return sa.Column(name, Number, nullable=False, server_default=None if default is None else str(default))


def maybe_number(name: str) -> sa.Column[int]:
    return sa.Column(name, Number)


def flag(name: str, default: sa.False_ | None = None) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False, server_default=default)


def edited() -> tuple[sa.Column[int], ...]:
    return number("version"), number("created_at"), number("updated_at")


def used() -> tuple[sa.Column[int], ...]:
    """Token counts; NULL where the server did not say."""
    return (
        number("prompt_tokens"),
        number("completion_tokens"),
        maybe_number("cached_tokens"),
        maybe_number("reasoning_tokens"),
        number("usage_steps"),
    )


def partial(name: str, where: sa.ColumnElement[bool], *columns: sa.Column[Any], unique: bool = False) -> None:
    """An index of some rows only."""
    sa.Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)
