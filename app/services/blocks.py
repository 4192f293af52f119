"""Blocks: the core memory of agents, as people edit it."""

from app.domain.block import Block, BlockDraft, BlockPatch
from app.domain.error import NotFound
from app.domain.history import USER, Origin
from app.domain.page import ALL_BLOCKS, OLDEST_FIRST, BlockFilter, PageRequest
from app.engine.deps import EngineDeps
from app.engine.memory.changes import Changes
from app.services.changing import change, check_version


class Blocks:
    def __init__(self, deps: EngineDeps) -> None:
        self._deps = deps

    async def of_agent(self, agent_id: str) -> tuple[Block, ...]:
        """In the order in which they are compiled."""
        return await self._deps.storage.read(lambda repos: repos.blocks.of_agent(agent_id))

    async def list(self, wanted: BlockFilter = ALL_BLOCKS, page: PageRequest = OLDEST_FIRST) -> tuple[Block, ...]:
        """A page of blocks that are not hidden. Raises `NotFound` for a cursor that was never a block."""
        return await self._deps.storage.read(lambda repos: repos.blocks.list(wanted, page))

    async def count(self, wanted: BlockFilter = ALL_BLOCKS) -> int:
        return await self._deps.storage.read(lambda repos: repos.blocks.count(wanted))

    async def get(self, block_id: str) -> Block:
        return await self._deps.storage.read(lambda repos: repos.blocks.get(block_id))

    async def holders(self, block_ids: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        """Ids of the agents that share each of these blocks; blocks that no agent holds are missing."""
        return await self._deps.storage.read(lambda repos: repos.agents.holders(block_ids))

    async def add(self, draft: BlockDraft, origin: Origin = USER, may_overflow: bool = False) -> Block:
        """Creates a block that no agent holds yet. `may_overflow`: as with `update`."""

        def work(changes: Changes) -> Block:
            return changes.add_block(draft, may_overflow=may_overflow)

        return await change(self._deps, origin, work)

    async def create(self, agent_id: str, draft: BlockDraft, origin: Origin = USER) -> Block:
        """Creates a block and attaches it. Raises `Conflict` when the agent has one with that label."""

        def work(changes: Changes) -> Block:
            agent = changes.repos.agents.get(agent_id)
            block = changes.add_block(draft, agent_id)
            changes.attach(agent, block)
            return block

        return await change(self._deps, origin, work)

    async def update(
        self,
        block_id: str,
        patch: BlockPatch,
        expected_version: int | None = None,
        origin: Origin = USER,
        may_overflow: bool = False,
    ) -> Block:
        """Changes the fields that are given. Raises `Conflict` (`version_conflict`) or `Invalid` (`block_full`).

        `may_overflow`: a text over its limit is stored; the limit then binds the agents only.
        """

        def work(changes: Changes) -> Block:
            before = changes.repos.blocks.get(block_id)
            check_version(f"“{before.label}”", before.version, expected_version)
            given = {name: value for name in BlockPatch.model_fields if (value := getattr(patch, name)) is not None}
            after = before.model_copy(
                update={**given, "label": (before.label if patch.label is None else patch.label).strip()}
            )
            return changes.save_block(before, after, may_overflow=may_overflow)

        return await change(self._deps, origin, work)

    async def attach(self, agent_id: str, block_id: str, origin: Origin = USER) -> None:
        """Attaches an existing block; attached to several agents it is shared. A second time is no error."""

        def work(changes: Changes) -> None:
            agent, block = changes.repos.agents.get(agent_id), changes.repos.blocks.get(block_id)
            if block_id not in agent.block_ids:
                changes.attach(agent, block)

        await change(self._deps, origin, work)

    async def detach(self, agent_id: str, block_id: str, origin: Origin = USER) -> None:
        """Takes a block away from one agent; the block itself stays."""

        def work(changes: Changes) -> None:
            agent, block = changes.repos.agents.get(agent_id), changes.repos.blocks.get(block_id)
            if block_id not in agent.block_ids:
                raise NotFound(f"“{block.label}” is not attached to {agent.name}.")
            changes.detach(agent, block)

        await change(self._deps, origin, work)

    async def delete(self, block_id: str, origin: Origin = USER) -> None:
        """Deletes a block for all agents that have it. Can be undone."""

        def work(changes: Changes) -> None:
            changes.delete_block(changes.repos.blocks.get(block_id))

        await change(self._deps, origin, work)
