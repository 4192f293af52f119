"""Full-text search over messages with FTS5: with sqlite.py the only module whose SQL only SQLite understands.

The index holds folded words (see app.domain.search_text), not the text itself, and is written by the transaction that
writes the message. A second column holds the agent and the role as words, so that a search within one agent reads only
its rows. Messages of deleted agents and conversations stay in the index, because deleting must be quick and can be
undone; a search leaves them out.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import mapping
from app.adapters.database.neighbours import Neighbours, neighbours_of
from app.adapters.database.prepared import Prepared, Row
from app.adapters.database.rows import all_rows, scalar
from app.adapters.database.search_terms import MOST_ROWS, rows_with
from app.adapters.database.sqlite import driver_connection
from app.adapters.database.tables import agents, conversation_messages, conversations, messages
from app.domain.base import Micros
from app.domain.message import Message, MessageScope, Role, SearchHit
from app.domain.retrieval import Term, around_text
from app.domain.search_text import index_text, query_terms, snippet
from app.ports.search import FoundText, WordRows

CREATE_INDEX = (
    "CREATE VIRTUAL TABLE message_search USING fts5(words, scope, content='', "
    """tokenize="unicode61 remove_diacritics 0 categories 'L* N* Co M*'")"""
)
NEWEST = 1000
"""Very common words match too many rows to rank them all in time: at first only so many of the newest are."""
ALL = -1

_insert = Prepared(sa.text("INSERT INTO message_search(rowid, words, scope) VALUES (:seq, :words, :scope)"))
_remove = Prepared(
    sa.text("INSERT INTO message_search(message_search, rowid, words, scope) VALUES ('delete', :seq, :words, :scope)")
)
_ranked = sa.text(
    "SELECT rowid AS seq, bm25(message_search, 1.0, 0.0) AS rank FROM message_search "
    "WHERE message_search MATCH :match ORDER BY rowid DESC LIMIT :newest"
).columns(seq=sa.Integer, rank=sa.Float)
_matched = sa.text("SELECT rowid AS seq FROM message_search WHERE message_search MATCH :match").columns(seq=sa.Integer)
_MATCHING = "SELECT rowid FROM message_search WHERE message_search MATCH ? ORDER BY rowid DESC LIMIT ?"


@dataclass(frozen=True)
class MessageIndex:
    db: Connection

    def add(self, seq: int, message: Message) -> None:
        """Indexes the text of a message by the seq of its row; one without text is skipped."""
        self._change(_insert, seq, message)

    def remove(self, seq: int, message: Message) -> None:
        """The index holds no texts, so it must be told what it was told when the message was added.

        An older Python may have told it other words. It notices where hardly any are left, and is then made anew.
        """
        try:
            self._change(_remove, seq, message)
        except sqlite3.DatabaseError:
            self._make_anew()
            self._change(_remove, seq, message)

    def _make_anew(self) -> None:
        self.db.exec_driver_sql("INSERT INTO message_search(message_search) VALUES ('delete-all')")
        for row in self.db.execute(sa.select(messages)).mappings():
            self.add(row["seq"], mapping.message_of(row))

    def _change(self, statement: Prepared, seq: int, message: Message) -> None:
        words = index_text(message.text)
        if words:
            scope = f"{_agent_word(message.agent_id)} {_role_word(message.role)}"
            statement.run(self.db, {"seq": seq, "words": words, "scope": scope})

    def find(
        self,
        query: str,
        *,
        agent_id: str | None = None,
        roles: tuple[Role, ...] = (),
        start: Micros | None = None,
        end: Micros | None = None,
        conversation_id: str | None = None,
        limit: int = 20,
    ) -> tuple[SearchHit, ...]:
        terms = query_terms(query)
        if not terms or limit < 1:
            return ()
        scope = _scope(agent_id, roles)
        found = _found(start, end, conversation_id).limit(limit)
        for words in attempts(terms):
            match = f"({words}){scope}"
            rows = self._rows(found, match, NEWEST)
            if len(rows) < limit:
                rows = self._rows(found, match, ALL)
            if rows:
                return self._hits(rows, terms, conversation_id)
        return ()

    def with_words(self, terms: Sequence[Term], scope: MessageScope) -> WordRows:
        last = scalar(self.db, sa.select(sa.func.max(messages.c.seq))) or 0
        total = last if scope.agent_id is None else self._said_by(scope.agent_id)
        return rows_with(terms, _Spoken(self.db, scope), last, total)

    def _said_by(self, agent_id: str) -> int:
        """About how many messages, by the ends of its conversations: counting them takes as long as searching."""
        place = conversation_messages.c
        end = sa.select(sa.func.max(place.position)).where(place.conversation_seq == conversations.c.seq)
        ends = sa.select(sa.func.sum(end.scalar_subquery())).where(conversations.c.agent_id == agent_id)
        return scalar(self.db, ends) or 0

    def within(self, scope: MessageScope) -> tuple[int, ...]:
        found = sa.select(messages.c.seq).where(messages.c.role.in_(scope.roles), *_within(scope))
        if scope.agent_id is not None:
            found = found.where(messages.c.agent_id == scope.agent_id)
        return tuple(self.db.execute(found).scalars())

    def texts(self, seqs: Sequence[int], scope: MessageScope) -> dict[int, FoundText]:
        shown = (
            sa.select(messages)
            .join(agents, agents.c.id == messages.c.agent_id)
            .where(messages.c.seq.in_(seqs), agents.c.deleted_at.is_(None), _shown(scope.conversation_id))
            .where(messages.c.role.in_(scope.roles), *_within(scope))
        )
        if scope.agent_id is not None:
            shown = shown.where(messages.c.agent_id == scope.agent_id)
        rows = {row["seq"]: mapping.message_of(row) for row in all_rows(self.db, shown)}
        around = neighbours_of(self.db, list(rows))
        return {seq: FoundText(message, _around(around.get(seq, Neighbours()))) for seq, message in rows.items()}

    def hits(self, seqs: Sequence[int], scope: MessageScope, words: str) -> tuple[SearchHit, ...]:
        rows = {row["seq"]: row for row in all_rows(self.db, sa.select(messages).where(messages.c.seq.in_(seqs)))}
        return self._hits([rows[seq] for seq in seqs if seq in rows], query_terms(words), scope.conversation_id)

    def _rows(self, found: sa.Select[Any], match: str, newest: int) -> Sequence[Row]:
        return all_rows(self.db, found, {"match": match, "newest": newest})

    def _hits(self, rows: Sequence[Row], terms: tuple[str, ...], here: str | None) -> tuple[SearchHit, ...]:
        places = self._places([row["seq"] for row in rows], here)
        hits: list[SearchHit] = []
        for row in rows:
            message = mapping.message_of(row)
            held = places[row["seq"]]
            conversation_id, thread_id, in_default, position = held[0]
            threads = (None if is_default else thread for _, thread, is_default, _ in held)
            hits.append(
                SearchHit(
                    message=message,
                    conversation_id=conversation_id,
                    thread_id=thread_id,
                    in_default=in_default,
                    thread_ids=tuple(dict.fromkeys(threads)),
                    position=position,
                    snippet=snippet(message.text, terms),
                )
            )
        return tuple(hits)

    def _places(self, seqs: list[int], here: str | None) -> dict[int, list[tuple[str, str, bool, int]]]:
        """The places of each message: `here`, else first those in branches that their threads show, then the others."""
        root = conversations.alias("root")
        place = conversation_messages.c
        hidden = sa.case((root.c.active_id == conversations.c.id, 0), else_=1)
        found = (
            sa.select(place.message_seq, conversations.c.id, conversations.c.root_id, root.c.is_default, place.position)
            .join(conversations, conversations.c.seq == place.conversation_seq)
            .join(root, root.c.id == conversations.c.root_id)
            .where(place.message_seq.in_(seqs), conversations.c.deleted_at.is_(None))
            .order_by(hidden, conversations.c.seq)
        )
        if here is not None:
            found = found.where(conversations.c.id == here)
        places: dict[int, list[tuple[str, str, bool, int]]] = {}
        for seq, *place_of in self.db.execute(found):
            places.setdefault(seq, []).append(tuple(place_of))
        return places


@dataclass(frozen=True)
class _Spoken:
    """Implements `search_terms.WordIndex`."""

    db: Connection
    scope: MessageScope

    def newest(self, match: str, most: int = MOST_ROWS) -> list[int]:
        rows = driver_connection(self.db).execute(_MATCHING, (match, most))
        return [seq for (seq,) in rows]

    def within(self, match: str) -> list[int]:
        words = f"({match}){_scope(self.scope.agent_id, self.scope.roles)}"
        if not self.scope.narrowed:
            return self.newest(words)
        matching = _matched.subquery("matching")
        found = (
            sa.select(messages.c.seq)
            .join_from(matching, messages, messages.c.seq == matching.c.seq)
            .where(*_within(self.scope))
            .order_by(matching.c.seq.desc())  # as FTS5 gives them, so that it ends where there are enough
            .limit(MOST_ROWS)
        )
        return list(self.db.execute(found, {"match": words}).scalars())

    def kept(self, seqs: Set[int]) -> Set[int]:
        row, scope = messages.c, self.scope
        found = sa.select(row.seq).where(row.seq.in_(seqs), row.role.in_(scope.roles), *_within(scope))
        if scope.agent_id is not None:
            found = found.where(row.agent_id == scope.agent_id)
        return {*self.db.execute(found).scalars()}


def _shown(conversation_id: str | None) -> sa.ColumnElement[bool]:
    """Whether a conversation that is there shows the message."""
    place = conversation_messages.c
    shown = (
        sa.select(place.message_seq)
        .join(conversations, conversations.c.seq == place.conversation_seq)
        .where(place.message_seq == messages.c.seq, conversations.c.deleted_at.is_(None))
    )
    if conversation_id is not None:
        shown = shown.where(conversations.c.id == conversation_id)
    return shown.exists()


def _within(scope: MessageScope) -> Iterator[sa.ColumnElement[bool]]:
    """What is asked of a message besides its agent, its role and its words."""
    if scope.start is not None:
        yield messages.c.created_at >= scope.start
    if scope.end is not None:
        yield messages.c.created_at <= scope.end
    if scope.conversation_id is not None:
        yield _shown(scope.conversation_id)
    if scope.tool is not None:
        returned = messages.alias("returned")
        name = f'"name":{json.dumps(scope.tool, ensure_ascii=False)},"status"'
        called = sa.select(returned.c.seq).where(
            returned.c.run_id == messages.c.run_id,
            returned.c.role == "tool",
            returned.c.parts.contains(name, autoescape=True),
        )
        yield called.exists()


def _around(near: Neighbours) -> str:
    before, after = near
    return around_text(before.text if before else "", after.text if after else "")


def _found(start: Micros | None, end: Micros | None, conversation_id: str | None) -> sa.Select[Any]:
    """Found messages whose agent and at least one conversation are there, best first."""
    best = _ranked.subquery("best")
    found = (
        sa.select(messages)
        .join_from(best, messages, messages.c.seq == best.c.seq)
        .join(agents, agents.c.id == messages.c.agent_id)
        .where(agents.c.deleted_at.is_(None), _shown(conversation_id))
        .order_by(best.c.rank, best.c.seq.desc())
    )
    if start is not None:
        found = found.where(messages.c.created_at >= start)
    if end is not None:
        found = found.where(messages.c.created_at <= end)
    return found


def create_index(db: Connection) -> None:
    db.exec_driver_sql(CREATE_INDEX)


def attempts(terms: tuple[str, ...]) -> tuple[str, ...]:
    """What to match, one after the other: all words; all as beginnings of words; any word; any beginning.

    Terms are letters only.
    """
    exact = [f'words:"{term}"' for term in terms]
    begun = [f'words:"{term}"{"" if term.isascii() and len(term) < 3 else "*"}' for term in terms]
    joined = (" AND ".join(exact), " AND ".join(begun), " OR ".join(exact), " OR ".join(begun))
    return tuple(dict.fromkeys(joined))


def _scope(agent_id: str | None, roles: tuple[Role, ...]) -> str:
    scope = f' AND scope:"{_agent_word(agent_id)}"' if agent_id is not None else ""
    if roles:
        scope += " AND (" + " OR ".join(f'scope:"{_role_word(role)}"' for role in roles) + ")"
    return scope


def _agent_word(agent_id: str) -> str:
    return "".join(letter for letter in agent_id if letter.isalnum())


def _role_word(role: Role) -> str:
    return f"role{role}"
