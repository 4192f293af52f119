"""Chroma beside the vectors: it finds what comparing all finds, follows what changes, and may be lost in any way."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from app.adapters.database.opening import open_storage
from app.adapters.recall.child import vectors as module
from app.adapters.recall.child.matrix import Limits
from app.adapters.recall.child.vectors import StoredVectors
from app.adapters.system import SystemClock
from tests.adapters.recall.test_vectors import DIMENSION, SPACE, Written

pytestmark = pytest.mark.anyio
QUERY = np.eye(1, DIMENSION, dtype=np.float32)[0]


@pytest.fixture
async def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Written:
    monkeypatch.setattr(module, "FROM", 10)
    storage = await open_storage(tmp_path, SystemClock(), on_changed=lambda _: None)
    await storage.close()
    with sqlite3.connect(tmp_path / "lares.db", isolation_level=None) as db:
        made = Written(db)
        made.put(*range(1, 251))
        return made


def lives(folder: Path) -> Iterator[StoredVectors]:
    """One recall process after another."""
    while True:
        yield StoredVectors(folder / "lares.db", folder / "meaning-index")


def followed(stored: StoredVectors, *, was_made: bool = True) -> str:
    first, more, _ = stored.follow(SPACE, was_made=was_made)
    while more:
        state, more, _ = stored.follow(SPACE, was_made=was_made)
        assert state == "right"
    return first


def by_index(stored: StoredVectors, monkeypatch: pytest.MonkeyPatch, k: int = 5) -> list[int]:
    """What the index finds; comparing all is not possible meanwhile."""
    with monkeypatch.context() as patched:
        patched.setattr(StoredVectors, "_fits", lambda *_: pytest.fail("all vectors were compared"))
        near = stored.nearest(SPACE, QUERY, k)
    assert near is not None
    return [int(owner) for owner in near[0]]


async def test_it_finds_what_comparing_finds_and_follows_what_changes(
    written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = lives(tmp_path)
    stored = next(life)
    assert followed(stored, was_made=False) == "new"
    best = by_index(stored, monkeypatch)
    assert best == written.nearest(QUERY, 5, list(written.rows))
    written.drop(best[0])
    written.put(best[1], 300)
    assert followed(stored) == "right"
    assert by_index(stored, monkeypatch) == written.nearest(QUERY, 5, list(written.rows))
    but, rest = best[1:3], [owner for owner in written.rows if owner not in best[1:3]]
    near = stored.nearest(SPACE, QUERY, 5, Limits(but=np.asarray(but, np.int64)))
    assert near is not None
    assert [int(owner) for owner in near[0]] == written.nearest(QUERY, 5, rest)
    stored.close()
    again = next(life)
    assert followed(again) == "right"
    assert by_index(again, monkeypatch) == written.nearest(QUERY, 5, list(written.rows))
    again.close()


def _delete(index: Path) -> None:
    shutil.rmtree(index)


def _truncate(index: Path) -> None:
    for file in index.rglob("*.sqlite3"):
        file.write_bytes(file.read_bytes()[:1000])


def _garbage(index: Path) -> None:
    for file in index.rglob("*"):
        if file.is_file():
            file.write_bytes(b"garbage " * 200)


def _of_another_time(index: Path) -> None:
    (index / "space1-kind2.json").write_text("[9, 0]")


def _killed_while_opening(index: Path) -> None:
    index.with_name(index.name + ".opening").touch()


@pytest.mark.parametrize(
    ("damage", "state"),
    [
        (_delete, "missing"),
        (_truncate, "broken"),
        (_garbage, "broken"),
        (_of_another_time, "outdated"),
        (_killed_while_opening, "broken"),
    ],
)
async def test_whatever_happened_to_the_folder_it_is_said_and_made_anew(
    written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: Callable[[Path], None], state: str
) -> None:
    life = lives(tmp_path)
    before = next(life)
    followed(before)
    before.close()
    _forget_open_folders()
    damage(tmp_path / "meaning-index")
    stored = next(life)
    near = stored.nearest(SPACE, QUERY, 3)
    assert near is not None
    assert [int(owner) for owner in near[0]] == written.nearest(QUERY, 3, list(written.rows))
    assert followed(stored) == state
    assert by_index(stored, monkeypatch) == written.nearest(QUERY, 5, list(written.rows))
    stored.close()


def _forget_open_folders() -> None:
    """As in a new process."""
    from chromadb.api.shared_system_client import SharedSystemClient

    SharedSystemClient.clear_system_cache()
