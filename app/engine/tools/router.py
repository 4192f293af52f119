"""How a call finds its tool: memory tools run inside the transaction, searches read, others go to the tool runner."""

from typing import Any

from app.domain.message import ToolReturnPart
from app.domain.tool import Tool
from app.engine.deps import EngineDeps
from app.engine.memory.block_tools import MEMORY_TOOLS
from app.engine.state import Call, RunState
from app.engine.tools.search import conversation_search
from app.ports.tools import ToolContext, ToolOutcome


def runs_in_transaction(tool: Tool) -> bool:
    """Whether the tool is a pure function of memory, evaluated when its return is stored."""
    return tool.name in MEMORY_TOOLS


def starts_unnoticed(tool: Tool) -> bool:
    """Whether running it twice could do harm, so that its start must be recorded first."""
    return not tool.idempotent


async def run_tool(
    tool: Tool, call: Call, arguments: dict[str, Any], state: RunState, ports: EngineDeps
) -> ToolReturnPart:
    """Runs a tool that reaches outside memory. Its failure is a return for the model."""
    begun = ports.clock.now()
    if tool.name == "conversation_search":
        outcome = await conversation_search(state.agent_id, arguments, ports)
    else:
        context = ToolContext(
            agent_id=state.agent_id,
            conversation_id=state.conversation_id,
            run_id=state.run_id,
            tool_call_id=call.tool_call_id,
        )
        outcome = await ports.tools.run(tool, arguments, context)
    return _part(tool, call, outcome, (ports.clock.now() - begun) // 1000)


def _part(tool: Tool, call: Call, outcome: ToolOutcome, duration_ms: int) -> ToolReturnPart:
    text, limit = outcome.text, tool.return_char_limit
    if len(text) > limit:
        text = f"{text[:limit]}\n[cut: {len(outcome.text):,} characters in all, {limit:,} shown]"
    return ToolReturnPart(
        tool_call_id=call.tool_call_id,
        name=call.name,
        status="success" if outcome.ok else "error",
        text=text,
        stdout=outcome.stdout,
        stderr=outcome.stderr,
        duration_ms=duration_ms,
    )
