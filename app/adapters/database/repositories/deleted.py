"""Forgetting for good what was deleted long ago: conversations, then their runs, passages, agents, blocks; by portions.

What somebody still sees stays: a run and its messages while a fork shows one of them, a change of memory while what it
changed exists or an agent remembers it, a block or an archive that another agent has or that was made for no agent.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import mapping
from app.adapters.database.known_rows import NOTHING_KNOWN, NothingKnown
from app.adapters.database.passage_search import PassageIndex
from app.adapters.database.prepared import Row
from app.adapters.database.repositories.last_words import renew_last_words
from app.adapters.database.repositories.passages import indexed_of
from app.adapters.database.repositories.traces import hashes_of
from app.adapters.database.repositories.vectors import drop_vectors
from app.adapters.database.rows import all_rows
from app.adapters.database.search import MessageIndex
from app.adapters.database.tables import (
    agent_archives,
    agent_blocks,
    agent_tools,
    agents,
    archives,
    blobs,
    blocks,
    conversation_messages,
    conversations,
    identities,
    memory_event_agents,
    memory_events,
    memory_inbox,
    messages,
    passage_tags,
    passages,
    proposals,
    request_parts,
    run_events,
    run_requests,
    runs,
    step_feedback,
    steps,
)
from app.domain.base import Micros
from app.domain.message import ImagePart
from app.ports.storage import Forgotten

PORTION = 200
"""Messages of one transaction: others want to write too."""
RUNS = 20
_member = conversation_messages.c
_REMEMBERED = (blocks, archives, passages)
_part = request_parts.delete().where(request_parts.c.hash == sa.bindparam("part"))
_place = conversation_messages.delete().where(
    _member.conversation_seq == sa.bindparam("conversation"), _member.position == sa.bindparam("at")
)


@dataclass(frozen=True)
class SqlDeleted:
    db: Connection
    search: MessageIndex
    passages: PassageIndex
    known: NothingKnown = NOTHING_KNOWN

    def secrets(self, before: Micros) -> dict[str, tuple[str, ...]]:
        rows = all_rows(self.db, sa.select(agents.c.id, agents.c.extras).where(agents.c.deleted_at < before))
        return {row["id"]: tuple(mapping.from_json(row["extras"]).get("secret_names", ())) for row in rows}

    def forget(self, before: Micros) -> Forgotten:
        self.known.forget_all()
        agent_ids = self.db.execute(sa.select(agents.c.id).where(agents.c.deleted_at < before)).scalars().all()
        late = sa.or_(conversations.c.deleted_at < before, conversations.c.agent_id.in_(agent_ids))
        return (
            self._some_members(sa.select(conversations.c.seq).where(late))
            or self._some_runs(sa.select(conversations.c.id).where(late))
            or (self._some_messages(messages.c.agent_id.in_(agent_ids)) if agent_ids else None)
            or self._some_passages(self._late_archives(agent_ids, before), before)
            or self._rest(late, agent_ids, before)
        )

    def sweep(self, forgotten: Forgotten) -> None:
        parts = set(forgotten.parts)
        if parts:
            requests = self.db.execute(sa.select(steps.c.request)).yield_per(500).scalars()
            parts.difference_update(hashes_of(self.db, requests))
            if parts:
                self.db.execute(_part, [{"part": part} for part in parts])
        for sha256 in forgotten.blobs:
            shown = sa.select(messages.c.seq).where(messages.c.parts.contains(sha256, autoescape=True)).limit(1)
            if self.db.execute(shown).first() is None:
                self.db.execute(blobs.delete().where(blobs.c.sha256 == sha256))

    def _some_members(self, late: sa.Select[tuple[int]]) -> Forgotten | None:
        """Takes messages out of conversations; those outside of any run go with that."""
        found = sa.select(_member.conversation_seq, _member.position, _member.message_seq)
        places = all_rows(self.db, found.where(_member.conversation_seq.in_(late)).limit(PORTION))
        if not places:
            return None
        self.db.execute(_place, [{"conversation": each["conversation_seq"], "at": each["position"]} for each in places])
        seqs = {place["message_seq"] for place in places}
        of_run = sa.select(runs.c.seq).where(runs.c.id == messages.c.run_id).exists()
        return self._some_messages(messages.c.seq.in_(seqs), ~of_run, ~_is_shown()) or Forgotten(more=True)

    def _some_runs(self, late: sa.Select[tuple[str]]) -> Forgotten | None:
        seen = sa.select(messages.c.seq).where(messages.c.run_id == runs.c.id, _is_shown()).exists()
        unseen = (
            sa.select(runs.c.seq, runs.c.id, runs.c.agent_id).where(runs.c.conversation_id.in_(late), ~seen).limit(RUNS)
        )
        rows = self.db.execute(unseen).all()
        if not rows:
            return None
        run_ids = [row.id for row in rows]
        of_runs = sa.select(steps.c.id, steps.c.request).where(steps.c.run_id.in_(run_ids))
        requests = {row.id: row.request for row in self.db.execute(of_runs)}
        self.db.execute(run_events.delete().where(run_events.c.run_seq.in_([row.seq for row in rows])))
        self.db.execute(run_requests.delete().where(run_requests.c.run_id.in_(run_ids)))
        self.db.execute(step_feedback.delete().where(step_feedback.c.step_id.in_(list(requests))))
        self.db.execute(steps.delete().where(steps.c.run_id.in_(run_ids)))
        self.db.execute(runs.delete().where(runs.c.id.in_(run_ids)))
        self._note_last_runs({row.agent_id for row in rows})
        parts = frozenset(hashes_of(self.db, requests.values()))
        said = all_rows(self.db, sa.select(messages).where(messages.c.run_id.in_(run_ids)))
        return Forgotten(more=True, parts=parts, blobs=self._drop_messages(said))

    def _note_last_runs(self, agent_ids: Collection[str]) -> None:
        """What lists of agents are sorted by goes back to the last run that is left."""
        mine = sa.select(runs).where(runs.c.agent_id == agents.c.id, runs.c.completed_at.is_not(None))
        last = mine.order_by(runs.c.seq.desc()).limit(1)
        at, reason = (last.with_only_columns(c).scalar_subquery() for c in (runs.c.completed_at, runs.c.stop_reason))
        values = {"last_run_at": sa.func.coalesce(at, 0), "last_stop_reason": reason}
        self.db.execute(agents.update().where(agents.c.id.in_(agent_ids)).values(values))

    def _some_messages(self, *wanted: sa.ColumnElement[bool]) -> Forgotten | None:
        rows = all_rows(self.db, sa.select(messages).where(*wanted).limit(PORTION))
        return Forgotten(more=True, blobs=self._drop_messages(rows)) if rows else None

    def _drop_messages(self, rows: Sequence[Row]) -> frozenset[str]:
        """Returns the images and files they showed."""
        images: set[str] = set()
        for row in rows:
            message = mapping.message_of(row)
            self.search.remove(row["seq"], message)
            images.update(part.sha256 for part in message.parts if isinstance(part, ImagePart))
            images.update(file.sha256 for part in message.tool_returns for file in part.files)
        seqs = [row["seq"] for row in rows]
        drop_vectors(self.db, ("message", "neighbours"), seqs)
        self.db.execute(messages.delete().where(messages.c.seq.in_(seqs)))
        renew_last_words(self.db, agents.c.last_message_seq.in_(seqs))
        return frozenset(images)

    def _late_archives(self, agent_ids: Collection[str], before: Micros) -> Sequence[int]:
        """Those deleted long ago, and those that were made for these agents and that nobody else has."""
        link = agent_archives.alias()
        shared = sa.select(link.c.agent_id).where(link.c.archive_id == archives.c.id, link.c.agent_id.not_in(agent_ids))
        own = sa.and_(archives.c.made_for.in_(agent_ids), ~shared.exists())
        found = sa.select(archives.c.seq).where(sa.or_(archives.c.deleted_at < before, own))
        return self.db.execute(found).scalars().all()

    def _some_passages(self, archive_seqs: Sequence[int], before: Micros) -> Forgotten | None:
        row = passages.c
        for late in (row.archive_seq.in_(archive_seqs), row.deleted_at < before):
            rows = all_rows(self.db, sa.select(passages).where(late).limit(PORTION))
            if rows:
                # What was deleted by itself has left the index and the tags already.
                self.passages.remove([indexed_of(one) for one in rows if one["deleted_at"] is None])
                seqs, ids = [one["seq"] for one in rows], [one["id"] for one in rows]
                drop_vectors(self.db, ("passage",), seqs)
                self.db.execute(passage_tags.delete().where(passage_tags.c.passage_seq.in_(seqs)))
                self.db.execute(passages.delete().where(row.seq.in_(seqs)))
                self._drop_changes_of(ids)
                return Forgotten(more=True)
        return None

    def _drop_archives(self, archive_seqs: Sequence[int], agent_ids: Collection[str]) -> None:
        ids = self.db.execute(sa.select(archives.c.id).where(archives.c.seq.in_(archive_seqs))).scalars().all()
        link = agent_archives.c
        self.db.execute(agent_archives.delete().where(sa.or_(link.agent_id.in_(agent_ids), link.archive_id.in_(ids))))
        self.db.execute(archives.delete().where(archives.c.seq.in_(archive_seqs)))
        self._drop_changes_of(ids)

    def _drop_changes_of(self, target_ids: Sequence[str]) -> None:
        of_them = sa.select(memory_events.c.seq).where(memory_events.c.target_id.in_(target_ids))
        self._drop_changes(self.db.execute(of_them).scalars().all())

    def _rest(self, late: sa.ColumnElement[bool], agent_ids: Collection[str], before: Micros) -> Forgotten:
        """What nothing refers to any more, by now."""
        used = sa.select(runs.c.seq).where(runs.c.conversation_id == conversations.c.id).exists()
        self.db.execute(
            proposals.delete().where(proposals.c.conversation_id.in_(sa.select(conversations.c.id).where(late)))
        )
        self.db.execute(conversations.delete().where(late, ~used))
        late_blocks = self.db.execute(sa.select(blocks.c.id).where(blocks.c.deleted_at < before)).scalars()
        block_ids = {*late_blocks, *self._own_blocks(agent_ids)}
        link = memory_event_agents.c
        changes = set(self.db.execute(sa.select(link.event_seq).where(link.agent_id.in_(agent_ids))).scalars())
        of_blocks = sa.select(memory_events.c.seq).where(memory_events.c.target_id.in_(block_ids))
        changes.update(self.db.execute(of_blocks).scalars())
        held = sa.or_(agent_blocks.c.agent_id.in_(agent_ids), agent_blocks.c.block_id.in_(block_ids))
        self.db.execute(memory_event_agents.delete().where(link.agent_id.in_(agent_ids)))
        self.db.execute(agent_tools.delete().where(agent_tools.c.agent_id.in_(agent_ids)))
        self.db.execute(agent_blocks.delete().where(held))
        self.db.execute(blocks.delete().where(blocks.c.id.in_(block_ids)))
        self._drop_archives(self._late_archives(agent_ids, before), agent_ids)
        self.db.execute(memory_inbox.delete().where(memory_inbox.c.agent_id.in_(agent_ids)))
        self._drop_changes(changes)
        self.db.execute(identities.delete().where(identities.c.deleted_at < before))
        self.db.execute(agents.delete().where(agents.c.id.in_(agent_ids)))
        return Forgotten(more=False)

    def _own_blocks(self, agent_ids: Collection[str]) -> set[str]:
        """Blocks that were made for these agents and that nobody else has."""
        event, link = memory_events.c, agent_blocks.c
        others = sa.select(link.block_id).where(link.agent_id.not_in(agent_ids))
        held = sa.select(link.block_id).where(link.agent_id.in_(agent_ids), link.block_id.not_in(others))
        made = sa.select(event.target_id).where(
            event.target_id.in_(held), event.op == "create", event.agent_id.in_(agent_ids)
        )
        known = self.db.execute(sa.select(identities.c.block_ids).where(identities.c.deleted_at.is_(None))).scalars()
        of_identities = {block_id for listed in known for block_id in mapping.from_json(listed)}
        return set(self.db.execute(made).scalars()) - of_identities

    def _drop_changes(self, seqs: Collection[int]) -> None:
        """Those that nobody's history shows any more."""
        event, link = memory_events.c, memory_event_agents.c
        remembered = sa.select(link.agent_id).where(link.event_seq == event.seq).exists()
        exist = [sa.select(table.c.seq).where(table.c.id == event.target_id).exists() for table in _REMEMBERED]
        nobody = sa.and_(*(~one for one in (remembered, *exist)))
        unknown = (event.seq == sa.bindparam("change"), nobody)
        waiting = memory_inbox.delete().where(memory_inbox.c.event_seq.in_(sa.select(event.seq).where(*unknown)))
        if seqs:
            self._give_back_texts(seqs, remembered)
            for forgotten in (waiting, memory_events.delete().where(*unknown)):
                self.db.execute(forgotten, [{"change": seq} for seq in seqs])

    def _give_back_texts(self, seqs: Collection[int], remembered: sa.Exists) -> None:
        """Changes that stay get back what they only name of these."""
        event, gone = memory_events.c, memory_events.alias("gone").c
        same = sa.and_(event.target_id == gone.target_id, event.value_from == gone.seq)
        naming = sa.select(event.seq, event.before, gone.after).where(
            gone.seq == sa.bindparam("change"), same, remembered
        )
        whole = memory_events.update().where(event.seq == sa.bindparam("change"))
        for seq in seqs:
            for row in all_rows(self.db, naming, {"change": seq}):
                value = mapping.from_json(row["after"])["value"]
                before = mapping.to_json({**mapping.from_json(row["before"]), "value": value})
                self.db.execute(whole.values(before=before, value_from=None), {"change": row["seq"]})


def _is_shown() -> sa.ColumnElement[bool]:
    return sa.select(_member.position).where(_member.message_seq == messages.c.seq).exists()
