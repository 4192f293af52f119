"""A tool: something an agent can call."""

from typing import Any, Literal

from app.domain.base import Field, Frozen, Micros

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
"""The tool types of the Letta API."""

MEMORY_TYPES: frozenset[ToolType] = frozenset({"letta_memory_core", "letta_sleeptime_core"})
"""Pure functions of memory, evaluated in the transaction that stores their return."""
ASKED_ABOUT: frozenset[ToolType] = frozenset({"custom", "letta_builtin", "letta_multi_agent_core", "external_mcp"})
"""Tools that run code, reach the network or other agents, or write outside memory."""
ALSO_MEMORY: frozenset[str] = frozenset({"archival_memory_insert"})
"""Built-in tools of other types that are evaluated there too."""


NOT_SET_UP: frozenset[str] = frozenset(
    {
        "open_files",
        "grep_files",
        "semantic_search_files",
        "send_message_to_agent_and_wait_for_reply",
        "send_message_to_agents_matching_tags",
        "send_message_to_agent_async",
    }
)
"""Built-in tools that exist, so that agents and agent files may name them, but cannot run in this version."""


class Requirement(Frozen):
    """A package that the source of a tool needs."""

    name: str
    version: str | None = None
    """Exactly this one; None: any."""

    @property
    def told(self) -> str:
        return self.name if self.version is None else f"{self.name}=={self.version}"


class ToolFolder(Frozen):
    """A folder of this computer that a tool may use."""

    path: str
    """Absolute."""
    writable: bool = False


class ToolAccess(Frozen):
    """What a tool that people write may use besides its own empty folder; nothing until a person allows it."""

    network: bool = False
    """Connections to public addresses; never to this computer or its own network."""
    folders: tuple[ToolFolder, ...] = ()
    other_agents: bool = False
    """Its client may read and change other agents than the one that calls it, too."""


NO_ACCESS = ToolAccess()
"""What a tool has that nobody allowed anything."""


class Tool(Frozen):
    """A tool as models are told of it and as the router finds its runner."""

    id: str
    name: str
    tool_type: ToolType
    description: str = ""
    parameters: dict[str, Any]
    """JSON schema of the arguments, an object schema."""
    tags: tuple[str, ...] = ()
    source_code: str | None = None
    source_type: str = "python"
    """Language of the source."""
    arguments_schema: dict[str, Any] | None = None
    """JSON schema of the arguments as it was given with the source, where one was."""
    pip_requirements: tuple[Requirement, ...] = ()
    npm_requirements: tuple[Requirement, ...] = ()
    access: ToolAccess = NO_ACCESS
    secret_names: tuple[str, ...] = ()
    """Of environment variables that its calls get, whoever calls it. Their values are in the secret store."""
    requires_approval: bool | None = None
    """Whether an agent that gets it is to ask before each call (`default_requires_approval` of the Letta API). A change
    does not touch the agents that have it."""
    parallel: bool = False
    """Whoever wrote it says that it may run beside others."""
    metadata: dict[str, Any] = Field(default_factory=dict)
    return_char_limit: int = 50_000
    idempotent: bool = False
    """True: running it twice equals running it once, so it may be repeated after a crash."""
    version: int = 1
    created_at: Micros
    updated_at: Micros

    @property
    def built_in(self) -> bool:
        """It comes with Lares; nobody else may make a tool of its name."""
        return self.tool_type.startswith("letta_")

    @property
    def set_up(self) -> bool:
        """False: it cannot run here. Agents may have it all the same; no model is told of it."""
        return not self.why_not_set_up

    @property
    def why_not_set_up(self) -> str:
        """A sentence; empty where it can run."""
        if self.built_in:
            return "This version of Lares cannot run it." if self.name in NOT_SET_UP else ""
        if self.tool_type == "external_mcp":
            return self._why_no_server_runs_it
        if self.tool_type != "custom":
            return "This version of Lares runs no tools of this kind."
        if self.source_type != "python":
            return f"Lares runs no tools in {self.source_type}."
        if self.npm_requirements:
            return "It needs packages for JavaScript, which this version of Lares does not install."
        return "" if self.source_code else "It has no source."

    @property
    def _why_no_server_runs_it(self) -> str:
        """What its metadata says of its server is read by `app.domain.mcp.McpOrigin`."""
        told: Any = self.metadata.get("mcp")
        if not isinstance(told, dict) or "server_id" not in told:
            return "Its MCP server is not known here."
        return "Its MCP server offers it no longer." if "missing" in told else ""

    @property
    def edits_memory(self) -> bool:
        """It has no effect but on memory: blocks and passages."""
        return self.tool_type in MEMORY_TYPES or (self.built_in and self.name in ALSO_MEMORY)

    @property
    def within_memory(self) -> bool:
        """It reads or edits what its agent remembers, and does nothing else."""
        return self.edits_memory or self.tool_type == "letta_core"

    @property
    def asks_first(self) -> bool:
        """Whether an agent that gets it from a person, in the window, asks before each call until told otherwise."""
        return self.tool_type in ASKED_ABOUT if self.requires_approval is None else self.requires_approval

    @property
    def parallel_safe(self) -> bool:
        """It may run beside other tools of its kind: what can be repeated does not care when it runs."""
        return self.idempotent or self.parallel


class ToolDraft(Frozen):
    """A tool that somebody writes. What is None is read from the source."""

    source_code: str
    source_type: str = "python"
    name: str | None = None
    description: str | None = None
    parameters: dict[str, Any] | None = None
    """JSON schema of the arguments."""
    arguments_schema: dict[str, Any] | None = None
    tags: tuple[str, ...] = ()
    pip_requirements: tuple[Requirement, ...] = ()
    npm_requirements: tuple[Requirement, ...] = ()
    access: ToolAccess | None = None
    """None: what the tool of this name has, else nothing."""
    requires_approval: bool | None = None
    parallel: bool = False
    return_char_limit: int = 50_000
    metadata: dict[str, Any] = Field(default_factory=dict)


class ToolPatch(Frozen):
    """What is to change of a tool; None leaves a field as it is."""

    source_code: str | None = None
    source_type: str | None = None
    description: str | None = None
    parameters: dict[str, Any] | None = None
    arguments_schema: dict[str, Any] | None = None
    tags: tuple[str, ...] | None = None
    pip_requirements: tuple[Requirement, ...] | None = None
    npm_requirements: tuple[Requirement, ...] | None = None
    access: ToolAccess | None = None
    requires_approval: bool | None = None
    parallel: bool | None = None
    return_char_limit: int | None = None
    metadata: dict[str, Any] | None = None


class SourceFault(Frozen):
    """One thing that is wrong with the source of a tool."""

    line: int
    """Counted from 1."""
    text: str
    """A sentence."""


class ToolReading(Frozen):
    """What a source says of itself, read without running it."""

    name: str = ""
    description: str = ""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """JSON schema of the arguments."""
    tokens: int = 0
    """Of what models are told of it, estimated."""
    faults: tuple[SourceFault, ...] = ()
    """Empty where it can be used."""


class ToolUse(Frozen):
    """A tool, how many agents have it, and what it costs those."""

    tool: Tool
    agents: int
    tokens: int = 0
    """Of its schema, in every request of an agent that has it; as examining a source estimates it."""
