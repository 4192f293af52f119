"""Full-text search over passages with FTS5, as `search.py` does it over messages.

A second column holds the archive and the tags as words, so that a search within them reads only their rows.
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import mapping
from app.adapters.database.prepared import Prepared
from app.adapters.database.rows import all_rows
from app.adapters.database.search import ALL
from app.adapters.database.search_terms import MOST_ROWS, rows_with
from app.adapters.database.sqlite import driver_connection
from app.adapters.database.tables import archives, passages
from app.domain.archive import FoundPassage
from app.domain.retrieval import Term
from app.domain.search_text import index_text, query_terms, stem_of
from app.ports.search import WordRows
from app.ports.storage.archives import Narrowed

CREATE_INDEX = (
    "CREATE VIRTUAL TABLE passage_search USING fts5(words, scope, content='', "
    """tokenize="unicode61 remove_diacritics 0 categories 'L* N* Co M*'")"""
)
_insert = Prepared(sa.text("INSERT INTO passage_search(rowid, words, scope) VALUES (:seq, :words, :scope)"))
_remove = Prepared(
    sa.text("INSERT INTO passage_search(passage_search, rowid, words, scope) VALUES ('delete', :seq, :words, :scope)")
)
_ranked = sa.text(
    "SELECT rowid AS seq, bm25(passage_search, 1.0, 0.0) AS rank FROM passage_search "
    "WHERE passage_search MATCH :match ORDER BY rowid DESC LIMIT :newest"
).columns(seq=sa.Integer, rank=sa.Float)
_MATCHING = "SELECT rowid FROM passage_search WHERE passage_search MATCH ? ORDER BY rowid DESC"
_frequency = Prepared(
    sa.text("SELECT count(*) FROM (SELECT rowid FROM passage_search WHERE passage_search MATCH :match LIMIT :most)")
)
NEWEST = 500
"""Texts with all words, or with any, that are ranked at first: ranking takes some 10 µs each."""
RARE, RAREST = 1_000, 4
"""Texts that a rare word is in at most, and how many such words are looked for wherever they stand."""
LAST = 5_000
"""Newest texts among which any word is looked for where conditions leave too few of fewer."""


@dataclass(frozen=True)
class Indexed:
    """What the index knows of a passage."""

    seq: int
    archive_seq: int
    text: str
    tags: tuple[str, ...]


@dataclass(frozen=True)
class PassageIndex:
    db: Connection

    def add(self, passages: Sequence[Indexed]) -> None:
        _insert.run_many(self.db, [_values(passage) for passage in passages])

    def remove(self, passages: Sequence[Indexed]) -> None:
        """The index holds no texts, so it must be told what it was told when they were added."""
        _remove.run_many(self.db, [_values(passage) for passage in passages])

    def find(
        self,
        query: str,
        conditions: Sequence[sa.ColumnElement[bool]],
        archive_seqs: Sequence[int] | None,
        tags: tuple[str, ...],
        all_tags: bool,
        limit: int,
    ) -> tuple[FoundPassage, ...]:
        """`archive_seqs`: None for all archives. `conditions`: on rows of passages, beside archives and tags."""
        terms = query_terms(query)
        if not terms or limit < 1 or (archive_seqs is not None and not archive_seqs):
            return ()
        best = _ranked.subquery("best")
        found = (
            sa.select(passages, archives.c.id.label("archive_id"))
            .join_from(best, passages, passages.c.seq == best.c.seq)
            .join(archives, archives.c.seq == passages.c.archive_seq)
            .where(passages.c.deleted_at.is_(None), archives.c.deleted_at.is_(None), *conditions)
            .order_by(best.c.rank, best.c.seq.desc())
            .limit(limit)
        )
        if archive_seqs is not None:
            found = found.where(passages.c.archive_seq.in_(archive_seqs))
        scope = _scope(self._narrowing(archive_seqs), tags, all_tags)
        hits: dict[int, FoundPassage] = {}
        for words, newest in self._steps([_form(term) for term in terms]):
            for row in all_rows(self.db, found, {"match": f"({words}){scope}", "newest": newest}):
                hits.setdefault(row["seq"], FoundPassage(row["seq"], mapping.passage_of(row)))
            if len(hits) >= limit:
                break
        return tuple(hits.values())[:limit]

    def _narrowing(self, archive_seqs: Sequence[int] | None) -> Sequence[int] | None:
        """The archives, where naming them leaves out much; else their word would only be read beside each other one."""
        mine, every = self._held(archive_seqs)
        return archive_seqs if 2 * mine < every else None

    def _steps(self, forms: Sequence[str]) -> Iterator[tuple[str, int]]:
        """What to match, one after the other, and how many of the newest matches to rank: all words; then the rare
        ones wherever they stand; then any, among the newest. So what a rare word finds is never lost among what common
        ones find, and no step ranks more rows than there is time for.
        """
        counts = {form: _frequency.scalar(self.db, {"match": form, "most": RARE + 1}) for form in forms}
        there = sorted((form for form in forms if counts[form]), key=lambda form: counts[form])
        rare = [form for form in there if counts[form] <= RARE][:RAREST]
        if not there:
            return
        if len(there) > 1:
            yield " AND ".join(there), NEWEST
        if rare:
            yield " OR ".join(rare), ALL
        for newest in (NEWEST, LAST):
            yield " OR ".join(there), newest

    def with_words(
        self,
        terms: Sequence[Term],
        archive_seqs: Sequence[int] | None,
        tags: tuple[str, ...],
        all_tags: bool,
        narrowed: Narrowed,
    ) -> WordRows:
        """As `PassageRepository.with_words`, within these archives; None: all."""
        last: int = self.db.execute(sa.select(sa.func.max(passages.c.seq))).scalar_one() or 0
        mine, every = self._held(archive_seqs)
        if archive_seqs is None and mine < every:
            archive_seqs = (
                self.db.execute(sa.select(archives.c.seq).where(archives.c.deleted_at.is_(None))).scalars().all()
            )
        if not mine or (narrowed.among is not None and not narrowed.among):
            return WordRows(mine, (0,) * len(terms), ((),) * len(terms))
        scope = _scope(None if mine == every else archive_seqs, tags, all_tags)
        among = None if narrowed.among is None else frozenset(narrowed.among)
        return rows_with(terms, _Stored(self.db, scope, among, frozenset(narrowed.but)), last, mine)

    def _held(self, archive_seqs: Sequence[int] | None) -> tuple[int, int]:
        """How many passages these archives hold, and how many are indexed."""
        own = archives.c.deleted_at.is_(None) if archive_seqs is None else archives.c.seq.in_(archive_seqs)
        held = sa.func.sum(sa.case((own, archives.c.passages), else_=0))
        mine, every = self.db.execute(sa.select(held, sa.func.sum(archives.c.passages))).one()
        return mine or 0, every or 0


@dataclass(frozen=True)
class _Stored:
    """Implements `search_terms.WordIndex`."""

    db: Connection
    scope: str
    """Of archives and tags, to be matched."""
    among: frozenset[int] | None
    but: frozenset[int]

    def newest(self, match: str, most: int = MOST_ROWS) -> list[int]:
        # Where no list tells which passages there are, the match itself must.
        return list(islice(self._matching(match if self.among is not None else f"({match}){self.scope}"), most))

    def within(self, match: str) -> list[int]:
        among = self.among
        found = (seq for seq in self._matching(f"({match}){self.scope}") if seq not in self.but)
        return list(islice((seq for seq in found if among is None or seq in among), MOST_ROWS))

    def kept(self, seqs: Set[int]) -> Set[int]:
        return (seqs if self.among is None else seqs & self.among) - self.but

    def _matching(self, match: str) -> Iterator[int]:
        return (seq for (seq,) in driver_connection(self.db).execute(_MATCHING, (match,)))


def create_passage_index(db: Connection) -> None:
    db.exec_driver_sql(CREATE_INDEX)


def _form(term: str) -> str:
    """A word in any of its forms; two letters stand for themselves."""
    stem = stem_of(term)
    return f'words:"{term}"' if stem.isascii() and len(stem) < 3 else f'words:"{stem}"*'


def _values(passage: Indexed) -> dict[str, Any]:
    scope = " ".join((_archive_word(passage.archive_seq), *(_tag_word(tag) for tag in passage.tags)))
    return {"seq": passage.seq, "words": index_text(passage.text), "scope": scope}


def _scope(archive_seqs: Sequence[int] | None, tags: tuple[str, ...], all_tags: bool) -> str:
    inside = [] if archive_seqs is None else [_one_of([_archive_word(seq) for seq in archive_seqs], " OR ")]
    wanted = [_one_of([_tag_word(tag) for tag in tags], " AND " if all_tags else " OR ")] if tags else []
    return "".join(f" AND {part}" for part in (*inside, *wanted))


def _one_of(words: Sequence[str], join: str) -> str:
    return "(" + join.join(f'scope:"{word}"' for word in words) + ")"


def _archive_word(seq: int) -> str:
    return f"archive{seq}"


def _tag_word(tag: str) -> str:
    """One word, whatever the tag is made of."""
    return "tag" + sha256(tag.encode()).hexdigest()[:16]
