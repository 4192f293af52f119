"""MCP servers on the wire, in both families: by id with a nested configuration, and by name with a flat one.

Values of variables, headers and tokens come in and never out: in their place stands a mask, and who sends the mask back
leaves the value as it is.
"""

from typing import Annotated, Literal

from pydantic import Field

from app.domain.json_value import JsonObject
from app.domain.mcp import McpAnswer, McpDraft, McpOffer, McpRefresh, McpServer, McpTool, McpTransport
from app.rest.errors import Misshapen
from app.rest.wire.base import Name, RequestModel, ResponseModel
from app.rest.wire.tools import ToolExecutionResult

MASK = "********"
AUTHORIZATION = "Authorization"
_TRANSPORTS: dict[str, McpTransport] = {
    "stdio": "stdio",
    "sse": "sse",
    "streamable_http": "streamable_http",
    "streamable-http": "streamable_http",
    "http": "streamable_http",
}


class McpConfig(RequestModel):
    """A configuration of any kind; what is not given of a change stays as it is."""

    type: Name | None = None
    mcp_server_type: Name | None = None
    command: str | None = None
    args: tuple[str, ...] | None = None
    env: dict[str, str] | None = None
    server_url: str | None = None
    auth_header: Name | None = None
    auth_token: str | None = None
    token: str | None = None
    custom_headers: dict[str, str] | None = None

    @property
    def transport(self) -> McpTransport | None:
        """Raises `Misshapen` for a type that is none."""
        named = self.mcp_server_type or self.type
        if named is None:
            return None if self.command is None and self.server_url is None else self._guessed
        found = _TRANSPORTS.get(named)
        if found is None:
            raise Misshapen("body.mcp_server_type: one of stdio, sse, streamable_http is needed")
        return found

    @property
    def _guessed(self) -> McpTransport:
        return "stdio" if self.command is not None else "streamable_http"

    def draft(self, name: str) -> McpDraft:
        """A new server. Raises `Misshapen`."""
        transport = self.transport
        if transport is None or not (self.command if transport == "stdio" else self.server_url):
            raise Misshapen("body.command or body.server_url: what to start or to connect to is needed")
        return self._changed(McpDraft(name=name, transport=transport))

    def patched(self, server: McpServer, name: str | None) -> McpDraft:
        """What is to become of a server. Raises `Misshapen`."""
        return self._changed(server.draft.model_copy(update={"name": name or server.name}))

    def _changed(self, draft: McpDraft) -> McpDraft:
        token = self.auth_token if self.auth_token is not None else self.token
        given = {
            "transport": self.transport,
            "command": self.command,
            "args": self.args,
            "env": None if self.env is None else _unmasked(self.env),
            "url": self.server_url,
            "headers": None if self.custom_headers is None else _unmasked(self.custom_headers),
            "auth_header": self.auth_header,
            "token": None if token == MASK else token,
        }
        return draft.model_copy(update={name: value for name, value in given.items() if value is not None})


class McpServerCreate(RequestModel):
    server_name: Name
    config: McpConfig


class McpServerUpdate(RequestModel):
    server_name: Name | None = None
    config: McpConfig = Field(default_factory=McpConfig)


class OldMcpServer(McpConfig):
    server_name: Name


class McpToolRun(RequestModel):
    args: JsonObject = Field(default_factory=dict)


class _ServerState(ResponseModel):
    """Of a program and of an address alike: what does not apply is null."""

    server_name: str
    command: str | None = None
    args: tuple[str, ...] | None = None
    env: dict[str, str] | None = None
    server_url: str | None = None
    auth_header: str | None = None
    auth_token: str | None = None
    custom_headers: dict[str, str] | None = None


class McpServerState(_ServerState):
    id: str
    mcp_server_type: str


class OldMcpServerState(_ServerState):
    type: str


class McpToolTold(ResponseModel):
    """A tool in the words of MCP."""

    name: str
    title: str | None = None
    description: str | None = None
    inputSchema: JsonObject
    outputSchema: JsonObject | None = None
    annotations: JsonObject | None = None
    meta: Annotated[JsonObject | None, Field(serialization_alias="_meta")] = None
    health: JsonObject | None = None


class McpTested(ResponseModel):
    status: Literal["success"] = "success"
    tools: tuple[McpToolTold, ...]


class McpRefreshed(ResponseModel):
    added: tuple[str, ...]
    updated: tuple[str, ...]
    deleted: tuple[str, ...]


def server_to_wire(server: McpServer) -> McpServerState:
    return McpServerState(id=server.id, mcp_server_type=server.launch.transport, **_fields(server))


def old_server_to_wire(server: McpServer) -> OldMcpServerState:
    return OldMcpServerState(type=server.launch.transport, **_fields(server))


def offer_to_wire(offer: McpOffer) -> McpToolTold:
    return McpToolTold(
        name=offer.name,
        title=offer.title or None,
        description=offer.description,
        inputSchema=offer.parameters,
        annotations={"readOnlyHint": offer.read_only},
    )


def old_tool_to_wire(one: McpTool) -> McpToolTold:
    return McpToolTold(
        name=one.origin.tool_name,
        description=one.tool.description,
        inputSchema=one.tool.parameters,
        annotations={"readOnlyHint": one.origin.read_only},
    )


def run_to_wire(answer: McpAnswer) -> ToolExecutionResult:
    return ToolExecutionResult(
        status="success" if answer.ok else "error", func_return=answer.text, stdout=(), stderr=()
    )


def refresh_to_wire(found: McpRefresh) -> McpRefreshed:
    return McpRefreshed(added=found.added, updated=found.updated, deleted=found.deleted)


def _fields(server: McpServer) -> JsonObject:
    launch = server.launch
    fields: JsonObject = {"server_name": server.name}
    if launch.transport == "stdio":
        return {**fields, "command": launch.command, "args": launch.args, "env": dict.fromkeys(launch.env_names, MASK)}
    token = {"auth_header": server.auth_header or AUTHORIZATION, "auth_token": MASK} if server.has_token else {}
    headers = dict.fromkeys(launch.header_names, MASK)
    return {**fields, "server_url": launch.url, **token, "custom_headers": headers or None}


def _unmasked(values: dict[str, str]) -> dict[str, str | None]:
    return {name: None if value == MASK else value for name, value in values.items()}
