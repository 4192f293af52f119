"""The inbox of memory: what agents wrote since a person last looked, and what the person makes of it.

Kept or not, every change stays in the history. An undo from anywhere counts as having looked.
"""

from collections.abc import Callable

from app.domain.base import Micros
from app.domain.block import Block, BlockDraft
from app.domain.error import Invalid
from app.domain.event import Changed
from app.domain.history import USER, MemoryEvent, Origin
from app.domain.inbox import Inbox, Outcome, Waiting
from app.domain.merge import merge
from app.engine.deps import EngineDeps
from app.engine.memory.changes import Changes
from app.engine.memory.undo import undo_event
from app.ports.storage import Repositories
from app.services.changing import change

RULES = BlockDraft(
    label="memory_rules",
    description="What is never to be stored in memory. Only the person writes here; follow each rule.",
    read_only=True,
)
"""Where the rules stand that a person makes in the inbox."""
PAGE = 200
SITTING = 12 * 3600 * 1_000_000
"""Microseconds within which what was looked at counts as one sitting."""


class MemoryInbox:
    """Verbs of the inbox. `agent_id` of None means all agents that are not deleted."""

    def __init__(self, deps: EngineDeps) -> None:
        self._deps = deps

    async def count(self, agent_id: str | None = None) -> int:
        return await self._deps.storage.read(lambda repos: repos.inbox.count(agent_id))

    async def look(self, agent_id: str | None = None, limit: int = 50) -> Inbox:
        """What waits: that of runs which read the text of strangers first, then the newest."""
        since = self._deps.clock.now() - SITTING
        return await self._deps.storage.read(lambda repos: _look(repos, agent_id, min(limit, PAGE), since))

    async def keep(self, seqs: tuple[int, ...]) -> tuple[int, ...]:
        """These changes are fine. Returns those for which that was news, for `wait_again`."""
        return await self._note(lambda _: seqs, "kept")

    async def keep_run(self, run_id: str) -> tuple[int, ...]:
        return await self._note(lambda repos: repos.inbox.of_run(run_id), "kept")

    async def keep_all(self, agent_id: str | None = None) -> tuple[int, ...]:
        return await self._note(lambda repos: repos.inbox.all_waiting(agent_id), "kept")

    async def wait_again(self, seqs: tuple[int, ...]) -> tuple[int, ...]:
        """They were not looked at after all."""
        return await self._note(lambda _: seqs, None)

    async def undo(self, seq: int, origin: Origin = USER) -> MemoryEvent | None:
        """As `History.undo`; None where all already was as before, which counts as having looked too."""

        def work(changes: Changes) -> MemoryEvent | None:
            made = undo_event(changes, changes.repos.history.get(seq))
            changes.repos.inbox.note((seq,), "undone", changes.now)
            _tell(changes.repos, (seq,))
            return changes.repos.history.get(changes.repos.history.last_seq()) if made else None

        return await change(self._deps, origin, work)

    async def edit(self, seq: int, value: str, origin: Origin = USER) -> Block:
        """The block reads like this now, and the change was looked at. Raises what `Changes` raises."""

        def work(changes: Changes) -> Block:
            event = changes.repos.history.get(seq)
            block = changes.repos.blocks.get(event.target_id)
            saved = changes.save_block(block, block.model_copy(update={"value": value}), may_overflow=True)
            changes.repos.inbox.note((seq,), "edited", changes.now)
            _tell(changes.repos, (seq,))
            return saved

        return await change(self._deps, origin, work)

    async def forbid(self, agent_id: str, rule: str, origin: Origin = USER) -> tuple[int, ...]:
        """Writes a rule of what an agent is never to store into a block that it can only read, made when first needed.

        Returns its events, for `History.undo_all`. Raises `Invalid` for an empty rule.
        """
        line = " ".join(rule.split())
        if not line:
            raise Invalid("The rule is empty.", hint="Say what is never to be stored, in one sentence.")

        def work(changes: Changes) -> tuple[int, ...]:
            before = changes.repos.history.last_seq()
            agent = changes.repos.agents.get(agent_id)
            own = (block for block in changes.repos.blocks.of_agent(agent_id) if block.label == RULES.label)
            block = next(own, None)
            if block is None:
                block = changes.add_block(RULES, agent_id)
                changes.attach(agent, block)
            lines = [*filter(None, block.value.split("\n")), f"- {line}"]
            changes.save_block(block, block.model_copy(update={"value": "\n".join(lines)}), may_overflow=True)
            return tuple(range(before + 1, changes.repos.history.last_seq() + 1))

        return await change(self._deps, origin, work)

    async def _note(
        self, wanted: Callable[[Repositories], tuple[int, ...]], outcome: Outcome | None
    ) -> tuple[int, ...]:
        now = self._deps.clock.now()

        def work(repos: Repositories) -> tuple[int, ...]:
            seqs = wanted(repos)
            for start in range(0, len(seqs), PAGE):
                repos.inbox.note(seqs[start : start + PAGE], outcome, now)
            _tell(repos, seqs)
            return seqs

        return await self._deps.storage.write(work)


def _tell(repos: Repositories, seqs: tuple[int, ...]) -> None:
    repos.changed(Changed(kind="history", ids=tuple(map(str, seqs[:PAGE]))))


def _look(repos: Repositories, agent_id: str | None, limit: int, sitting: Micros) -> Inbox:
    events = repos.inbox.waiting(agent_id, limit)
    return Inbox(
        waiting=tuple(_card(repos, event) for event in events),
        total=repos.inbox.count(agent_id),
        agents=len({event.agent_id for event in events}),
        since=repos.inbox.first_waiting_at(agent_id),
        looked=repos.inbox.looked(sitting, agent_id),
    )


def _card(repos: Repositories, event: MemoryEvent) -> Waiting:
    owner = repos.agents.find(event.agent_id or "")
    block = repos.blocks.find(event.target_id) if event.target_kind == "block" else None
    holders = repos.agents.holding(event.target_id) if block is not None else ()
    others = (repos.agents.find(holder) for holder in holders if holder != event.agent_id)
    return Waiting(
        event=event,
        agent_id=event.agent_id or "",
        agent_name=owner.name if owner is not None else event.origin.actor.name,
        shared_with=tuple(other.name for other in others if other is not None),
        superseded=block is not None and _superseded(event, block.value),
        now=block.value if block is not None else "",
    )


def _superseded(event: MemoryEvent, now: str) -> bool:
    before, after = (event.before or {}).get("value"), (event.after or {}).get("value")
    if not isinstance(before, str) or not isinstance(after, str) or now in (before, after):
        return False
    return merge(after, now, before) is None
