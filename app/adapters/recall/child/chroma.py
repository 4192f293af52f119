"""Chroma beside the vectors: which of very many are near, without looking at each. It is made of the database.

It is a cache: whatever is wrong with its folder, the folder is thrown away. Chroma may end the process that opens a
damaged one, so a mark lies beside it while it is opened; who finds the mark does not open it a second time.
"""

import json
import os
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from app.adapters.recall.child.chroma_files import DATABASE, as_noted, note
from app.adapters.recall.child.matrix import Floats, Seqs, unpacked

FROM = 20_000
"""Vectors of one space and kind from which on it pays; fewer are compared one by one."""
PORTION = 100
"""Vectors that are added at once: about a third of a second, in which a query waits."""
GRAPH = {"space": "cosine", "max_neighbors": 32, "ef_construction": 200, "ef_search": 400}
"""With these it finds 99 of the 100 nearest among 100,000; with its defaults 80."""
OPENING = "opening"
State = Literal["right", "new", "missing", "broken", "outdated"]


class Place(NamedTuple):
    """A space and a kind of vectors in the database."""

    space_seq: int
    kind: int
    dimension: int

    @property
    def name(self) -> str:
        return f"space{self.space_seq}-kind{self.kind}"


class Seen(NamedTuple):
    """The last rows of `vectors` and `vectors_gone` that the index knows."""

    vectors: int = 0
    gone: int = 0


