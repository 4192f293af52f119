"""Changing archival memory and writing its history in one go. Runs inside a transaction, as `Changes` does.

A change of one passage is an event of that passage. Many at once (an import, a choice in the window) are one event of
their archive, whose field `passages` tells by id what became of each: undo takes them apart again.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.archive import (
    FIRST_TIME,
    LAST_TIME,
    MAX_NAME,
    MAX_TAG,
    MAX_TAGS,
    MAX_TEXT,
    Archive,
    ArchiveDraft,
    Passage,
    PassageDraft,
)
from app.domain.base import is_one_line
from app.domain.error import Invalid
from app.domain.event import Changed, ChangedKind
from app.domain.history import MemoryEvent, Op
from app.engine.memory.changes import Changes, Fields, HistoryTarget

ARCHIVE_FIELDS = ("name", "description", "embedding", "metadata")
PASSAGE_FIELDS = (
    *("text", "tags", "valid_from", "superseded_at", "superseded_by", "source", "nearly", "alikeness", "metadata"),
)
"""Fields whose changes belong to the history (how often a passage was found does not)."""
KEPT_FIELDS = ("text", "tags", "valid_from", "superseded_at", "superseded_by", "source")
"""What is told of each passage where many are deleted at once."""
LABEL = 60
"""Characters of a passage that stand for it in the history."""


@dataclass(frozen=True)
class ArchiveChanges:
    """Changes of archives and passages, within those of one transaction."""

    changes: Changes

    def add(self, draft: ArchiveDraft, made_for: str | None = None) -> Archive:
        """Creates an archive, attached to nobody yet. Raises `Invalid`."""
        now = self.changes.now
        archive = Archive(
            id=self.changes.ids.new("archive"),
            name=_checked_name(draft.name),
            made_for=made_for,
            created_at=now,
            updated_at=now,
            **draft.model_dump(exclude={"name"}),
        )
        self.changes.repos.archives.add(archive)
        self._note_archive(archive, "create", None, _fields(archive, ARCHIVE_FIELDS), made_for)
        return archive

    def save(self, before: Archive, after: Archive, undoes: int | None = None) -> Archive:
        """Stores a changed archive; returns it as stored (nothing happens when nothing differs). Raises `Invalid`."""
        after = after.model_copy(update={"name": _checked_name(after.name)})
        old, new = _differing(before, after, ARCHIVE_FIELDS)
        if not new:
            return before
        stored = after.model_copy(update={"version": before.version + 1, "updated_at": self.changes.now})
        self.changes.repos.archives.save(stored)
        self._note_archive(stored, "update", old, new, undoes=undoes)
        return stored

    def delete(self, archive: Archive, undoes: int | None = None) -> None:
        """Deletes an archive with its passages, for all agents that have it."""
        self._note_archive(archive, "delete", _fields(archive, ARCHIVE_FIELDS), None, undoes=undoes)
        self.changes.repos.archives.delete(archive.id, self.changes.now)

    def undelete(self, event: MemoryEvent) -> None:
        """Undoes a deletion: archive and passages are there again, for the same agents."""
        self.changes.repos.archives.undelete(event.target_id)
        archive = self.changes.repos.archives.get(event.target_id)
        self._note_archive(archive, "restore", None, _fields(archive, ARCHIVE_FIELDS), undoes=event.seq)

    def attach(self, agent_id: str, archive: Archive, position: int | None = None, undoes: int | None = None) -> None:
        """Attaches an archive, after the others if not told where."""
        last = len(self.changes.repos.archives.of_agent(agent_id))
        at = last if position is None else min(position, last)
        self.changes.repos.archives.attach(agent_id, archive.id, at)
        self._note_archive(archive, "attach", None, {"position": at}, agent_id, undoes)

    def detach(self, agent_id: str, archive: Archive, undoes: int | None = None) -> None:
        """Detaches an archive that the agent has; archive and passages stay."""
        at = self.attached_at(agent_id, archive.id)
        self._note_archive(archive, "detach", {"position": at}, None, agent_id, undoes)
        self.changes.repos.archives.detach(agent_id, archive.id)

    def attached_at(self, agent_id: str, archive_id: str) -> int | None:
        """Which place an archive has among those of an agent; None where it has it not."""
        mine = [one.id for one in self.changes.repos.archives.of_agent(agent_id)]
        return mine.index(archive_id) if archive_id in mine else None

    def default_of(self, agent_id: str) -> Archive:
        """The archive that an agent writes to; made when first needed."""
        mine = self.changes.repos.archives.of_agent(agent_id)
        if mine:
            return mine[0]
        agent = self.changes.repos.agents.get(agent_id)
        draft = ArchiveDraft(name=f"{agent.name[: MAX_NAME - 10]}’s archive", embedding=agent.extras.embedding)
        made = self.add(draft, agent_id)
        self.attach(agent_id, made)
        return made

    def add_passage(self, archive: Archive, draft: PassageDraft, nearly: tuple[str, float] | None = None) -> Passage:
        """Stores a passage. `nearly`: the one that says nearly the same, and how alike both are. Raises `Invalid`."""
        passage = self._made(archive, draft)
        if nearly is not None:
            passage = passage.model_copy(update={"nearly": nearly[0], "alikeness": nearly[1]})
        self.changes.repos.passages.add(passage)
        self._note_passage(passage, "create", None, _fields(passage, PASSAGE_FIELDS))
        return passage

    def add_passages(self, archive: Archive, drafts: Iterable[PassageDraft]) -> tuple[Passage, ...]:
        """Stores many, as one change of the archive. Raises `Invalid`, then none is stored."""
        made = tuple(self._made(archive, draft) for draft in drafts)
        if made:
            self.changes.repos.passages.add(*made)
            # Undone, they are only marked as deleted, so the history needs no second copy of their texts.
            self._note_many(archive, {}, {one.id: {} for one in made})
        return made

    def add_copies(self, archive: Archive, passages: Iterable[Passage]) -> tuple[Passage, ...]:
        """Stores copies of another archive's passages, as one change: who wrote them, when, and what replaced what
        stay; messages and runs of another agent do not.
        """
        chosen = tuple(passages)
        ids = {one.id: self.changes.ids.new("passage") for one in chosen}
        own = {"archive_id": archive.id, "message_id": None, "run_id": None, "found_count": 0, "last_found_at": None}
        made = tuple(
            one.model_copy(
                update={
                    **own,
                    "id": ids[one.id],
                    "version": 1,
                    "superseded_by": ids.get(one.superseded_by or ""),
                    "nearly": ids.get(one.nearly or ""),
                }
            )
            for one in chosen
        )
        if made:
            self.changes.repos.passages.add(*made)
            self._note_many(archive, {}, {one.id: {} for one in made})
        return made

    def save_passage(self, before: Passage, after: Passage, undoes: int | None = None) -> Passage:
        """Stores a changed passage; returns it as stored (nothing happens when nothing differs). Raises `Invalid`."""
        after = _checked(after)
        old, new = _differing(before, after, PASSAGE_FIELDS)
        if not new:
            return before
        stored = self._next(before, after)
        self.changes.repos.passages.save(stored)
        self._note_passage(stored, "update", old, new, undoes)
        return stored

    def delete_passage(self, passage: Passage, undoes: int | None = None) -> None:
        self._note_passage(passage, "delete", _fields(passage, PASSAGE_FIELDS), None, undoes)
        self.changes.repos.passages.delete((passage.id,), self.changes.now)

    def undelete_passage(self, event: MemoryEvent) -> None:
        """Undoes a deletion."""
        self.changes.repos.passages.undelete((event.target_id,))
        passage = self.changes.repos.passages.get(event.target_id)
        self._note_passage(passage, "restore", None, _fields(passage, PASSAGE_FIELDS), event.seq)

    def change_many(
        self, archive: Archive, wanted: Mapping[str, Fields | None], undoes: int | None = None
    ) -> tuple[Passage, ...]:
        """Changes passages of one archive as one change of it: the fields that each gets; None: it is deleted.

        One that is deleted comes back with its fields. Returns those that are there afterwards.
        """
        repos = self.changes.repos
        living = {one.id: one for one in repos.passages.many(tuple(wanted))}
        gone = [each for each, fields in wanted.items() if fields is None and each in living]
        back = [each for each, fields in wanted.items() if fields is not None and each not in living]
        old: Fields = {each: _fields(living[each], KEPT_FIELDS) for each in gone}
        new: Fields = {each: wanted[each] for each in back}
        repos.passages.delete(gone, self.changes.now)
        repos.passages.undelete(back)
        saved: list[Passage] = []
        for before in repos.passages.many([each for each, fields in wanted.items() if fields is not None]):
            given = before.model_dump() | {**(wanted[before.id] or {})}
            after = _checked(Passage.model_validate(given))
            was, became = _differing(before, after, PASSAGE_FIELDS)
            if became:
                saved.append(self._next(before, after))
                if before.id not in new:
                    old[before.id], new[before.id] = was, became
        repos.passages.save(*saved)
        if old or new:
            self._note_many(archive, old, new, undoes)
        return repos.passages.many(tuple(wanted))

    def _made(self, archive: Archive, draft: PassageDraft) -> Passage:
        now, origin = self.changes.now, self.changes.origin
        given = draft.model_dump(exclude={"created_at"})
        passage = Passage(
            id=self.changes.ids.new("passage"),
            archive_id=archive.id,
            created_at=now if draft.created_at is None else draft.created_at,
            updated_at=now,
            actor=origin.actor,
            message_id=origin.message_id,
            run_id=origin.run_id,
            **given,
        )
        return _checked(passage)

    def _next(self, before: Passage, after: Passage) -> Passage:
        return after.model_copy(update={"version": before.version + 1, "updated_at": self.changes.now})

    def _note_archive(
        self,
        archive: Archive,
        op: Op,
        old: Fields | None,
        new: Fields | None,
        agent_id: str | None = None,
        undoes: int | None = None,
    ) -> None:
        agents = self._concerned(archive.id, agent_id)
        self.changes.note(_as_target(archive), op, old, new, agents, undoes)
        self._tell("archive", (archive.id,), agents)

    def _note_many(self, archive: Archive, old: Fields, new: Fields, undoes: int | None = None) -> None:
        agents = self._concerned(archive.id, None)
        self.changes.note(_as_target(archive), "update", {"passages": old}, {"passages": new}, agents, undoes)
        self._tell("passage", tuple({**old, **new}), agents)

    def _note_passage(
        self, passage: Passage, op: Op, old: Fields | None, new: Fields | None, undoes: int | None = None
    ) -> None:
        agents = self._concerned(passage.archive_id, None)
        target = HistoryTarget("passage", passage.id, label_of(passage.text), passage.version)
        self.changes.note(target, op, old, new, agents, undoes)
        self._tell("passage", (passage.id,), agents)

    def _concerned(self, archive_id: str, agent_id: str | None) -> tuple[str, ...]:
        """Whose memory it is; who acts comes first."""
        holders = self.changes.repos.archives.holding(archive_id)
        return tuple(dict.fromkeys((*(() if agent_id is None else (agent_id,)), *holders)))

    def _tell(self, kind: ChangedKind, ids: tuple[str, ...], agent_ids: tuple[str, ...]) -> None:
        for agent_id in agent_ids or (None,):
            self.changes.repos.changed(
                Changed(kind=kind, ids=ids, agent_id=agent_id, client=self.changes.origin.client)
            )


def _as_target(archive: Archive) -> HistoryTarget:
    return HistoryTarget("archive", archive.id, archive.name, archive.version)


def label_of(text: str) -> str:
    """The beginning of a passage, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= LABEL else f"{line[: LABEL - 1]}…"


