"""Tools that their MCP servers have changed since a person agreed to them: a call asks, a yes takes the change."""

from collections.abc import Iterable, Sequence

from app.domain.approval import Answer
from app.domain.base import Micros
from app.domain.event import Changed
from app.domain.mcp import McpOrigin
from app.domain.tool import Tool
from app.engine.mcp.listing import accepted
from app.engine.state import RunState
from app.ports.storage import Repositories


def changed_tools(repos: Repositories, names: Iterable[str]) -> dict[str, str]:
    """Of these tools those whose change waits for a person: the digests of the changes, by the tools' names."""
    return {tool.name: digest for tool in repos.tools.by_names(tuple(names)) if (digest := _change(tool))}


def agree_to_changes(repos: Repositories, asked: RunState, answers: Sequence[Answer], now: Micros) -> None:
    """Takes the changes of tools whose calls are approved, each as it was seen. One that came later goes on waiting."""
    calls = {call.tool_call_id: call for call in asked.calls}
    agreed = {
        calls[one.tool_call_id].name: one.seen or calls[one.tool_call_id].change
        for one in answers
        if one.approve and one.tool_call_id in calls
    }
    for tool in repos.tools.by_names(tuple(agreed)):
        if _change(tool) and _change(tool) == agreed[tool.name]:
            repos.tools.upsert(accepted(tool, now))
            repos.changed(Changed(kind="tool", ids=(tool.id,)))


def _change(tool: Tool) -> str:
    origin = McpOrigin.of(tool)
    return origin.changed.digest if origin is not None and origin.changed is not None else ""