class ChromaIndex:
    """One folder. Every method may raise anything that Chroma raises: see `discard`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mark = folder.with_name(folder.name + "." + OPENING)
        self._client: Any = None
        self._checked: set[str] = set()
        self._told_of_all = False

    def nearest(self, place: Place, query: Floats, k: int) -> Seqs | None:
        """Owners of about the nearest rows. None: the index does not know this place whole yet."""
        if place.name not in self._checked:
            return None
        found = self._collection(place).query(query_embeddings=[query.tolist()], n_results=k, include=[])
        return np.asarray([int(owner) for owner in found["ids"][0]], np.int64)

    def follow(self, db: sqlite3.Connection, place: Place, *, was_made: bool) -> tuple[State, bool]:
        """Takes over some of what has come and gone, and says what it found and whether there is more to take over.

        `was_made`: the engine knows that there was an index of this place; if it is gone, that is worth a line.
        """
        state: State = "right"
        if place.name not in self._checked:
            state = self._state(db, place, was_made)
            if state in ("broken", "outdated"):
                self.discard(told=True)
            if state != "right":
                self.begin(db, place)
        more = self._take_over(db, place)
        if not more:
            self._checked.add(place.name)
        return state, more

    def finds(self, place: Place, rows: Floats) -> int:
        """Adds vectors and says how many of them are nearest to themselves."""
        collection = self._collection(place)
        collection.upsert(ids=[str(number) for number in range(len(rows))], embeddings=rows.tolist())
        found = collection.query(query_embeddings=rows.tolist(), n_results=1, include=[])["ids"]
        return sum(near == [str(number)] for number, near in enumerate(found))

    def begin(self, db: sqlite3.Connection, place: Place) -> None:
        """From here on everything is to be taken over."""
        self._write(place, Seen(0, _last_gone(db)))

    def discard(self, *, told: bool = False) -> None:
        """Throws the folder away, and what Chroma holds of it in memory. `told`: whoever asked is told why, so that the
        other places need not be said to be missing.
        """
        self._told_of_all = told
        if self._client is not None or self._mark.exists():
            from chromadb.api.shared_system_client import SharedSystemClient

            SharedSystemClient.clear_system_cache()
        self._client = None
        self._checked.clear()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._mark.unlink(missing_ok=True)

    def _state(self, db: sqlite3.Connection, place: Place, was_made: bool) -> State:
        if self._mark.exists():
            return "broken"
        if self._client is None and (self._folder / DATABASE).exists() and not as_noted(self._folder):
            return "broken"
        seen = self._read(place)
        if seen is None:
            return "missing" if was_made and not self._told_of_all else "new"
        try:
            count = self._collection(place).count()
        except Exception:  # noqa: BLE001  (whatever Chroma says of a damaged folder)
            return "broken"
        known = "SELECT count(*), coalesce(max(seq), 0) FROM vectors WHERE space_seq = ? AND kind = ? AND seq <= ?"
        rows, _ = db.execute(known, (place.space_seq, place.kind, seen.vectors)).fetchone()
        # What was added and not noted any more is added again; what was deleted since is still in it.
        deleted = _gone_since(db, place, seen.gone)
        return "right" if rows <= count <= rows + deleted + PORTION else "outdated"

    def _take_over(self, db: sqlite3.Connection, place: Place) -> bool:
        seen = self._read(place) or Seen()
        collection = self._collection(place)
        where = (place.space_seq, place.kind)
        gone = db.execute(
            "SELECT seq, owner_seq FROM vectors_gone WHERE seq > ? AND space_seq = ? AND kind = ? ORDER BY seq LIMIT ?",
            (seen.gone, *where, PORTION),
        ).fetchall()
        rows = db.execute(
            "SELECT seq, owner_seq, packed FROM vectors WHERE seq > ? AND +space_seq = ? AND +kind = ? ORDER BY seq "
            "LIMIT ?",
            (seen.vectors, *where, PORTION),
        ).fetchall()
        if gone:
            collection.delete(ids=[str(row[1]) for row in gone])
        if rows:
            vectors = [unpacked(row[2]).tolist() for row in rows]
            collection.upsert(ids=[str(row[1]) for row in rows], embeddings=vectors)
        note(self._folder)
        if rows or gone:
            self._write(place, Seen(rows[-1][0] if rows else seen.vectors, gone[-1][0] if gone else seen.gone))
        return len(rows) == PORTION or len(gone) == PORTION

    def _collection(self, place: Place) -> Any:
        if self._client is None:
            self._client = self._opened()
        return self._client.get_or_create_collection(place.name, configuration={"hnsw": GRAPH}, embedding_function=None)

    def _opened(self) -> Any:
        import chromadb
        from chromadb.config import Settings

        self._folder.mkdir(parents=True, exist_ok=True)
        self._mark.touch()
        client = chromadb.PersistentClient(str(self._folder), Settings(anonymized_telemetry=False))
        client.list_collections()
        self._mark.unlink(missing_ok=True)
        return client

    def _read(self, place: Place) -> Seen | None:
        try:
            return Seen(*(int(number) for number in json.loads((self._folder / f"{place.name}.json").read_text())))
        except (OSError, ValueError, TypeError):
            return None

    def _write(self, place: Place, seen: Seen) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        new = self._folder / f"{place.name}.new"
        new.write_text(json.dumps(seen))
        os.replace(new, self._folder / f"{place.name}.json")


def _last_gone(db: sqlite3.Connection) -> int:
    return db.execute("SELECT coalesce(max(seq), 0) FROM vectors_gone").fetchone()[0]


def _gone_since(db: sqlite3.Connection, place: Place, seen: int) -> int:
    gone = "SELECT count(*) FROM vectors_gone WHERE seq > ? AND space_seq = ? AND kind = ?"
    return db.execute(gone, (seen, place.space_seq, place.kind)).fetchone()[0]


def found_again(count: int = 50, dimension: int = 16) -> int:
    """How many of so many vectors an index finds that is made for them and thrown away."""
    place = Place(0, 0, dimension)
    rows = np.random.default_rng(1).normal(size=(count, dimension)).astype(np.float32)
    with tempfile.TemporaryDirectory(prefix="lares-index-", ignore_cleanup_errors=True) as folder:
        index = ChromaIndex(Path(folder) / "index")
        return index.finds(place, rows)
