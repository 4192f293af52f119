"""Vectors of one space and kind, compared one by one: exact, and quick enough for a hundred thousand of them."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int8]
Floats = npt.NDArray[np.float32]
Seqs = npt.NDArray[np.int64]
SCALE_BYTES = 4
BLOCK = 128
"""Rows that are compared at once: in floats they have half a megabyte, which stays in the processor's own memory. A
block of thousands goes out to the computer's and takes four times as long.
"""
FIRST_ROOM = 1_024
NOBODY = -1


class Limits(NamedTuple):
    """What a search is narrowed to."""

    scope: list[int] | None = None
    """Only rows of these scopes."""
    among: Seqs | None = None
    """Only these owners."""
    but: Seqs = np.zeros(0, np.int64)
    """None of these owners."""


NO_LIMITS = Limits()


class Matrix:
    """Rows that come, are replaced and go. Room for them grows by halves."""

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        self.count = 0
        self._numbers: Numbers = np.zeros((FIRST_ROOM, dimension), np.int8)
        self._scales: Floats = np.zeros(FIRST_ROOM, np.float32)
        self._owners: Seqs = np.full(FIRST_ROOM, NOBODY, np.int64)
        self._scopes: Seqs = np.full(FIRST_ROOM, NOBODY, np.int64)

    @property
    def held(self) -> int:
        """Bytes of memory."""
        return self._numbers.nbytes + self._scales.nbytes + self._owners.nbytes + self._scopes.nbytes

    def put(self, rows: list[tuple[int, int, bytes]]) -> None:
        """Owner, scope and packed vector of each row; an owner has one row at most. Rows of another length are none."""
        rows = [row for row in rows if len(row[2]) == SCALE_BYTES + self.dimension]
        if not rows:
            return
        self.drop([row[0] for row in rows])
        self._make_room(self.count + len(rows))
        packed = np.frombuffer(b"".join(row[2] for row in rows), np.uint8).reshape(len(rows), -1)
        here = slice(self.count, self.count + len(rows))
        self._scales[here] = np.ascontiguousarray(packed[:, :SCALE_BYTES]).view("<f4")[:, 0]
        self._numbers[here] = packed[:, SCALE_BYTES:].view(np.int8)
        self._owners[here] = [row[0] for row in rows]
        self._scopes[here] = [row[1] for row in rows]
        self.count += len(rows)

    def drop(self, owners: list[int]) -> None:
        """What nobody owns is never near; its room is used again by the next reading of all rows."""
        if not self.count or not owners:
            return
        gone = np.isin(self._owners[: self.count], np.asarray(owners, np.int64))
        self._owners[: self.count][gone] = NOBODY

    def nearest(self, query: Floats, k: int, limits: Limits = NO_LIMITS) -> tuple[Seqs, Floats]:
        """Owners and cosines of the nearest rows, nearest first."""
        owners = self._owners[: self.count]
        wanted = owners != NOBODY
        if limits.scope is not None:
            wanted &= np.isin(self._scopes[: self.count], np.asarray(limits.scope, np.int64))
        if limits.among is not None:
            wanted &= np.isin(owners, limits.among)
        if len(limits.but):
            wanted &= ~np.isin(owners, limits.but)
        rows = np.flatnonzero(wanted)
        cosines = self._cosines(rows, query)
        if len(rows) > k:
            best = np.argpartition(-cosines, k)[:k]
            rows, cosines = rows[best], cosines[best]
        order = np.argsort(-cosines, kind="stable")
        return owners[rows[order]], cosines[order]

    def _cosines(self, rows: Seqs, query: Floats) -> Floats:
        cosines = np.empty(len(rows), np.float32)
        floats = np.empty((BLOCK, self.dimension), np.float32)
        for start in range(0, len(rows), BLOCK):
            some = rows[start : start + BLOCK]
            # Where all are wanted they need not be gathered.
            numbers = self._numbers[start : start + len(some)] if len(rows) == self.count else self._numbers[some]
            block = floats[: len(some)]
            np.copyto(block, numbers)
            np.dot(block, query, out=cosines[start : start + len(some)])
        cosines *= self._scales[rows]
        return cosines

    def _make_room(self, count: int) -> None:
        have = len(self._owners)
        if count <= have:
            return
        more = max(count, have + have // 2) - have
        self._numbers = np.concatenate((self._numbers, np.zeros((more, self.dimension), np.int8)))
        self._scales = np.concatenate((self._scales, np.zeros(more, np.float32)))
        self._owners = np.concatenate((self._owners, np.full(more, NOBODY, np.int64)))
        self._scopes = np.concatenate((self._scopes, np.full(more, NOBODY, np.int64)))


def unpacked(packed: bytes) -> Floats:
    """A packed vector as floats."""
    scale = np.frombuffer(packed, "<f4", 1)[0]
    return np.frombuffer(packed, np.int8, offset=SCALE_BYTES).astype(np.float32) * scale
