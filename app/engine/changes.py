"""Changing memory and writing its history in one go; the only place that does either. Runs inside a transaction."""

from dataclasses import dataclass
from typing import Any

from app.domain.agent import Agent
from app.domain.base import Micros
from app.domain.block import Block
from app.domain.event import Changed
from app.domain.history import MemoryEvent, Op, Origin, TargetKind
from app.ports.storage import Repositories
from app.ports.system import IdFactory

BLOCK_FIELDS = ("label", "value", "limit", "description", "read_only", "tags")
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
    "metadata",
)
"""Fields whose changes belong to the history (`pinned` is a matter of the window)."""


@dataclass(frozen=True)
class Changes:
    """Writes changes of one transaction, all by the same origin."""

    repos: Repositories
    ids: IdFactory
    now: Micros
    origin: Origin

    def save_block(self, before: Block, after: Block, agent_id: str | None = None, undoes: int | None = None) -> Block:
        """Stores a changed block with its event; returns it as stored (nothing happens when nothing differs)."""
        old, new = differing(before, after, BLOCK_FIELDS)
        if not new:
            return before
        stored = after.model_copy(update={"version": before.version + 1, "updated_at": self.now})
        self.repos.blocks.save(stored)
        self._add("block", stored.id, "update", old, new, stored, agent_id, undoes)
        return stored

    def add_block(self, block: Block, agent_id: str | None = None) -> Block:
        self.repos.blocks.add(block)
        self._add("block", block.id, "create", None, _fields(block, BLOCK_FIELDS), block, agent_id, None)
        return block

    def delete_block(self, block: Block, agent_id: str | None = None, undoes: int | None = None) -> None:
        """Deletes a block for all agents that have it; the event remembers where it was attached."""
        holders: dict[str, int] = {}
        for holder in self.repos.agents.holding(block.id):
            agent = self.repos.agents.get(holder)
            holders[holder] = agent.block_ids.index(block.id)
            self._relink(agent, tuple(i for i in agent.block_ids if i != block.id))
        self.repos.blocks.delete(block.id, self.now)
        old = {**_fields(block, BLOCK_FIELDS), "holders": holders}
        self._add("block", block.id, "delete", old, None, block, agent_id, undoes)

    def undelete_block(self, event: MemoryEvent) -> Block:
        """Takes a deletion back: the block is attached again wherever it was."""
        self.repos.blocks.undelete(event.target_id)
        block = self.repos.blocks.get(event.target_id)
        holders: dict[str, int] = (event.before or {}).get("holders", {})
        for holder, at in holders.items():
            agent = self.repos.agents.find(holder)
            if agent is not None and block.id not in agent.block_ids:
                self._relink(agent, (*agent.block_ids[:at], block.id, *agent.block_ids[at:]))
        after = _fields(block, BLOCK_FIELDS)
        self._add("block", block.id, "restore", None, after, block, event.agent_id, event.seq)
        return block

    def attach(self, agent: Agent, block: Block, undoes: int | None = None, position: int | None = None) -> Agent:
        at = len(agent.block_ids) if position is None else position
        ids = (*agent.block_ids[:at], block.id, *agent.block_ids[at:])
        stored = self._relink(agent, ids)
        self._add("attachment", block.id, "attach", None, {"position": at}, block, agent.id, undoes)
        return stored

    def detach(self, agent: Agent, block: Block, undoes: int | None = None) -> Agent:
        at = agent.block_ids.index(block.id)
        stored = self._relink(agent, tuple(i for i in agent.block_ids if i != block.id))
        self._add("attachment", block.id, "detach", {"position": at}, None, block, agent.id, undoes)
        return stored

    def save_agent(self, before: Agent, after: Agent, undoes: int | None = None) -> Agent:
        old, new = differing(before, after, AGENT_FIELDS)
        stored = after.model_copy(update={"version": before.version + 1, "updated_at": self.now})
        self.repos.agents.save(stored)
        self.repos.changed(Changed(kind="agent", ids=(stored.id,), agent_id=stored.id, client=self.origin.client))
        if new:
            self._agent_event(stored, "update", old, new, undoes)
        return stored

    def add_agent(self, agent: Agent) -> Agent:
        self.repos.agents.add(agent)
        self.repos.changed(Changed(kind="agent", ids=(agent.id,), agent_id=agent.id, client=self.origin.client))
        self._agent_event(agent, "create", None, _fields(agent, AGENT_FIELDS), None)
        return agent

    def _relink(self, agent: Agent, block_ids: tuple[str, ...]) -> Agent:
        stored = agent.model_copy(update={"block_ids": block_ids, "version": agent.version + 1, "updated_at": self.now})
        self.repos.agents.save(stored)
        self.repos.changed(Changed(kind="agent", ids=(agent.id,), agent_id=agent.id, client=self.origin.client))
        return stored

    def _agent_event(
        self, agent: Agent, op: Op, old: dict[str, Any] | None, new: dict[str, Any] | None, undoes: int | None
    ) -> None:
        label = ", ".join(new or ()) if op == "update" else agent.name
        self._event("agent", agent.id, op, old, new, label, agent.version, agent.id, undoes)

    def _add(
        self,
        kind: TargetKind,
        target_id: str,
        op: Op,
        old: dict[str, Any] | None,
        new: dict[str, Any] | None,
        block: Block,
        agent_id: str | None,
        undoes: int | None,
    ) -> None:
        self._event(kind, target_id, op, old, new, block.label, block.version, agent_id, undoes)
        client = self.origin.client
        self.repos.changed(Changed(kind="block", ids=(block.id,), agent_id=agent_id, client=client))

    def _event(
        self,
        kind: TargetKind,
        target_id: str,
        op: Op,
        old: dict[str, Any] | None,
        new: dict[str, Any] | None,
        label: str,
        version: int,
        agent_id: str | None,
        undoes: int | None,
    ) -> MemoryEvent:
        event = self.repos.history.add(
            MemoryEvent(
                seq=0,
                id=self.ids.new("event"),
                at=self.now,
                agent_id=agent_id,
                target_kind=kind,
                target_id=target_id,
                label=label,
                op=op,
                before=old,
                after=new,
                version=version,
                origin=self.origin,
                undoes=undoes,
            )
        )
        self.repos.changed(Changed(kind="history", ids=(str(event.seq),), agent_id=agent_id, client=self.origin.client))
        return event


def differing(
    before: Block | Agent, after: Block | Agent, names: tuple[str, ...]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Old and new values of the fields that differ, as JSON values."""
    old, new = _fields(before, names), _fields(after, names)
    changed = [name for name in names if old[name] != new[name]]
    return {name: old[name] for name in changed}, {name: new[name] for name in changed}


def _fields(row: Block | Agent, names: tuple[str, ...]) -> dict[str, Any]:
    return row.model_dump(mode="json", include=set(names))
