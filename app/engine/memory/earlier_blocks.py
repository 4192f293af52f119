"""An agent's memory as it was at an earlier point of the history. A point is the seq of an event: right after it."""

from collections.abc import Iterable

from app.domain.agent import Agent
from app.domain.block import Block
from app.domain.history import MemoryEvent
from app.ports.storage import Repositories


def blocks_at(repos: Repositories, agent_id: str, seq: int, *, deleted: bool = False) -> tuple[Block, ...]:
    """Those that the agent had then, as they were. `deleted`: also those deleted since, else they are missing.

    Cost depends on how many blocks changed since and how, not on how often.
    """
    now = {block.id: block for block in repos.blocks.of_agent(agent_id)}
    moves = repos.life.moves_since(agent_id, seq)
    changed = {id for _, id in repos.life.touched(agent_id, seq, repos.history.last_seq())}
    blocks: list[Block] = []
    for block_id in _attached_before(tuple(now), agent_id, moves):
        block = now.get(block_id) or repos.blocks.find(block_id)
        if block is None and deleted:
            gone = deletion_of(repos, block_id)
            block = None if gone is None else _as_deleted(gone)
        if block is not None and block_id in changed:
            then = repos.history.fields_at(block_id, seq)
            version = repos.history.version_at(block_id, seq) or block.version
            block = Block.model_validate({**block.model_dump(mode="json"), **then, "version": version})
        if block is not None:
            blocks.append(block)
    return tuple(blocks)


def archived_at(repos: Repositories, agent_id: str, seq: int) -> int:
    """How many passages the agent could find right after an event. Archives attached or detached since count as now."""
    now = repos.archives.count_for(agent_id)
    if seq == repos.history.last_seq():
        return now
    return max(0, now - sum(_came(event) for event in repos.history.since(agent_id, seq)))


def _came(event: MemoryEvent) -> int:
    """How many passages more there are after an event."""
    if event.target_kind == "passage":
        return (event.before is None) - (event.after is None)
    if event.target_kind == "archive":
        before, after = ((side or {}).get("passages", {}) for side in (event.before, event.after))
        return len(after.keys() - before.keys()) - len(before.keys() - after.keys())
    return 0


def deletion_of(repos: Repositories, target_id: str) -> MemoryEvent | None:
    """The event that deleted something that is not there now; whoever held it, or nobody, when it was."""
    newest = repos.history.of_target(target_id, limit=1)
    return newest[0] if newest and newest[0].op == "delete" else None


def settings_at(repos: Repositories, agent: Agent, seq: int) -> Agent:
    """The agent with its settings as they were then."""
    then = repos.history.fields_at(agent.id, seq)
    return Agent.model_validate({**agent.model_dump(mode="json"), **then}) if then else agent


def _as_deleted(event: MemoryEvent) -> Block:
    """The block that this event deleted."""
    fields = {name: value for name, value in (event.before or {}).items() if name != "holders"}
    times = {"created_at": event.at, "updated_at": event.at, "version": event.version}
    return Block.model_validate({"id": event.target_id, **fields, **times})


def _attached_before(block_ids: tuple[str, ...], agent_id: str, events: Iterable[MemoryEvent]) -> list[str]:
    """What was attached before these events (newest first), given what is attached after them."""
    ids = list(block_ids)
    for event in events:
        came = event.op == "restore" or (event.target_kind == "attachment" and event.op == "attach")
        if came and event.target_id in ids:
            ids.remove(event.target_id)
        elif event.target_kind == "attachment" and event.op == "detach":
            ids.insert((event.before or {}).get("position", len(ids)), event.target_id)
        elif event.target_kind == "block" and event.op == "delete":
            place = (event.before or {}).get("holders", {}).get(agent_id)
            if place is not None and event.target_id not in ids:
                ids.insert(place, event.target_id)
    return ids
