"""Memory history: look back, undo, restore. An undo is a new event with the inverse change: it can be undone too.

A point of the history is the seq of an event and means right after it; 0 is before all of them.
"""

from collections.abc import Iterator

from app.domain.agent import Agent
from app.domain.base import Micros
from app.domain.block import Block
from app.domain.error import Conflict, NotFound
from app.domain.history import (
    ALL_CHANGES,
    USER,
    Blame,
    ChangeFilter,
    Life,
    MemoryBetween,
    MemoryEvent,
    Origin,
)
from app.engine.deps import EngineDeps
from app.engine.memory.blame import Revision, blame
from app.engine.memory.changes import Changes
from app.engine.memory.earlier_blocks import deletion_of, settings_at
from app.engine.memory.outline import bare, outlined
from app.engine.memory.points import memory_between
from app.engine.memory.restore import restore_block, restore_memory
from app.engine.memory.undo import undo_event
from app.ports.storage import Repositories
from app.services.changing import change

PAGE = 500
PARTS = 600
"""Pieces of a span in which changes of one kind are told as one: a timeline is about so many dots wide."""
MARKS = 4
"""Models and summaries that are named within a span, of each."""
LOOKED_BACK = 2_000
"""Versions of a text that are compared to find out who wrote its lines."""


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

    async def get(self, seq: int) -> MemoryEvent:
        return await self._deps.storage.read(lambda repos: repos.history.get(seq))

    # A life

    async def life(
        self, agent_id: str, since: Micros | None = None, until: Micros | None = None, target_id: str = ""
    ) -> Life:
        """The changes of a span of time, by default of the whole life, counted in at most `PARTS` pieces of it.

        `target_id`: counts and pieces are those of one block alone.
        """
        now = self._deps.clock.now()

        def work(repos: Repositories) -> Life:
            began = repos.life.began(agent_id)
            first = since if since is not None else began if began is not None else now
            last = max(first, now if until is None else until)
            return Life(
                began=began,
                counts=repos.life.counts(agent_id, target_id),
                since=first,
                until=last,
                ticks=repos.life.ticks(agent_id, first, last, PARTS, target_id),
                marks=repos.life.marks(agent_id, first, last, MARKS),
            )

        return await self._deps.storage.read(work)

    async def page(
        self, agent_id: str, before: int | None = None, limit: int = 100, wanted: ChangeFilter = ALL_CHANGES
    ) -> tuple[MemoryEvent, ...]:
        """As `of_agent`, of the wanted ones; of long texts only what differs (see `outlined`)."""

        def work(repos: Repositories) -> tuple[MemoryEvent, ...]:
            return tuple(map(outlined, repos.life.page(agent_id, wanted, before, min(limit, PAGE))))

        return await self._deps.storage.read(work)

    async def point_at(self, agent_id: str, at: Micros) -> int:
        """The newest change that was made by then; 0 if there was none."""
        return await self._deps.storage.read(lambda repos: repos.life.last_until(agent_id, at))

    async def between(self, agent_id: str, first: int, second: int) -> MemoryBetween:
        """The whole memory at two points, the earlier one first."""
        return await self._deps.storage.read(lambda repos: memory_between(repos, agent_id, first, second))

    async def blame(self, target_id: str, seq: int, text: str) -> Blame:
        """Who wrote each line of a text, which is that of a block (or of the system prompt) right after an event."""

        def work(repos: Repositories) -> Blame:
            known: dict[int, MemoryEvent] = {}
            of_line = blame(text, _revisions(repos, target_id, seq, known))
            used = {seq for seq in of_line if seq is not None}
            return Blame(of_line=of_line, events=tuple(bare(known[seq]) for seq in sorted(used)))

        return await self._deps.storage.read(work)

    async def value_at(self, block_id: str, seq: int) -> str:
        """A block's text as it was right after an event."""

        def work(repos: Repositories) -> str:
            block = repos.blocks.get(block_id)
            return str(repos.history.fields_at(block_id, seq).get("value", block.value))

        return await self._deps.storage.read(work)

    # The ways back

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

    async def undo_all(self, seqs: tuple[int, ...], origin: Origin = USER) -> tuple[int, ...]:
        """Undoes several changes at once, the newest first: all of them, or none. Returns the seqs of what undid them.

        Raises `Conflict` as `undo`. One that already is as it was before is passed over.
        """

        def work(changes: Changes) -> tuple[int, ...]:
            first = changes.repos.history.last_seq()
            for seq in sorted(seqs, reverse=True):
                undo_event(changes, changes.repos.history.get(seq))
            return tuple(range(first + 1, changes.repos.history.last_seq() + 1))

        return await change(self._deps, origin, work)

    async def restore(self, block_id: str, seq: int, origin: Origin = USER) -> Block:
        """Makes a block as it was right after an event, as a new version; a deleted one is brought back."""

        def work(changes: Changes) -> Block:
            then = _block_then(changes, block_id, changes.repos.history.get(seq).seq)
            return restore_block(changes, block_id, then, deletion_of(changes.repos, block_id))

        return await change(self._deps, origin, work)

    async def restore_settings(self, agent_id: str, seq: int, origin: Origin = USER) -> Agent:
        """Makes system prompt, model, tools and all other settings what they were at a point, as a new version."""

        def work(changes: Changes) -> Agent:
            agent = changes.repos.agents.get(agent_id)
            then = settings_at(changes.repos, agent, seq)
            return agent if then == agent else changes.save_agent(agent, then)

        return await change(self._deps, origin, work)

    async def restore_all(self, agent_id: str, seq: int, origin: Origin = USER) -> tuple[int, ...]:
        """Makes the whole memory what it was at a point. Returns the seqs of the changes, for one undo of all.

        Blocks that came since are detached, not deleted; settings and the context window stay as they are.
        """

        def work(changes: Changes) -> tuple[int, ...]:
            first = changes.repos.history.last_seq()
            restore_memory(changes, agent_id, seq)
            return tuple(range(first + 1, changes.repos.history.last_seq() + 1))

        return await change(self._deps, origin, work)


def _block_then(changes: Changes, block_id: str, seq: int) -> Block:
    block = changes.repos.blocks.find(block_id)
    fields = changes.repos.history.fields_at(block_id, seq)
    if block is not None:
        return Block.model_validate({**block.model_dump(mode="json"), **fields})
    gone = deletion_of(changes.repos, block_id)
    if gone is None or gone.before is None:
        raise NotFound("This block no longer exists.", hint="It was deleted so long ago that nothing is left of it.")
    whole = {name: value for name, value in gone.before.items() if name != "holders"}
    times = {"created_at": gone.at, "updated_at": gone.at}
    return Block.model_validate({"id": block_id, **whole, **fields, **times})


def _revisions(repos: Repositories, target_id: str, seq: int, known: dict[int, MemoryEvent]) -> Iterator[Revision]:
    """Versions of a text, newest first, read as far back as they are asked for."""
    before, left = seq + 1, LOOKED_BACK
    while left > 0:
        events = repos.history.of_target(target_id, before=before, limit=min(left, 100))
        for event in events:
            known[event.seq] = event
            for name in ("value", "system"):
                if name in (event.after or {}):
                    old = (event.before or {}).get(name)
                    yield Revision(event.seq, old, str((event.after or {})[name] or ""))
        if not events:
            return
        before, left = events[-1].seq, left - len(events)
