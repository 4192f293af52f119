"""Makes an agent's memory what it was at an earlier point, by changes like any others: all of it can be undone."""

from app.domain.block import Block
from app.domain.history import MemoryEvent, TargetKind
from app.engine.memory.changes import Changes
from app.engine.memory.earlier_blocks import blocks_at, deletion_of
from app.engine.memory.undo import TARGETS, undo_event

APART: frozenset[TargetKind] = frozenset(("block", "attachment", "agent", "summary"))
"""Targets that are not restored one by one: blocks go with their attachments; settings and windows are no memory."""


def restore_memory(changes: Changes, agent_id: str, seq: int) -> None:
    """All blocks, attachments and passages of an agent as they were right after an event.

    What came since is detached, not deleted; what was deleted since comes back for all who had it. Raises what
    `Changes` raises.
    """
    touched = changes.repos.life.touched(agent_id, seq, changes.repos.history.last_seq())
    _restore_blocks(changes, agent_id, seq)
    for kind, target_id in touched:
        if kind not in APART and kind in TARGETS:
            _restore_entry(changes, target_id, seq)


def restore_block(changes: Changes, block_id: str, then: Block, deletion: MemoryEvent | None) -> Block:
    """One block as it was `then`; brought back where `deletion` took it away."""
    now = changes.repos.blocks.find(block_id)
    if now is None:
        now = changes.undelete_block(deletion) if deletion is not None else changes.repos.blocks.get(block_id)
    fields = then.model_dump(mode="json", exclude={"version", "created_at", "updated_at"})
    return changes.save_block(now, Block.model_validate({**now.model_dump(mode="json"), **fields}), may_overflow=True)


def _restore_blocks(changes: Changes, agent_id: str, seq: int) -> None:
    repos = changes.repos
    then = blocks_at(repos, agent_id, seq, deleted=True)
    wanted = [block.id for block in then]
    for block_id in repos.agents.get(agent_id).block_ids:
        if block_id not in wanted:
            changes.detach(repos.agents.get(agent_id), repos.blocks.get(block_id))
    for block in then:
        restore_block(changes, block.id, block, deletion_of(changes.repos, block.id))
    for place, block_id in enumerate(wanted):
        agent = repos.agents.get(agent_id)
        if agent.block_ids[place : place + 1] == (block_id,):
            continue
        block = repos.blocks.get(block_id)
        if block_id in agent.block_ids:
            agent = changes.detach(agent, block)
        changes.attach(agent, block, position=place)


def _restore_entry(changes: Changes, target_id: str, seq: int) -> None:
    history = changes.repos.history
    first = history.first_after(target_id, seq)
    if first is None:
        return
    deletion = deletion_of(changes.repos, target_id)
    if deletion is not None and first.before is not None:
        undo_event(changes, deletion)
    target = TARGETS[first.target_kind]
    now = target.now(changes, first)
    then = None if first.before is None else {**(now or {}), **history.fields_at(target_id, seq)}
    if now != then:
        target.become(changes, first, then)
