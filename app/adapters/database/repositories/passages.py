"""Passages with their tags. Rows, tags, the index of words and the counts of archives are written together."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from unicodedata import normalize

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import mapping
from app.adapters.database.paging import contains, piece
from app.adapters.database.passage_search import Indexed, PassageIndex
from app.adapters.database.prepared import Prepared, Row
from app.adapters.database.repositories.vectors import drop_vectors
from app.adapters.database.rows import add, all_rows, first_row, missing, scalar
from app.adapters.database.tables import agent_archives, archives, passage_tags, passages
from app.domain.archive import (
    ArchiveContents,
    FoundPassage,
    Passage,
    PassageFilter,
    TagCount,
    WriterCount,
)
from app.domain.base import Micros
from app.domain.history import Actor
from app.domain.page import OLDEST_FIRST, PageRequest
from app.domain.retrieval import Term
from app.ports.search import WordRows
from app.ports.storage.archives import Narrowed

_row = passages.c
_place = (_row.created_at, _row.seq)
_JOINED = sa.select(passages, archives.c.id.label("archive_id")).join(archives, archives.c.seq == _row.archive_seq)
_THERE = _JOINED.where(archives.c.deleted_at.is_(None))
_LIVE = _THERE.where(_row.deleted_at.is_(None))
_one = Prepared(_LIVE.where(_row.id == sa.bindparam("passage")))
_some = Prepared(_LIVE.where(_row.id.in_(sa.bindparam("ids", expanding=True))))
_also_deleted = Prepared(_THERE.where(_row.id.in_(sa.bindparam("ids", expanding=True))))
_at = Prepared(_LIVE.where(_row.seq.in_(sa.bindparam("seqs", expanding=True))))
_texts = Prepared(
    _LIVE.with_only_columns(_row.seq, _row.text).where(_row.seq.in_(sa.bindparam("seqs", expanding=True)))
)
_archive_seq = Prepared(sa.select(archives.c.seq).where(archives.c.id == sa.bindparam("archive")))
_seqs_of = Prepared(sa.select(_row.seq, _row.id).where(_row.id.in_(sa.bindparam("ids", expanding=True))))
_count = Prepared(
    archives.update()
    .where(archives.c.seq == sa.bindparam("counted"))
    .values(passages=archives.c.passages + sa.bindparam("more"))
)
_KEPT = ("created_at", "found_count", "last_found_at")
"""What an edit does not write."""


@dataclass(frozen=True)
class SqlPassages:
    db: Connection
    index: PassageIndex

    def get(self, passage_id: str) -> Passage:
        passage = self.find(passage_id)
        if passage is None:
            raise missing("passage", passage_id)
        return passage

    def find(self, passage_id: str) -> Passage | None:
        row = first_row(self.db, _one, {"passage": passage_id})
        return None if row is None else mapping.passage_of(row)

    def many(self, passage_ids: Sequence[str]) -> tuple[Passage, ...]:
        found = {row["id"]: row for row in _some.all(self.db, {"ids": list(passage_ids)})}
        return tuple(mapping.passage_of(found[each]) for each in passage_ids if each in found)

    def list(self, wanted: PassageFilter, page: PageRequest = OLDEST_FIRST) -> tuple[Passage, ...]:
        """Each archive, and each tag where any will do, is a list of its own with an index; a page joins them."""
        conditions = _conditions(wanted)
        rows: dict[int, Row] = {}
        for found, columns in self._lists(wanted):
            for row in piece(self.db, found.where(*conditions), columns, self._place_of, "passage", page):
                rows[row["seq"]] = row
        backwards = page.next_to_cursor and page.before is not None and page.after is None
        ordered = sorted(rows.values(), key=lambda row: (row["created_at"], row["seq"]), reverse=page.descending)
        shown = ordered[-page.limit :] if backwards else ordered[: page.limit]
        return tuple(mapping.passage_of(row) for row in shown)

    def contents(self, archive_ids: Sequence[str]) -> ArchiveContents:
        live = sa.select(archives.c.seq).where(archives.c.deleted_at.is_(None), archives.c.id.in_(archive_ids))
        seqs = self.db.execute(live).scalars().all()
        here = (_row.archive_seq.in_(seqs), _row.deleted_at.is_(None))
        count = sa.func.count()
        written = sa.select(_row.actor, _row.actor_name, count.label("many")).where(*here)
        tagged = sa.select(passage_tags.c.tag, count.label("many")).where(passage_tags.c.archive_seq.in_(seqs))
        counted = sa.select(count).select_from(passages).where(*here)
        writers = all_rows(self.db, written.group_by(_row.actor, _row.actor_name).order_by(count.desc()))
        tags = all_rows(self.db, tagged.group_by(passage_tags.c.tag).order_by(count.desc(), passage_tags.c.tag))
        return ArchiveContents(
            passages=sum(row["many"] for row in writers),
            superseded=scalar(self.db, counted.where(_row.superseded_at.is_not(None))),
            nearly=scalar(self.db, counted.where(_row.nearly.is_not(None))),
            tags=tuple(TagCount(tag=row["tag"], passages=row["many"]) for row in tags),
            writers=tuple(
                WriterCount(actor=Actor(kind=row["actor"], name=row["actor_name"]), passages=row["many"])
                for row in writers
            ),
        )

    def same(self, archive_id: str, text: str) -> Passage | None:
        found = _LIVE.where(_row.archive_seq == self._archive(archive_id), _row.text_hash == _hash(text))
        row = first_row(self.db, found.order_by(_row.superseded_at.is_not(None), _row.seq).limit(1))
        return None if row is None else mapping.passage_of(row)

    def replaced_by(self, passage_id: str) -> tuple[Passage, ...]:
        found = _LIVE.where(_row.superseded_by == passage_id).order_by(_row.superseded_at.desc(), _row.seq.desc())
        return tuple(mapping.passage_of(row) for row in all_rows(self.db, found))

    def search(self, query: str, wanted: PassageFilter, limit: int) -> tuple[FoundPassage, ...]:
        seqs = self._seqs(wanted)
        return self.index.find(query, _conditions(wanted), seqs, wanted.tags, wanted.all_tags, limit)

    def with_words(self, terms: Sequence[Term], wanted: PassageFilter, narrowed: Narrowed) -> WordRows:
        return self.index.with_words(terms, self._seqs(wanted), wanted.tags, wanted.all_tags, narrowed)

    def within(self, wanted: PassageFilter) -> Narrowed:
        """Dates and tags are looked up in indexes that hold all there is to know, and what is no longer true is taken
        out of them: rows are read for other conditions only.
        """
        valid = wanted.validity == "valid"
        rest = wanted.model_copy(update={"start": None, "end": None, "validity": "all" if valid else wanted.validity})
        seqs, conditions = self._seqs(wanted), _conditions(rest)
        over = self._superseded(seqs) if valid else ()
        if not wanted.tags and wanted.start is None and wanted.end is None and not conditions:
            return Narrowed(but=over)
        if conditions:
            found = self._passing(wanted).with_only_columns(_row.seq)
        elif wanted.tags:
            found = _tagged(wanted, seqs)
        else:
            found = sa.select(_row.seq).where(_row.deleted_at.is_(None), *_dates(wanted, _row.created_at))
            found = found if seqs is None else found.where(_row.archive_seq.in_(seqs))
        left_out = frozenset(over)
        rows = Prepared(found).run(self.db).fetchall()  # by the driver: they may be all there are
        return Narrowed(tuple(seq for (seq,) in rows if seq not in left_out))

    def _superseded(self, archive_seqs: Sequence[int] | None) -> tuple[int, ...]:
        found = sa.select(_row.seq).where(_row.deleted_at.is_(None), _row.superseded_at.is_not(None))
        found = found if archive_seqs is None else found.where(_row.archive_seq.in_(archive_seqs))
        return tuple(self.db.execute(found).scalars())

    def texts(self, seqs: Sequence[int]) -> dict[int, str]:
        return {row["seq"]: row["text"] for row in _texts.all(self.db, {"seqs": list(seqs)})}

    def at(self, seqs: Sequence[int]) -> dict[int, Passage]:
        return {row["seq"]: mapping.passage_of(row) for row in _at.all(self.db, {"seqs": list(seqs)})}

    def _passing(self, wanted: PassageFilter) -> sa.Select[Any]:
        found = _LIVE.where(*_conditions(wanted))
        seqs = self._seqs(wanted)
        if seqs is not None:
            found = found.where(_row.archive_seq.in_(seqs))
        return found.where(_row.seq.in_(_tagged(wanted, seqs))) if wanted.tags else found

    def add(self, *passages_: Passage) -> None:
        if not passages_:
            return
        archive = self._archive(passages_[0].archive_id)
        rows = [
            {**mapping.passage_values(one), "archive_seq": archive, "text_hash": _hash(one.text)} for one in passages_
        ]
        add(self.db, passages, *rows)
        seqs = {row["id"]: row["seq"] for row in _seqs_of.all(self.db, {"ids": [one.id for one in passages_]})}
        self._enter([_Entry(seqs[one.id], archive, one) for one in passages_])

    def save(self, *passages_: Passage) -> None:
        before = {row["id"]: row for row in _some.all(self.db, {"ids": [one.id for one in passages_]})}
        for one in passages_:
            row = before.get(one.id)
            if row is None:
                raise missing("passage", one.id)
            old = mapping.passage_of(row)
            moved = (old.text, old.tags) != (one.text, one.tags)
            if moved:
                self._leave([_Entry(row["seq"], row["archive_seq"], old)])
            if old.text != one.text:
                drop_vectors(self.db, ("passage",), (row["seq"],))
            values = {key: value for key, value in mapping.passage_values(one).items() if key not in _KEPT}
            self.db.execute(passages.update().where(_row.seq == row["seq"]).values(**values, text_hash=_hash(one.text)))
            if moved:
                self._enter([_Entry(row["seq"], row["archive_seq"], one)])

    def delete(self, passage_ids: Sequence[str], at: Micros) -> None:
        rows = _some.all(self.db, {"ids": list(passage_ids)})
        self._leave([_entry(row) for row in rows])
        drop_vectors(self.db, ("passage",), [row["seq"] for row in rows])
        self._mark(rows, at)

    def undelete(self, passage_ids: Sequence[str]) -> None:
        rows = _also_deleted.all(self.db, {"ids": list(passage_ids)})
        gone = set(passage_ids) - {row["id"] for row in rows}
        if gone:
            raise missing("passage", gone.pop())
        deleted = [row for row in rows if row["deleted_at"] is not None]
        self._mark(deleted, None)
        self._enter([_entry(row) for row in deleted])

    def note_found(self, passage_ids: Sequence[str], at: Micros) -> None:
        found = passages.update().where(_row.id.in_(passage_ids))
        self.db.execute(found.values(found_count=_row.found_count + 1, last_found_at=at))

    def _mark(self, rows: Sequence[Row], at: Micros | None) -> None:
        self.db.execute(passages.update().where(_row.seq.in_([row["seq"] for row in rows])).values(deleted_at=at))

    def _enter(self, entries: "Sequence[_Entry]") -> None:
        """Into the tags, the index of words and the counts."""
        add(self.db, passage_tags, *(tag for entry in entries for tag in entry.tags))
        self.index.add([entry.indexed for entry in entries])
        self._count(entries, 1)

    def _leave(self, entries: "Sequence[_Entry]") -> None:
        if not entries:
            return
        self.db.execute(passage_tags.delete().where(passage_tags.c.passage_seq.in_([entry.seq for entry in entries])))
        self.index.remove([entry.indexed for entry in entries])
        self._count(entries, -1)

    def _count(self, entries: "Sequence[_Entry]", each: int) -> None:
        for archive in {entry.archive for entry in entries}:
            many = sum(each for entry in entries if entry.archive == archive)
            _count.run(self.db, {"counted": archive, "more": many})

    def _archive(self, archive_id: str) -> int:
        seq = scalar(self.db, _archive_seq, {"archive": archive_id})
        if seq is None:
            raise missing("archive", archive_id)
        return seq

    def _place_of(self, passage_id: str) -> tuple[Any, ...] | None:
        at = self.db.execute(sa.select(*_place).where(_row.id == passage_id)).first()
        return None if at is None else tuple(at)

    def _seqs(self, wanted: PassageFilter) -> Sequence[int] | None:
        """The archives to look into; None for all."""
        found = sa.select(archives.c.seq).where(archives.c.deleted_at.is_(None))
        if wanted.agent_id is not None:
            held = sa.select(agent_archives.c.archive_id).where(agent_archives.c.agent_id == wanted.agent_id)
            found = found.where(archives.c.id.in_(held))
        if wanted.archive_ids:
            found = found.where(archives.c.id.in_(wanted.archive_ids))
        if wanted.agent_id is None and not wanted.archive_ids:
            return None
        return self.db.execute(found.order_by(archives.c.seq)).scalars().all()

    def _lists(self, wanted: PassageFilter) -> "Sequence[tuple[sa.Select[Any], tuple[sa.ColumnElement[Any], ...]]]":
        seqs = self._seqs(wanted)
        if seqs is None:
            seqs = self.db.execute(sa.select(archives.c.seq).where(archives.c.deleted_at.is_(None))).scalars().all()
        if not wanted.tags:
            return [(_LIVE.where(_row.archive_seq == seq), _place) for seq in seqs]
        lists: list[tuple[sa.Select[Any], tuple[sa.ColumnElement[Any], ...]]] = []
        for seq in seqs:
            for tag in self._rarest(seq, wanted.tags) if wanted.all_tags else dict.fromkeys(wanted.tags):
                link = passage_tags.alias()
                found = _LIVE.join(link, link.c.passage_seq == _row.seq)
                found = found.where(link.c.archive_seq == seq, link.c.tag == tag, *_has(seq, wanted))
                lists.append((found, (link.c.created_at, link.c.passage_seq)))
        return lists

    def _rarest(self, archive_seq: int, tags: Sequence[str]) -> Sequence[str]:
        """The one of the tags along which the fewest rows are read."""
        link = passage_tags.c
        counts = {
            tag: scalar(
                self.db,
                sa.select(sa.func.count())
                .select_from(passage_tags)
                .where(link.archive_seq == archive_seq, link.tag == tag),
            )
            for tag in tags
        }
        return [min(counts, key=lambda tag: counts[tag])]


@dataclass(frozen=True)
class _Entry:
    """A passage as the tags, the index and the counts know it."""

    seq: int
    archive: int
    passage: Passage

    @property
    def indexed(self) -> Indexed:
        return Indexed(self.seq, self.archive, self.passage.text, self.passage.tags)

    @property
    def tags(self) -> Sequence[dict[str, Any]]:
        at = self.passage.created_at
        return [
            {"archive_seq": self.archive, "tag": tag, "created_at": at, "passage_seq": self.seq}
            for tag in dict.fromkeys(self.passage.tags)
        ]


def _entry(row: Row) -> _Entry:
    return _Entry(row["seq"], row["archive_seq"], mapping.passage_of(row))


def indexed_of(row: Row) -> Indexed:
    """What the index knows of the row of a passage that is not deleted."""
    return Indexed(row["seq"], row["archive_seq"], row["text"], tuple(mapping.from_json(row["tags"])))


def _has(archive_seq: int, wanted: PassageFilter) -> list[sa.ColumnElement[bool]]:
    """That it has each of the tags, where all are wanted."""
    found: list[sa.ColumnElement[bool]] = []
    for tag in dict.fromkeys(wanted.tags) if wanted.all_tags else ():
        link = passage_tags.alias()
        own = sa.select(link.c.tag).where(
            link.c.archive_seq == archive_seq,
            link.c.tag == tag,
            link.c.created_at == _row.created_at,
            link.c.passage_seq == _row.seq,
        )
        found.append(own.exists())
    return found


def _tagged(wanted: PassageFilter, archive_seqs: Sequence[int] | None) -> sa.Select[tuple[int]]:
    """The seqs of passages with the tags, of the right dates."""
    link = passage_tags.c
    found = sa.select(link.passage_seq).where(
        link.tag.in_(dict.fromkeys(wanted.tags)), *_dates(wanted, link.created_at)
    )
    found = found if archive_seqs is None else found.where(link.archive_seq.in_(archive_seqs))
    if wanted.all_tags:
        return found.group_by(link.passage_seq).having(sa.func.count() == len({*wanted.tags}))
    return found if len({*wanted.tags}) == 1 else found.distinct()


def _dates(wanted: PassageFilter, written: sa.ColumnElement[int]) -> list[sa.ColumnElement[bool]]:
    start = [] if wanted.start is None else [written >= wanted.start]
    return start if wanted.end is None else [*start, written <= wanted.end]


def _conditions(wanted: PassageFilter) -> list[sa.ColumnElement[bool]]:
    """On the row of a passage; archives and tags are each caller's own matter."""
    found = _dates(wanted, _row.created_at)
    if wanted.validity != "all":
        is_valid = wanted.validity == "valid"
        found.append(_row.superseded_at.is_(None) if is_valid else _row.superseded_at.is_not(None))
    if wanted.as_of is not None:
        found.append(sa.func.coalesce(_row.valid_from, _row.created_at) <= wanted.as_of)
        found.append(sa.or_(_row.superseded_at.is_(None), _row.superseded_at > wanted.as_of))
    if wanted.actor is not None:
        found += [_row.actor == wanted.actor.kind, _row.actor_name == wanted.actor.name]
    if wanted.search:
        found.append(contains(_row.text, wanted.search))
    if wanted.nearly:
        found.append(_row.nearly.is_not(None))
    return found


def _hash(text: str) -> str:
    """The same for texts that differ in spaces, capitals, and how accents are written."""
    return sha256(" ".join(normalize("NFC", text).casefold().split()).encode()).hexdigest()[:32]
