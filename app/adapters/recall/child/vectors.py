"""The vectors in the database, read by a connection that cannot write, and kept in memory as far as they fit."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from app.adapters.recall.child.chroma import FROM, ChromaIndex, Place, State
from app.adapters.recall.child.matrix import NO_LIMITS, Floats, Limits, Matrix, Seqs

MOST_BYTES = 384 * 1024 * 1024
"""Of all matrices that are kept: those not asked for the longest go first."""
ROWS = 4_096
"""Rows that are read at once."""
SPARE = 4
"""So many times as many are asked of the index as are wanted: some belong to agents that are not searched."""
FEW, AT_ONCE = 20_000, 500
"""So many owners are looked up rather than searched for; so many in one statement."""
BUSY_SECONDS = 10.0


class Wanted(NamedTuple):
    """Whose vectors are asked for."""

    space: str
    kind: int
    """See `VECTOR_KINDS`."""


class _Kept(NamedTuple):
    matrix: Matrix
    seen: list[int]
    """Two numbers: the last row of `vectors` and of `vectors_gone` that the matrix knows."""


class StoredVectors:
    """One database. What the engine writes meanwhile is taken over before each answer."""

    def __init__(self, database: Path, index: Path | None = None) -> None:
        """`index`: the folder of the index over very many vectors; None: all are compared."""
        self._index = ChromaIndex(index) if index is not None else None
        place = f"{database.absolute().as_uri()}?mode=ro"
        self._db = sqlite3.connect(place, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
        self._kept: dict[Wanted, _Kept] = {}

    def close(self) -> None:
        self._db.close()

    def nearest(self, wanted: Wanted, query: Floats, k: int, limits: Limits = NO_LIMITS) -> tuple[Seqs, Floats] | None:
        """Owners and cosines, nearest first. None: there is no such space, or the query is of another one."""
        self._db.execute("BEGIN")  # what has come and what has gone are read in one state of the database
        try:
            space = self._space(wanted.space)
            if space is None or space[1] != len(query):
                return None
            where = Place(space[0], wanted.kind, space[1])
            near = self._indexed(where, query, k, limits) if limits.among is None else None
            if near is not None:
                return near
            if self._fits(wanted, where):
                return self._matrix(wanted, where).nearest(query, k, limits)
            return self._searched_through(where, query, k, limits)
        finally:
            self._db.execute("COMMIT")

    def follow(self, wanted: Wanted, *, was_made: bool) -> tuple[State, bool, int]:
        """Brings the index nearer to what is stored: its state, whether there is more to do, how many vectors."""
        space = self._space(wanted.space)
        where = Place(space[0], wanted.kind, space[1]) if space else None
        count = self._count(where) if where else 0
        if self._index is None or where is None or count < FROM:
            return "right", False, count
        try:
            state, more = self._index.follow(self._db, where, was_made=was_made)
        except Exception:  # noqa: BLE001  (whatever Chroma says of a damaged folder)
            self._index.discard(told=True)
            self._index.begin(self._db, where)
            return "broken", True, count
        return state, more, count

    def _indexed(self, where: Place, query: Floats, k: int, limits: Limits) -> tuple[Seqs, Floats] | None:
        """By the index; None where it does not know enough of what is asked for."""
        if self._index is None:
            return None
        try:
            owners = self._index.nearest(where, query, k * SPARE)
        except Exception:  # noqa: BLE001  (whatever Chroma says of a damaged folder)
            self._index.discard()
            return None
        if owners is None:
            return None
        found = self._searched_through(where, query, k, limits._replace(among=owners))
        return found if len(found[0]) == k else None

    def _fits(self, wanted: Wanted, where: Place) -> bool:
        if wanted in self._kept:
            return self._kept[wanted].matrix.held <= MOST_BYTES
        return self._count(where) * where.dimension <= MOST_BYTES

    def _matrix(self, wanted: Wanted, where: Place) -> Matrix:
        kept = self._kept.pop(wanted, None) or _Kept(Matrix(where.dimension), [0, self._last_gone()])
        self._kept[wanted] = kept
        self._follow(kept, where)
        while len(self._kept) > 1 and sum(one.matrix.held for one in self._kept.values()) > MOST_BYTES:
            del self._kept[next(iter(self._kept))]
        return kept.matrix

    def _follow(self, kept: _Kept, where: Place) -> None:
        """Takes over what has come and gone since."""
        gone = self._db.execute(
            "SELECT seq, owner_seq FROM vectors_gone WHERE seq > ? AND space_seq = ? AND kind = ? ORDER BY seq",
            (kept.seen[1], where.space_seq, where.kind),
        ).fetchall()
        if gone:
            kept.matrix.drop([row[1] for row in gone])
            kept.seen[1] = gone[-1][0]
        # Without the plus signs SQLite would go along the index of owners, and sort.
        found = self._db.execute(
            "SELECT seq, owner_seq, scope_seq, packed FROM vectors "
            "WHERE seq > ? AND +space_seq = ? AND +kind = ? ORDER BY seq",
            (kept.seen[0], where.space_seq, where.kind),
        )
        while rows := found.fetchmany(ROWS):
            kept.matrix.put([row[1:] for row in rows])
            kept.seen[0] = rows[-1][0]

    def _searched_through(self, where: Place, query: Floats, k: int, limits: Limits) -> tuple[Seqs, Floats]:
        """Of more vectors than memory should hold: read once, and the best kept."""
        owners, cosines = np.zeros(0, np.int64), np.zeros(0, np.float32)
        for rows in self._portions(where, limits.among):
            matrix = Matrix(where.dimension)
            matrix.put(rows)
            more, near = matrix.nearest(query, k, limits)
            owners, cosines = np.concatenate((owners, more)), np.concatenate((cosines, near))
            best = np.argsort(-cosines, kind="stable")[:k]
            owners, cosines = owners[best], cosines[best]
        return owners, cosines

    def _portions(self, where: Place, among: Seqs | None) -> Iterator[list[tuple[int, int, bytes]]]:
        columns = "SELECT owner_seq, scope_seq, packed FROM vectors"
        if among is not None and len(among) <= FEW:
            for start in range(0, len(among), AT_ONCE):
                owners = [int(seq) for seq in among[start : start + AT_ONCE]]
                places = ", ".join("?" * len(owners))
                found = f"{columns} WHERE space_seq = ? AND kind = ? AND owner_seq IN ({places})"
                yield self._db.execute(found, (where.space_seq, where.kind, *owners)).fetchall()
            return
        found = self._db.execute(f"{columns} WHERE +space_seq = ? AND +kind = ?", (where.space_seq, where.kind))
        while rows := found.fetchmany(ROWS):
            yield rows

    def _count(self, where: Place) -> int:
        found = "SELECT count(*) FROM vectors WHERE space_seq = ? AND kind = ?"
        return self._db.execute(found, (where.space_seq, where.kind)).fetchone()[0]

    def _last_gone(self) -> int:
        return self._db.execute("SELECT coalesce(max(seq), 0) FROM vectors_gone").fetchone()[0]

    def _space(self, space: str) -> tuple[int, int] | None:
        """Its seq and its dimension."""
        return self._db.execute("SELECT seq, dimension FROM vector_spaces WHERE id = ?", (space,)).fetchone()
