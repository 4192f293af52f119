"""A memory tool carried out: what it makes of the blocks is stored with its history. Runs inside a transaction."""

from typing import Any

from app.domain.error import AppError
from app.engine.memory.block_edits import MemoryResult
from app.engine.memory.block_tools import run_memory_tool
from app.engine.memory.changes import Changes


def edit_blocks(changes: Changes, agent_id: str, tool: str, arguments: dict[str, Any]) -> MemoryResult:
    """What the model reads. Never raises for what the model did wrong; then nothing is stored."""
    result = run_memory_tool(tool, changes.repos.blocks.of_agent(agent_id), arguments)
    try:
        changes.carry_out(result.edits, agent_id)
    except AppError as error:
        return MemoryResult(False, f"Not changed. {error.message} {error.hint}".strip())
    return result
