"""Changing memory and writing its history in one go; the only place that does either. Runs inside a transaction.

Labels, limits and settings are checked here, so that no way of changing them (edit, undo, restore, attach) gets around
it: the prompt can show a label, an agent has each only once, and every run can work with an agent's settings.
"""

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from app.domain.agent import Agent, check_agent
from app.domain.base import Micros, hides_something, is_one_line, look_of
from app.domain.block import Block, BlockDraft
from app.domain.compaction import Summary
from app.domain.conversation import Conversation
from app.domain.error import Conflict, Invalid
from app.domain.event import Changed
from app.domain.history import MemoryEvent, Op, Origin, TargetKind
from app.domain.message import Message
from app.engine.memory.block_edits import BlockEdit
from app.ports.storage import Repositories
from app.ports.system import IdFactory

BLOCK_FIELDS = ("label", "value", "limit", "description", "read_only", "tags", "hidden", "metadata")
AGENT_FIELDS = (
    "name",
    "description",
    "tags",
    "system",
    "model",
    "context_window",
    "settings",
    "max_steps",
    "tool_names",
    "message_buffer_autoclear",
    "hidden",
    "metadata",
    "extras",
)
"""Fields whose changes belong to the history (`pinned` is a matter of the window)."""
MAX_LABEL = 100
"""Characters. A label is read by the model with each request, and is an argument of every memory tool."""

Fields = dict[str, Any]


