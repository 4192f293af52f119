"""Undo: one algebra for everything that the history knows.

An undo makes the target what it was before an event, merged with what came later, and is written to the history like
any other change: so the undo of an undo is a redo, and any event can be undone at any time. What a target is and how
it changes is known by one small class; a new kind of target is one class and one row of `TARGETS`.
"""

from typing import Any, Protocol, cast

from app.domain.agent import Agent
from app.domain.archive import Archive, Passage
from app.domain.block import Block
from app.domain.error import Conflict, Invalid, NotFound
from app.domain.history import MemoryEvent, TargetKind
from app.domain.merge import merge
from app.engine.memory.archive_changes import ArchiveChanges, fields_of
from app.engine.memory.changes import Changes, Fields, summary_in


class Target(Protocol):
    """How one kind of target is read and changed; `event` names the target."""

    def now(self, changes: Changes, event: MemoryEvent) -> Fields | None:
        """Its fields as they are, as JSON values; None where it does not exist. Raises `NotFound` for what it needs."""
        ...

    def become(self, changes: Changes, event: MemoryEvent, fields: Fields | None) -> None:
        """Gives it these fields as the undo of the event; None: it exists no longer. Raises what `Changes` raises."""
        ...


def undo_event(changes: Changes, event: MemoryEvent) -> bool:
    """Undoes an event and says whether that changed anything (it may have been reverted by hand).

    What came later in other fields, entries and lines is kept. Raises `Conflict` (`already_undone`, or `changed_since`
    where a later change touched the same lines), `NotFound` for a target that was deleted, and what `Changes` raises.
    An exception must leave the transaction: several writes may belong to one undo.
    """
    if event.undone_by is not None:
        raise Conflict("This change has already been undone.", code="already_undone", details={"seq": event.undone_by})
    target = TARGETS.get(event.target_kind)
    if target is None:
        raise Invalid(f"A change to “{event.label}” cannot be undone.")
    now = target.now(changes, event)
    if event.before is None or event.after is None:
        if (now is None) == (event.before is None):
            return False
        target.become(changes, event, event.before)
        return True
    if now is None:
        raise NotFound(f"“{event.label}” was deleted.", hint="Restore it first: undo its deletion.")
    then = {name: inverse(event, now[name], value, event.after[name]) for name, value in event.before.items()}
    if all(now[name] == value for name, value in then.items()):
        return False
    target.become(changes, event, {**now, **then})
    return True


def inverse(event: MemoryEvent, now: Any, before: Any, after: Any) -> Any:
    """What `now` is without the change from `before` to `after`: texts by lines, objects by keys, lists by entries."""
    if now == after:
        return before
    match before, after, now:
        case str(), str(), str():
            merged = merge(after, now, before)
            if merged is not None:
                return merged
        case dict(), dict(), dict():
            return _inverse_object(event, *cast("tuple[Fields, Fields, Fields]", (now, before, after)))
        case list(), list(), list():
            lists = cast("tuple[list[Any], list[Any], list[Any]]", (now, before, after))
            entries = _inverse_list(*lists)
            if entries is not None:
                return entries
        case _:
            pass
    raise Conflict(
        f"“{event.label}” has been changed again in the same place since, so this change cannot be undone on its own.",
        code="changed_since",
        hint="Undo the later change first, or edit it by hand.",
    )


_MISSING = object()
"""What a key is worth that an object does not have."""


def _inverse_object(event: MemoryEvent, now: Fields, before: Fields, after: Fields) -> Fields:
    result = dict(now)
    for key in {**before, **after}:
        old, new = before.get(key, _MISSING), after.get(key, _MISSING)
        if old == new:
            continue
        value = inverse(event, now.get(key, _MISSING), old, new)
        if value is _MISSING:
            result.pop(key, None)
        else:
            result[key] = value
    return result


def _inverse_list(now: list[Any], before: list[Any], after: list[Any]) -> list[Any] | None:
    """Without the entries that were added, and with those that were removed; None where only the order was changed."""
    added = [entry for entry in after if entry not in before]
    removed = [entry for entry in before if entry not in after]
    if not added and not removed:
        return None
    result = [entry for entry in now if entry not in added]
    for entry in removed:
        if entry not in result:
            result.insert(before.index(entry), entry)
    return result


class _Block:
    """The fields of a block; its creation and its deletion."""

    def now(self, changes: Changes, event: MemoryEvent) -> Fields | None:
        block = changes.repos.blocks.find(event.target_id)
        return None if block is None else block.model_dump(mode="json")

    def become(self, changes: Changes, event: MemoryEvent, fields: Fields | None) -> None:
        block = changes.repos.blocks.find(event.target_id)
        if block is None:
            changes.undelete_block(event)
        elif fields is None:
            changes.delete_block(block, event.agent_id, event.seq)
        else:
            changes.save_block(block, Block.model_validate(fields), event.agent_id, event.seq, may_overflow=True)


