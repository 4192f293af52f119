"""Memory history: look back, undo, restore. An undo is a new event with the inverse change: it can be undone too."""

from typing import Any

from app.domain.agent import Agent
from app.domain.block import Block
from app.domain.error import Conflict, Invalid, NotFound
from app.domain.history import USER, MemoryEvent, Origin
from app.domain.merge import merge
from app.engine.deps import EngineDeps
from app.engine.memory.changes import Changes
from app.ports.storage import Repositories
from app.services.agents import check_agent
from app.services.changing import change

PAGE = 500


class History:
    def __init__(self, ports: EngineDeps) -> None:
        self._ports = ports

    async def of_agent(self, agent_id: str, before: int | None = None, limit: int = 100) -> tuple[MemoryEvent, ...]:
        """Newest first; `before` is the seq to go on from."""
        return await self._ports.storage.read(
            lambda repos: repos.history.of_agent(agent_id, before=before, limit=min(limit, PAGE))
        )

    async def of_block(self, block_id: str, before: int | None = None, limit: int = 100) -> tuple[MemoryEvent, ...]:
        return await self._ports.storage.read(
            lambda repos: repos.history.of_target(block_id, before=before, limit=min(limit, PAGE))
        )

    async def undo(self, seq: int, origin: Origin = USER) -> MemoryEvent:
        """Takes one change back and returns the event that did so. Later changes of other lines are kept.

        Raises `Conflict`: `changed_since` when a later change touched the same text, `already_undone` when nothing is
        left to take back.
        """

        def work(changes: Changes) -> MemoryEvent:
            if not undo_event(changes, changes.repos.history.get(seq)):
                raise Conflict("There is nothing to take back: it already is as it was before.", code="already_undone")
            return changes.repos.history.get(changes.repos.history.last_seq())

        return await change(self._ports, origin, work)

    async def restore(self, block_id: str, seq: int, origin: Origin = USER) -> Block:
        """Makes a block as it was right after an event, as a new version."""

        def work(changes: Changes) -> Block:
            block = changes.repos.blocks.get(block_id)
            then = _typed(changes.repos.history.fields_at(block_id, seq))
            after = block.model_copy(update=then)
            return changes.save_block(block, after, changes.repos.history.get(seq).agent_id)

        return await change(self._ports, origin, work)

    async def value_at(self, block_id: str, seq: int) -> str:
        """A block's text as it was right after an event."""

        def work(repos: Repositories) -> str:
            block = repos.blocks.get(block_id)
            return str(repos.history.fields_at(block_id, seq).get("value", block.value))

        return await self._ports.storage.read(work)


def undo_event(changes: Changes, event: MemoryEvent) -> bool:
    """Writes the inverse of an event, and says whether that changed anything. The undo of an undo is a redo."""
    if event.undone_by is not None:
        raise Conflict("This change was already taken back.", code="already_undone", details={"seq": event.undone_by})
    match event.target_kind:
        case "block":
            return _undo_block(changes, event)
        case "attachment":
            return _undo_attachment(changes, event)
        case "agent":
            return _undo_agent(changes, event)


def _undo_block(changes: Changes, event: MemoryEvent) -> bool:
    if event.op == "delete":
        changes.undelete_block(event)
        return True
    block = changes.repos.blocks.find(event.target_id)
    if block is None:
        raise NotFound(f"“{event.label}” was deleted.", hint="Bring the block back first: undo its deletion.")
    if event.op in ("create", "restore"):
        changes.delete_block(block, event.agent_id, event.seq)
        return True
    back = {name: _inverse(event, name, getattr(block, name)) for name in event.before or {}}
    stored = changes.save_block(block, block.model_copy(update=_typed(back)), event.agent_id, event.seq)
    return stored.version > block.version


def _inverse(event: MemoryEvent, name: str, current: Any) -> Any:
    """The value that takes the event back but keeps what came later, where both do not touch the same lines."""
    before, after = (event.before or {})[name], (event.after or {})[name]
    now = list(current) if isinstance(current, tuple) else current  # type: ignore[arg-type]
    if now == after:
        return before
    merged = merge(after, now, before) if isinstance(before, str) and isinstance(now, str) else None
    if merged is None:
        raise Conflict(
            f"“{event.label}” was changed again in the same place since, so this change cannot be taken back alone.",
            code="changed_since",
            hint="Restore an earlier version of the block, or edit it by hand.",
        )
    return merged


def _undo_attachment(changes: Changes, event: MemoryEvent) -> bool:
    assert event.agent_id is not None
    agent, block = changes.repos.agents.get(event.agent_id), changes.repos.blocks.get(event.target_id)
    if event.op == "attach" and block.id in agent.block_ids:
        changes.detach(agent, block, event.seq)
    elif event.op == "detach" and block.id not in agent.block_ids:
        changes.attach(agent, block, event.seq, (event.before or {}).get("position"))
    else:
        return False
    return True


def _undo_agent(changes: Changes, event: MemoryEvent) -> bool:
    if event.op != "update" or event.before is None:
        raise Invalid("The creation of an agent cannot be undone here.", hint="Delete the agent instead.")
    agent = changes.repos.agents.get(event.target_id)
    now = agent.model_dump(mode="json")
    back = {name: _inverse(event, name, now[name]) for name in event.before}
    restored = Agent.model_validate({**now, **back})
    if restored == agent:
        return False
    check_agent(restored)
    changes.save_agent(agent, restored, event.seq)
    return True


def _typed(fields: dict[str, Any]) -> dict[str, Any]:
    """JSON lists as the tuples that a frozen model holds."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}  # type: ignore[arg-type]