@dataclass(frozen=True)
class Changes:
    """Writes changes of one transaction, all by the same origin."""

    repos: Repositories
    ids: IdFactory
    now: Micros
    origin: Origin

    def save_block(
        self,
        before: Block,
        after: Block,
        agent_id: str | None = None,
        undoes: int | None = None,
        may_overflow: bool = False,
    ) -> Block:
        """Stores a changed block with its event; returns it as stored (nothing happens when nothing differs).

        `agent_id`: whose memory it is beside that of its holders. `may_overflow`: a text over the limit is stored; the
        limit then binds the agents only. Raises `Invalid` (`block_full` for a text over its limit) and `Conflict`
        (`name_taken`).
        """
        renamed = after.label != before.label
        after = after.model_copy(update={"label": _checked_label(after.label)}) if renamed else after
        old, new = differing(before, after, BLOCK_FIELDS)
        if not new:
            return before
        _check_limit(after, before, may_overflow)
        if renamed:
            for holder in self.repos.agents.holding(before.id):
                self._check_free(holder, after)
        stored = after.model_copy(update={"version": before.version + 1, "updated_at": self.now})
        self.repos.blocks.save(stored)
        self._block_event(stored, "update", old, new, agent_id, undoes)
        return stored

    def add_block(self, draft: BlockDraft, agent_id: str | None = None, may_overflow: bool = False) -> Block:
        """Creates a block as drafted, attached to nobody yet. Raises `Invalid`. `may_overflow`: as in `save_block`."""
        tidy = draft.model_copy(update={"label": _checked_label(draft.label.strip())})
        block = Block(id=self.ids.new("block"), created_at=self.now, updated_at=self.now, **tidy.model_dump())
        _check_limit(block, None, may_overflow)
        self.repos.blocks.add(block)
        self._block_event(block, "create", None, _fields(block, BLOCK_FIELDS), agent_id)
        return block

    def carry_out(self, edits: tuple[BlockEdit, ...], agent_id: str) -> None:
        """Stores what a tool of an agent makes of its blocks: all of it, or nothing where one of them is refused.

        A block that other agents have as well is only taken from this one. Raises `Invalid` and `Conflict`.
        """
        gone = {edit.before.id for edit in edits if edit.before is not None and edit.after is None}
        for edit in edits:
            self._check_edit(edit, agent_id, gone)
        for edit in edits:
            before, after = edit.before, edit.after
            if before is None and after is not None:
                fields = {name: getattr(after, name) for name in BlockDraft.model_fields}
                made = self.add_block(BlockDraft(**fields), agent_id)
                self.attach(self.repos.agents.get(agent_id), made)
            elif before is not None and after is not None:
                self.save_block(before, after, agent_id)
            elif before is not None and len(self.repos.agents.holding(before.id)) > 1:
                self.detach(self.repos.agents.get(agent_id), before)
            elif before is not None:
                self.delete_block(before, agent_id)

    def _check_edit(self, edit: BlockEdit, agent_id: str, gone: set[str]) -> None:
        """Whether it can be stored, before anything is."""
        before, after = edit.before, edit.after
        if after is None or (before is not None and after.label == before.label):
            return
        labelled = after.model_copy(update={"label": _checked_label(after.label)})
        holders = (agent_id,) if before is None else self.repos.agents.holding(before.id)
        for holder in holders:
            self._check_free(holder, labelled, gone)

    def delete_block(self, block: Block, agent_id: str | None = None, undoes: int | None = None) -> None:
        """Deletes a block for all agents that have it; the event remembers where it was attached."""
        holders = [self.repos.agents.get(agent_id) for agent_id in self.repos.agents.holding(block.id)]
        places = {holder.id: holder.block_ids.index(block.id) for holder in holders}
        old = {**_fields(block, BLOCK_FIELDS), "holders": places}
        # First of all: the history notes who holds the block while it is written.
        self._block_event(block, "delete", old, None, agent_id, undoes)
        for holder in holders:
            self._relink(holder, tuple(i for i in holder.block_ids if i != block.id))
        self.repos.blocks.delete(block.id, self.now)

    def undelete_block(self, event: MemoryEvent) -> Block:
        """Undoes a deletion: the block is attached again wherever it was. Raises `Conflict` (`name_taken`)."""
        self.repos.blocks.undelete(event.target_id)
        block = self.repos.blocks.get(event.target_id)
        holders: dict[str, int] = (event.before or {}).get("holders", {})
        for holder, at in holders.items():
            living = self.repos.agents.find(holder)
            agent = living or self.repos.agents.find_deleted(holder)
            if agent is not None and block.id not in agent.block_ids:
                if living is not None:
                    self._check_free(holder, block)
                self._relink(agent, (*agent.block_ids[:at], block.id, *agent.block_ids[at:]))
        self._block_event(block, "restore", None, _fields(block, BLOCK_FIELDS), event.agent_id, event.seq)
        return block

    def attach(self, agent: Agent, block: Block, undoes: int | None = None, position: int | None = None) -> Agent:
        """Attaches a block, at the end if not told where. Raises `Conflict` (`name_taken`)."""
        self._check_free(agent.id, block)
        last = len(agent.block_ids)
        at = last if position is None else min(position, last)
        stored = self._relink(agent, (*agent.block_ids[:at], block.id, *agent.block_ids[at:]))
        self._attachment_event(agent, block, "attach", None, {"position": at}, undoes)
        return stored

    def detach(self, agent: Agent, block: Block, undoes: int | None = None) -> Agent:
        """Detaches a block that the agent has; the block itself stays."""
        at = agent.block_ids.index(block.id)
        stored = self._relink(agent, tuple(i for i in agent.block_ids if i != block.id))
        self._attachment_event(agent, block, "detach", {"position": at}, None, undoes)
        return stored

    def save_agent(self, before: Agent, after: Agent, undoes: int | None = None) -> Agent:
        """Stores a changed agent, with its event where the history knows what changed. Raises `Invalid`."""
        check_agent(after)
        old, new = differing(before, after, AGENT_FIELDS)
        stored = after.model_copy(update={"version": before.version + 1, "updated_at": self.now})
        self.repos.agents.save(stored)
        self.repos.changed(Changed(kind="agent", ids=(stored.id,), agent_id=stored.id, client=self.origin.client))
        if new:
            self._agent_event(stored, "update", old, new, undoes)
        return stored

    def add_agent(self, agent: Agent) -> Agent:
        """Stores a new agent with its event. Raises `Invalid`."""
        check_agent(agent)
        self.repos.agents.add(agent)
        self.repos.changed(Changed(kind="agent", ids=(agent.id,), agent_id=agent.id, client=self.origin.client))
        self._agent_event(agent, "create", None, _fields(agent, AGENT_FIELDS), None)
        return agent

    def undelete_agent(self, agent_id: str) -> Agent:
        """Restores a deleted agent. Raises `Conflict` (`name_taken`) where two of its blocks have one label by now."""
        self.repos.agents.undelete(agent_id)
        labels: set[str] = set()
        for block in self.repos.blocks.of_agent(agent_id):
            if look_of(block.label) in labels:
                raise Conflict(
                    f"This agent would have two blocks “{block.label}”: one was renamed while the agent was deleted.",
                    code="name_taken",
                    hint="Rename the block in another agent that shares it, then restore this one.",
                )
            labels.add(look_of(block.label))
        self.repos.changed(Changed(kind="agent", ids=(agent_id,), agent_id=agent_id, client=self.origin.client))
        return self.repos.agents.get(agent_id)

    def compact(
        self, conversation: Conversation, leave_before: int, message: Message | None, summary: Summary | None
    ) -> int | None:
        """Lets all before a position leave the window; the message, if any, takes their place. Returns its position."""
        place = conversation.id
        end = self.repos.messages.count(place) + 1
        earlier = summary_in(self.repos, place)
        left_at = end if message is None else end + 1
        left = self.repos.messages.leave_context(place, leave_before, left_at)
        position = None if message is None else self.repos.messages.append(place, message)
        self._note_window(conversation)
        if message is not None and summary is not None:
            old = None if earlier is None else {"text": earlier.text, "message_id": earlier.id}
            new = {"text": message.text, "message_id": message.id, **summary.model_dump(include={"by", "model", "why"})}
            new |= {"position": position, "leave_before": leave_before, "left_at": left_at, "left": left}
            self._summary_event(conversation, "create" if old is None else "update", old, new, None)
        return position

    def uncompact(self, conversation: Conversation, event: MemoryEvent, made: Fields) -> None:
        """What left the window is in it again, with the summary before; the one that came for it is not.

        `made`: the fields of that one, as `compact` wrote them.
        """
        self.repos.messages.reenter_context(conversation.id, made["left_at"], made["position"])
        self._note_window(conversation)
        self._summary_event(conversation, "restore", event.after, event.before, event.seq)

    def recompact(self, conversation: Conversation, event: MemoryEvent, made: Fields) -> None:
        """The opposite: the same summary takes the place of the same messages again."""
        self.repos.messages.leave_context(conversation.id, made["leave_before"], made["left_at"])
        self.repos.messages.reenter(conversation.id, made["position"])
        self._note_window(conversation)
        self._summary_event(conversation, "restore", event.after, event.before, event.seq)

    def _note_window(self, conversation: Conversation) -> None:
        place = conversation.id
        self.repos.changed(
            Changed(
                kind="conversation",
                ids=(place,),
                agent_id=conversation.agent_id,
                conversation_id=place,
                client=self.origin.client,
            )
        )

    def _summary_event(
        self, conversation: Conversation, op: Op, old: Fields | None, new: Fields | None, undoes: int | None
    ) -> None:
        target = HistoryTarget("summary", conversation.id, conversation.title, 1)
        self.note(target, op, old, new, (conversation.agent_id,), undoes)

    def _check_free(self, agent_id: str, block: Block, gone: Collection[str] = ()) -> None:
        """`gone`: ids of blocks that make room for it."""
        look = look_of(block.label)
        others = (one for one in self.repos.blocks.of_agent(agent_id) if one.id != block.id and one.id not in gone)
        twin = next((other for other in others if look_of(other.label) == look), None)
        if twin is not None:
            raise Conflict(
                f"This agent already has a block “{twin.label}”"
                + (", which looks the same." if twin.label.casefold() != block.label.casefold() else "."),
                code="name_taken",
                hint="Choose another label for one of them.",
            )

    def _relink(self, agent: Agent, block_ids: tuple[str, ...]) -> Agent:
        stored = agent.model_copy(update={"block_ids": block_ids, "version": agent.version + 1, "updated_at": self.now})
        self.repos.agents.save(stored)
        self.repos.changed(Changed(kind="agent", ids=(agent.id,), agent_id=agent.id, client=self.origin.client))
        return stored

    def _agent_event(self, agent: Agent, op: Op, old: Fields | None, new: Fields | None, undoes: int | None) -> None:
        label = ", ".join(new or ()) if op == "update" else agent.name
        self.note(HistoryTarget("agent", agent.id, label, agent.version), op, old, new, (agent.id,), undoes)

    def _attachment_event(
        self, agent: Agent, block: Block, op: Op, old: Fields | None, new: Fields | None, undoes: int | None
    ) -> None:
        target = HistoryTarget("attachment", block.id, block.label, block.version)
        self.note(target, op, old, new, (agent.id,), undoes)
        self._note_block(block, (agent.id, *self.repos.agents.holding(block.id)))

    def _block_event(
        self,
        block: Block,
        op: Op,
        old: Fields | None,
        new: Fields | None,
        agent_id: str | None,
        undoes: int | None = None,
    ) -> None:
        own = () if agent_id is None else (agent_id,)
        concerned = tuple(dict.fromkeys((*own, *self.repos.agents.holding(block.id))))
        self.note(HistoryTarget("block", block.id, block.label, block.version), op, old, new, concerned, undoes)
        self._note_block(block, concerned)

    def _note_block(self, block: Block, agent_ids: tuple[str, ...]) -> None:
        for agent_id in dict.fromkeys(agent_ids) or (None,):
            self.repos.changed(Changed(kind="block", ids=(block.id,), agent_id=agent_id, client=self.origin.client))

    def note(
        self,
        target: "HistoryTarget",
        op: Op,
        old: Fields | None,
        new: Fields | None,
        agent_ids: tuple[str, ...],
        undoes: int | None,
    ) -> None:
        """Writes the row of a change, also of one that was made elsewhere in this room. `agent_ids`: whose memory."""
        event = self.repos.history.add(
            MemoryEvent(
                seq=0,
                id=self.ids.new("event"),
                at=self.now,
                agent_id=agent_ids[0] if agent_ids else None,
                target_kind=target.kind,
                target_id=target.id,
                label=target.label,
                op=op,
                before=old,
                after=new,
                version=target.version,
                origin=self.origin,
                undoes=undoes,
            )
        )
        for agent_id in agent_ids or (None,):
            self.repos.changed(
                Changed(kind="history", ids=(str(event.seq),), agent_id=agent_id, client=self.origin.client)
            )


