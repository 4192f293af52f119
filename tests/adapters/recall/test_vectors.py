"""Nearest vectors: exact, of what the database has at this moment, whatever has come and gone."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from app.adapters.database.migrations import CURRENT
from app.adapters.database.opening import open_storage
from app.adapters.recall.child import vectors as module
from app.adapters.recall.child.matrix import Limits
from app.adapters.recall.child.quantised import packed_rows
from app.adapters.recall.child.vectors import StoredVectors, Wanted
from app.adapters.system import SystemClock
from app.domain.embedding import VECTOR_KINDS

pytestmark = pytest.mark.anyio
SPACE = Wanted("here", VECTOR_KINDS["message"])
DIMENSION = 8


class Written:
    """A database as the engine writes it, and the vectors that are in it."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        self.rows: dict[int, np.ndarray] = {}
        self._random = np.random.default_rng(3)
        db.execute("INSERT INTO vector_spaces VALUES (1, 'here', 'h', '', '', ?, 1)", (DIMENSION,))

    def put(self, *owners: int) -> None:
        for owner in owners:
            row = self._random.normal(size=DIMENSION).astype(np.float32)
            self.rows[owner] = row / np.linalg.norm(row)
            self.db.execute("DELETE FROM vectors WHERE owner_seq = ?", (owner,))
            self.db.execute(
                "INSERT INTO vectors(space_seq, kind, owner_seq, scope_seq, packed) VALUES (1, 2, ?, ?, ?)",
                (owner, owner % 3, packed_rows(self.rows[owner][None])),
            )

    def drop(self, owner: int) -> None:
        del self.rows[owner]
        self.db.execute("DELETE FROM vectors WHERE owner_seq = ?", (owner,))
        self.db.execute("INSERT INTO vectors_gone(space_seq, kind, owner_seq) VALUES (1, 2, ?)", (owner,))

    def nearest(self, query: np.ndarray, k: int, of: list[int]) -> list[int]:
        return sorted(of, key=lambda owner: -float(self.rows[owner] @ query))[:k]


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    assert CURRENT.head
    storage = await open_storage(tmp_path, SystemClock(), on_changed=lambda _: None)
    await storage.close()
    return tmp_path / "lares.db"


@pytest.fixture(params=["kept in memory", "searched through"])
def most(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "searched through":
        monkeypatch.setattr(module, "MOST_BYTES", 0)


@pytest.mark.usefixtures("most")
async def test_the_nearest_are_those_that_the_database_has_now(file: Path) -> None:
    stored = StoredVectors(file)
    query = np.eye(1, DIMENSION, dtype=np.float32)[0]
    with sqlite3.connect(file, isolation_level=None) as db:
        written = Written(db)

        def found(
            k: int = 5, scope: list[int] | None = None, among: list[int] | None = None, but: Sequence[int] = ()
        ) -> list[int]:
            only = None if among is None else np.asarray(among, np.int64)
            near = stored.nearest(SPACE, query, k, Limits(scope, only, np.asarray(but, np.int64)))
            assert near is not None
            owners, cosines = near
            assert np.allclose(cosines, [written.rows[owner] @ query for owner in owners], atol=0.02)
            return [int(owner) for owner in owners]

        written.put(*range(1, 60))
        assert found() == written.nearest(query, 5, list(written.rows))
        best = found(1)[0]
        written.drop(best)
        written.put(3, 4, 60)
        assert best not in found(100)
        assert found() == written.nearest(query, 5, list(written.rows))
        written.put(best)
        assert sorted(found(100)) == sorted(written.rows)
        assert found(scope=[1]) == written.nearest(query, 5, [owner for owner in written.rows if owner % 3 == 1])
        assert found(among=[7, 8, 9, 999]) == written.nearest(query, 5, [7, 8, 9])
        assert found(scope=[2], among=[7, 8]) == [8]
        assert found(among=[]) == []
        assert found(among=[7, 8], but=[8, 999]) == [7]
        left_out = found(3)
        assert found(but=left_out) == written.nearest(query, 5, [one for one in written.rows if one not in left_out])
    db.close()
    stored.close()


async def test_another_space_and_another_length_have_none(file: Path) -> None:
    stored = StoredVectors(file)
    with sqlite3.connect(file, isolation_level=None) as db:
        Written(db).put(1)
    db.close()
    query = np.zeros(DIMENSION, np.float32)
    assert stored.nearest(Wanted("elsewhere", 2), query, 5) is None
    assert stored.nearest(SPACE, np.zeros(3, np.float32), 5) is None
    near = stored.nearest(Wanted("here", 1), query, 5)
    assert near is not None
    assert len(near[0]) == 0
    stored.close()
