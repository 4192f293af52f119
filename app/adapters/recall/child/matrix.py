"""Vectors of one space and kind, compared one by one: exact, and quick enough for a hundred thousand of them."""

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int8]
Floats = npt.NDArray[np.float32]
Seqs = npt.NDArray[np.int64]
SCALE_BYTES = 4
BLOCK = 16_384
"""Rows that are compared at once: a block of them in floats has 60 MB."""
FIRST_ROOM = 1_024
NOBODY = -1


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

    def nearest(self, query: Floats, k: int, scope: list[int] | None, among: Seqs | None) -> tuple[Seqs, Floats]:
        """Owners and cosines of the nearest rows, nearest first."""
        owners = self._owners[: self.count]
        wanted = owners != NOBODY
        if scope is not None:
            wanted &= np.isin(self._scopes[: self.count], np.asarray(scope, np.int64))
        if among is not None:
            wanted &= np.isin(owners, among)
        rows = np.flatnonzero(wanted)
        cosines = np.empty(len(rows), np.float32)
        for start in range(0, len(rows), BLOCK):
            block: slice | Seqs = rows[start : start + BLOCK]
            if len(rows) == self.count:
                block = slice(start, min(start + BLOCK, self.count))  # all of them need not be gathered
            cosines[start : start + BLOCK] = (self._numbers[block].astype(np.float32) @ query) * self._scales[block]
        if len(rows) > k:
            best = np.argpartition(-cosines, k)[:k]
            rows, cosines = rows[best], cosines[best]
        order = np.argsort(-cosines, kind="stable")
        return owners[rows[order]], cosines[order]

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
