"""The memory of an agent as it was at an earlier point of the history: its blocks, and how many passages it had."""

from collections.abc import Iterable

from app.domain.block import Block
from app.domain.history import MemoryEvent
from app.ports.storage import Repositories


def blocks_at(repos: Repositories, agent_id: str, seq: int) -> tuple[Block, ...]:
    """Those that the agent had right after an event, as they were then. What was deleted since is missing."""
    now = {block.id: block for block in repos.blocks.of_agent(agent_id)}
    events = repos.history.since(agent_id, seq)
    changed = {event.target_id for event in events}
    blocks: list[Block] = []
    for block_id in _attached_before(tuple(now), events):
        block = now.get(block_id) or repos.blocks.find(block_id)
        if block is not None and block_id in changed:
            then = repos.history.fields_at(block_id, seq)
            block = Block.model_validate({**block.model_dump(mode="json"), **then})
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


def _attached_before(block_ids: tuple[str, ...], events: Iterable[MemoryEvent]) -> list[str]:
    """What was attached before these events (newest first), given what is attached after them."""
    ids = list(block_ids)
    for event in events:
        came = event.op == "restore" or (event.target_kind == "attachment" and event.op == "attach")
        if came and event.target_id in ids:
            ids.remove(event.target_id)
        elif event.target_kind == "attachment" and event.op == "detach":
            ids.insert((event.before or {}).get("position", len(ids)), event.target_id)
    return ids