@dataclass(frozen=True)
class HistoryTarget:
    """What changed, as the history names it."""

    kind: TargetKind
    id: str
    label: str
    version: int


def _checked_label(label: str) -> str:
    """The label as it is stored, its accents written in one way."""
    label = unicodedata.normalize("NFC", label)
    if len(label) > MAX_LABEL or not is_one_line(label) or any(c in "<>" for c in label):
        raise Invalid(
            f"A block needs a label of 1 to {MAX_LABEL} characters, without < > and line breaks.",
            hint="For example: plans",
        )
    if hides_something(label):
        raise Invalid(
            "This label holds signs that nobody sees, or that turn the reading direction: it could pass for another.",
            hint="Type it again instead of pasting it.",
        )
    return label


def _check_limit(after: Block, before: Block | None, may_overflow: bool) -> None:
    if after.limit < 1:
        raise Invalid("The limit of a block must be at least 1 character.")
    over = 0 if may_overflow else after.excess(before)
    if over:
        raise Invalid(
            f"“{after.label}” would have {len(after.value):,} of {after.limit:,} characters, {over:,} too many.",
            code="block_full",
            hint="Shorten the text or raise the limit.",
        )


def summary_in(repos: Repositories, conversation_id: str) -> Message | None:
    """The summary that stands in a conversation's window."""
    members = repos.messages.in_context(conversation_id)
    return members[0].message if members and members[0].message.role == "summary" else None


def differing(before: Block | Agent, after: Block | Agent, names: tuple[str, ...]) -> tuple[Fields, Fields]:
    """Old and new values of the fields that differ, as JSON values."""
    old, new = _fields(before, names), _fields(after, names)
    changed = [name for name in names if old[name] != new[name]]
    return {name: old[name] for name in changed}, {name: new[name] for name in changed}


def _fields(row: Block | Agent, names: tuple[str, ...]) -> Fields:
    return row.model_dump(mode="json", include=set(names))
