"""Tools that reach outside memory: they run before the transaction, at most once unless marked idempotent."""

from typing import Any, Protocol

from app.domain.base import Frozen
from app.domain.tool import Tool


class ToolContext(Frozen):
    """Who calls a tool."""

    agent_id: str
    conversation_id: str
    run_id: str
    tool_call_id: str


class ToolOutcome(Frozen):
    """What a tool gave back. An error is a sentence for the model, never an exception."""

    ok: bool
    text: str
    stdout: tuple[str, ...] = ()
    stderr: tuple[str, ...] = ()


class ToolRunner(Protocol):
    async def run(self, tool: Tool, arguments: dict[str, Any], context: ToolContext) -> ToolOutcome: ...