class _Attachment:
    """A block of an agent: attached at a position, or not."""

    def now(self, changes: Changes, event: MemoryEvent) -> Fields | None:
        agent, block = self._pair(changes, event)
        return {"position": agent.block_ids.index(block.id)} if block.id in agent.block_ids else None

    def become(self, changes: Changes, event: MemoryEvent, fields: Fields | None) -> None:
        agent, block = self._pair(changes, event)
        if fields is None:
            changes.detach(agent, block, event.seq)
        else:
            changes.attach(agent, block, event.seq, fields.get("position"))

    def _pair(self, changes: Changes, event: MemoryEvent) -> tuple[Agent, Block]:
        assert event.agent_id is not None
        return changes.repos.agents.get(event.agent_id), changes.repos.blocks.get(event.target_id)


class _AgentSettings:
    """System prompt, model, tools and other settings of an agent."""

    def now(self, changes: Changes, event: MemoryEvent) -> Fields | None:
        return changes.repos.agents.get(event.target_id).model_dump(mode="json")

    def become(self, changes: Changes, event: MemoryEvent, fields: Fields | None) -> None:
        if fields is None:
            raise Invalid("The creation of an agent cannot be undone here.", hint="Delete the agent instead.")
        agent = changes.repos.agents.get(event.target_id)
        changes.save_agent(agent, Agent.model_validate(fields), event.seq)


class _Summary:
    """The summary in a conversation's window, and which messages it stands for."""

    def now(self, changes: Changes, event: MemoryEvent) -> Fields | None:
        changes.repos.conversations.get(event.target_id)
        shown = summary_in(changes.repos, event.target_id)
        known = {one["message_id"]: one for one in (event.before, event.after) if one is not None}
        if shown is not None and shown.id not in known:
            raise Conflict(
                "The conversation has been summed up again since, so this summary cannot be undone on its own.",
                code="changed_since",
                hint="Undo the later summary first.",
            )
        return None if shown is None else known[shown.id]

    def become(self, changes: Changes, event: MemoryEvent, fields: Fields | None) -> None:
        conversation = changes.repos.conversations.get(event.target_id)
        made = next(one for one in (event.after, event.before) if one is not None and "left_at" in one)
        if fields is not None and fields["message_id"] == made["message_id"]:
            changes.recompact(conversation, event, made)
        else:
            changes.uncompact(conversation, event, made)


class _Passage:
    """The fields of a passage; its creation and its deletion."""

    def now(self, changes: Changes, event: MemoryEvent) -> Fields | None:
        passage = changes.repos.passages.find(event.target_id)
        return None if passage is None else fields_of(passage)

    def become(self, changes: Changes, event: MemoryEvent, fields: Fields | None) -> None:
        archives, passage = ArchiveChanges(changes), changes.repos.passages.find(event.target_id)
        if passage is None:
            archives.undelete_passage(event)
        elif fields is None:
            archives.delete_passage(passage, event.seq)
        else:
            after = Passage.model_validate({**passage.model_dump(mode="json"), **fields})
            archives.save_passage(passage, after, event.seq)


class _Archive:
    """An archive: its fields, whether an agent has it, and many of its passages at once."""

    def now(self, changes: Changes, event: MemoryEvent) -> Fields | None:
        archive = changes.repos.archives.find(event.target_id)
        if archive is None:
            return None
        if event.op in ("attach", "detach"):
            assert event.agent_id is not None
            at = ArchiveChanges(changes).attached_at(event.agent_id, archive.id)
            return None if at is None else {"position": at}
        return archive.model_dump(mode="json") | {"passages": self._passages(changes, event)}

    def become(self, changes: Changes, event: MemoryEvent, fields: Fields | None) -> None:
        archives, archive = ArchiveChanges(changes), changes.repos.archives.find(event.target_id)
        if archive is None:
            archives.undelete(event)
        elif event.op in ("attach", "detach"):
            assert event.agent_id is not None
            if fields is None:
                archives.detach(event.agent_id, archive, event.seq)
            else:
                archives.attach(event.agent_id, archive, fields.get("position"), event.seq)
        elif fields is None:
            archives.delete(archive, event.seq)
        elif "passages" in (event.after or {}):
            wanted: Fields = fields["passages"]
            archives.change_many(archive, {each: wanted.get(each) for each in _changed_in(event)}, event.seq)
        else:
            after = Archive.model_validate({**fields, "passages": archive.passages})
            archives.save(archive, after, event.seq)

    def _passages(self, changes: Changes, event: MemoryEvent) -> Fields:
        """Those that the event changed and that are there, each with the fields that it names."""
        named = _changed_in(event)
        there = changes.repos.passages.many(tuple(named))
        return {one.id: {name: value for name, value in fields_of(one).items() if name in named[one.id]}
                for one in there}  # fmt: skip


def _changed_in(event: MemoryEvent) -> dict[str, set[str]]:
    """The passages that an event of an archive changed, each with the names of its fields that it tells."""
    named: dict[str, set[str]] = {}
    for side in (event.before, event.after):
        told: dict[str, Fields] = (side or {}).get("passages", {})
        for each, fields in told.items():
            named.setdefault(each, set()).update(fields)
    return named


TARGETS: dict[TargetKind, Target] = {
    "block": _Block(),
    "attachment": _Attachment(),
    "agent": _AgentSettings(),
    "summary": _Summary(),
    "passage": _Passage(),
    "archive": _Archive(),
}