def checked_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags as they are stored: each once, accents written in one way, without the spaces around. Raises `Invalid`."""
    tidy = tuple(dict.fromkeys(unicodedata.normalize("NFC", tag.strip()) for tag in tags if tag.strip()))
    if len(tidy) > MAX_TAGS or any(len(tag) > MAX_TAG or not is_one_line(tag) for tag in tidy):
        raise Invalid(
            f"A passage can have {MAX_TAGS} tags at most, each on one line and no longer than {MAX_TAG} characters.",
            hint="Use few, short tags.",
        )
    return tidy


def checked_draft(draft: PassageDraft) -> PassageDraft:
    """A draft as it is stored. Raises `Invalid`."""
    text = draft.text.strip()
    if not text:
        raise Invalid("A passage needs a text.", hint="Write what is to be remembered, in a sentence or two.")
    if len(text) > MAX_TEXT:
        raise Invalid(
            f"This passage has {len(text):,} characters; {MAX_TEXT:,} are the most.",
            code="passage_too_long",
            hint="Store it in several passages, each about one thing: they are found more exactly too.",
        )
    since, until = draft.valid_from, draft.superseded_at
    if any(at is not None and not FIRST_TIME <= at < LAST_TIME for at in (draft.created_at, since, until)):
        raise Invalid("A passage has a date that no calendar has.", hint="Write dates of the years 1 to 9999.")
    if since is not None and until is not None and until < since:
        raise Invalid("A passage cannot end being true before it begins.", hint="Check both dates.")
    return draft.model_copy(update={"text": text, "tags": checked_tags(draft.tags)})


def _checked(passage: Passage) -> Passage:
    names = ("text", "tags", "created_at", "valid_from", "superseded_at")
    draft = checked_draft(PassageDraft(**{name: getattr(passage, name) for name in names}))
    return passage.model_copy(update={name: getattr(draft, name) for name in names})


def _checked_name(name: str) -> str:
    tidy = unicodedata.normalize("NFC", name.strip())
    if len(tidy) > MAX_NAME or not is_one_line(tidy):
        raise Invalid(
            f"An archive needs a name of 1 to {MAX_NAME} characters, on one line.", hint="For example: Family"
        )
    return tidy


def _fields(row: Archive | Passage, names: tuple[str, ...]) -> Fields:
    return row.model_dump(mode="json", include=set(names))


def fields_of(passage: Passage) -> Fields:
    """What the history knows of a passage, as JSON values."""
    return _fields(passage, PASSAGE_FIELDS)


def _differing(before: Any, after: Any, names: tuple[str, ...]) -> tuple[Fields, Fields]:
    old, new = _fields(before, names), _fields(after, names)
    changed = [name for name in names if old[name] != new[name]]
    return {name: old[name] for name in changed}, {name: new[name] for name in changed}
