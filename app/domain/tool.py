"""A tool: something an agent can call."""

from typing import Any, Literal

from app.domain.base import Frozen, Micros

ToolType = Literal[
    "custom",
    "letta_core",
    "letta_memory_core",
    "letta_sleeptime_core",
    "letta_files_core",
    "letta_builtin",
    "letta_multi_agent_core",
    "external_mcp",
]


class Tool(Frozen):
    id: str
    name: str
    tool_type: ToolType
    description: str = ""
    parameters: dict[str, Any]
    """JSON schema of the arguments, an object schema."""
    tags: tuple[str, ...] = ()
    source_code: str | None = None
    return_char_limit: int = 50_000
    idempotent: bool = False
    """True: running it twice equals running it once, so it may be repeated after a crash."""
    version: int = 1
    created_at: Micros
    updated_at: Micros
