"""Memory history: look back, undo, restore. An undo is a new event with the inverse change: it can be undone too."""

from app.domain.block import Block
from app.domain.error import Conflict
from app.domain.history import USER, MemoryEvent, Origin
from app.engine.deps import EngineDeps
from app.engine.memory.changes import Changes
from app.engine.memory.undo import undo_event
from app.ports.storage import Repositories
from app.services.changing import change

PAGE = 500


class History:
    def __init__(self, deps: EngineDeps) -> None:
        self._deps = deps

    async def of_agent(self, agent_id: str, before: int | None = None, limit: int = 100) -> tuple[MemoryEvent, ...]:
        """Newest first; `before` is the seq to go on from."""
        return await self._deps.storage.read(
            lambda repos: repos.history.of_agent(agent_id, before=before, limit=min(limit, PAGE))
        )

    async def of_block(self, block_id: str, before: int | None = None, limit: int = 100) -> tuple[MemoryEvent, ...]:
        return await self._deps.storage.read(
            lambda repos: repos.history.of_target(block_id, before=before, limit=min(limit, PAGE))
        )

    async def undo(self, seq: int, origin: Origin = USER) -> MemoryEvent:
        """Undoes one change and returns the event that did so. Later changes of other lines are kept.

        Raises `Conflict`: `changed_since` when a later change touched the same text, `already_undone` when nothing is
        left to undo.
        """

        def work(changes: Changes) -> MemoryEvent:
            if not undo_event(changes, changes.repos.history.get(seq)):
                raise Conflict("There is nothing to undo: it already is as it was before.", code="already_undone")
            return changes.repos.history.get(changes.repos.history.last_seq())

        return await change(self._deps, origin, work)

    async def restore(self, block_id: str, seq: int, origin: Origin = USER) -> Block:
        """Makes a block as it was right after an event, as a new version."""

        def work(changes: Changes) -> Block:
            block = changes.repos.blocks.get(block_id)
            then = changes.repos.history.fields_at(block_id, changes.repos.history.get(seq).seq)
            after = Block.model_validate({**block.model_dump(mode="json"), **then})
            return changes.save_block(block, after, may_overflow=True)

        return await change(self._deps, origin, work)

    async def value_at(self, block_id: str, seq: int) -> str:
        """A block's text as it was right after an event."""

        def work(repos: Repositories) -> str:
            block = repos.blocks.get(block_id)
            return str(repos.history.fields_at(block_id, seq).get("value", block.value))

        return await self._deps.storage.read(work)
