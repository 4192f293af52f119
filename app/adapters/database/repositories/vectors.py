"""Vectors of texts. Rows are the truth: the recall process reads them by itself, and every index is made of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import mapping
from app.adapters.database.neighbours import SPOKEN, Neighbours, neighbours_of
from app.adapters.database.prepared import Prepared
from app.adapters.database.rows import add, all_rows, insert, scalar
from app.adapters.database.tables import agents, archives, messages, passages, vector_spaces, vectors, vectors_gone
from app.domain.base import Micros
from app.domain.embedding import VECTOR_KINDS, EmbeddingModel, VectorOf
from app.ports.storage.vectors import OwnVector, WaitingText

AT_ONCE = 500
_row = vectors.c
_space = Prepared(sa.select(vector_spaces.c.seq).where(vector_spaces.c.id == sa.bindparam("space")))
_of_owners = sa.and_(_row.kind == sa.bindparam("of"), _row.owner_seq.in_(sa.bindparam("owners", expanding=True)))
_owned = Prepared(
    sa.select(_row.space_seq, _row.kind, _row.owner_seq).where(_of_owners, _row.space_seq == sa.bindparam("space"))
)
_drop = Prepared(vectors.delete().where(_of_owners, _row.space_seq == sa.bindparam("space")))


@dataclass(frozen=True)
class SqlVectors:
    db: Connection

    def space(self, model: EmbeddingModel, at: Micros) -> int:
        seq = self.known_space(model.space)
        if seq is not None:
            return seq
        values = {"handle": model.handle, "digest": model.digest, "prefixes": model.prefixes}
        return insert(
            self.db, vector_spaces, {"id": model.space, **values, "dimension": model.dimension, "created_at": at}
        )

    def known_space(self, space: str) -> int | None:
        return scalar(self.db, _space, {"space": space})

    def add(self, space_seq: int, own: Sequence[OwnVector]) -> None:
        there = self._there(own)
        rows = [
            {
                "space_seq": space_seq,
                "kind": VECTOR_KINDS[one.of],
                "owner_seq": one.owner_seq,
                "scope_seq": one.scope_seq,
                "packed": one.vector.packed(),
            }
            for one in own
            if (VECTOR_KINDS[one.of] == VECTOR_KINDS["passage"], one.owner_seq) in there
        ]
        for kind in {row["kind"] for row in rows}:
            owners = [row["owner_seq"] for row in rows if row["kind"] == kind]
            _drop.run(self.db, {"of": kind, "owners": owners, "space": space_seq})
        add(self.db, vectors, *rows)

    def _there(self, own: Sequence[OwnVector]) -> set[tuple[bool, int]]:
        """Owners that exist still: True and the seq of a passage, False and that of a message."""
        stored = [one.owner_seq for one in own if one.of == "passage"]
        said = [one.owner_seq for one in own if one.of != "passage"]
        live = sa.select(passages.c.seq).where(passages.c.seq.in_(stored), passages.c.deleted_at.is_(None))
        kept = sa.select(messages.c.seq).where(messages.c.seq.in_(said))
        return {
            *((True, seq) for seq in (self.db.execute(live).scalars() if stored else ())),
            *((False, seq) for seq in (self.db.execute(kept).scalars() if said else ())),
        }

    def drop(self, of: VectorOf, owner_seqs: Sequence[int]) -> None:
        drop_vectors(self.db, (of,), owner_seqs)

    def drop_spaces_but(self, space_seqs: Sequence[int], most: int) -> int:
        found = sa.select(_row.seq, _row.space_seq, _row.kind, _row.owner_seq)
        rows = all_rows(self.db, found.where(_row.space_seq.not_in(space_seqs)).limit(most))
        self.db.execute(vectors.delete().where(_row.seq.in_([row["seq"] for row in rows])))
        return len(rows)

    def waiting_messages(
        self, space_seq: int | None, agent_ids: Sequence[str], low: int, high: int, most: int
    ) -> tuple[WaitingText, ...]:
        row = messages.c
        found = (
            sa.select(messages, agents.c.seq.label("scope"))
            .join_from(messages, agents, agents.c.id == row.agent_id)
            .where(row.seq > low, row.seq <= high, row.role.in_(SPOKEN), row.agent_id.in_(agent_ids))
            .where(_without_vector(space_seq, "message", row.seq))
            .order_by(row.seq.desc())
            .limit(most)
        )
        rows = all_rows(self.db, found)
        around = neighbours_of(self.db, [one["seq"] for one in rows])
        nobody = Neighbours()
        return tuple(
            WaitingText(
                owner_seq=one["seq"],
                scope_seq=one["scope"],
                text=mapping.message_of(one).text.strip(),
                before=before.text if before else "",
                after=after.text if after else "",
                previous_seq=before.seq if before else None,
            )
            for one in rows
            for before, after in (around.get(one["seq"], nobody),)
        )

    def waiting_passages(
        self, space_seq: int | None, archive_ids: Sequence[str], low: int, high: int, most: int
    ) -> tuple[WaitingText, ...]:
        row = passages.c
        found = (
            sa.select(row.seq, row.archive_seq, row.text)
            .join_from(passages, archives, archives.c.seq == row.archive_seq)
            .where(row.seq > low, row.seq <= high, row.deleted_at.is_(None), archives.c.id.in_(archive_ids))
            .where(_without_vector(space_seq, "passage", row.seq))
            .order_by(row.seq.desc())
            .limit(most)
        )
        return tuple(
            WaitingText(one["seq"], one["archive_seq"], one["text"].strip()) for one in all_rows(self.db, found)
        )

    def last_message(self) -> int:
        return scalar(self.db, sa.select(sa.func.max(messages.c.seq))) or 0

    def last_passage(self) -> int:
        return scalar(self.db, sa.select(sa.func.max(passages.c.seq))) or 0


def drop_vectors(db: Connection, of: Sequence[VectorOf], owner_seqs: Sequence[int]) -> None:
    """Deletes the vectors of messages or passages in every space, and notes it for the indexes."""
    spaces = db.execute(sa.select(vector_spaces.c.seq)).scalars().all()
    for start in range(0, len(owner_seqs), AT_ONCE):
        owners = list(owner_seqs[start : start + AT_ONCE])
        for space in spaces:
            for kind in of:
                values: dict[str, Any] = {"of": VECTOR_KINDS[kind], "owners": owners, "space": space}
                gone = _owned.all(db, values)
                if gone:
                    add(
                        db,
                        vectors_gone,
                        *({name: one[name] for name in ("space_seq", "kind", "owner_seq")} for one in gone),
                    )
                    _drop.run(db, values)


def _without_vector(space_seq: int | None, of: VectorOf, owner: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    if space_seq is None:
        return sa.true()
    own = sa.select(_row.seq).where(_row.space_seq == space_seq, _row.kind == VECTOR_KINDS[of], _row.owner_seq == owner)
    return ~own.exists()
