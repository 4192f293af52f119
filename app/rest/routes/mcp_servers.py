"""MCP servers: added, changed, tried and listed by programs, by id and in the older way by name.

What starts a program on this computer is refused until the person has allowed it; then the program's asking for it is
the consent that a person's press is in the window. A server at an address starts nothing here.
"""

import json
from typing import Any

from starlette.responses import Response

from app.domain.error import AppError, NotFound
from app.domain.mcp import McpDraft, McpServer
from app.rest.call import Call, Endpoint
from app.rest.requests.programs import check_may_add_programs
from app.rest.wire.base import API, Nothing
from app.rest.wire.mcp import (
    McpConfig,
    McpRefreshed,
    McpServerCreate,
    McpServerState,
    McpServerUpdate,
    McpTested,
    McpToolRun,
    McpToolTold,
    OldMcpServer,
    OldMcpServerState,
    offer_to_wire,
    old_server_to_wire,
    old_tool_to_wire,
    refresh_to_wire,
    run_to_wire,
    server_to_wire,
)
from app.rest.wire.tools import Tool, ToolExecutionResult, tool_to_wire

AnyRoute = Call[Any, Any]


async def list_servers(call: Call[Nothing, None]) -> list[McpServerState]:
    """MCP servers, oldest first."""
    return [server_to_wire(one.server) for one in await call.services.mcp_servers.list()]


async def create_server(call: Call[Nothing, McpServerCreate]) -> McpServerState:
    """Adds a server, starts it and lists its tools. One that does not answer is there all the same."""
    return server_to_wire(await _added(call, call.body.config.draft(call.body.server_name)))


async def get_server(call: Call[Nothing, None]) -> McpServerState:
    """One server."""
    return server_to_wire(await call.services.mcp_servers.get(call.id("mcp_server_id")))


async def update_server(call: Call[Nothing, McpServerUpdate]) -> McpServerState:
    """Changes what is given, and starts it again."""
    server = await call.services.mcp_servers.get(call.id("mcp_server_id"))
    return server_to_wire(await _updated(call, server, call.body.config.patched(server, call.body.server_name)))


async def delete_server(call: Call[Nothing, None]) -> None:
    """Ends a server and forgets it with its tools."""
    await call.services.mcp_servers.delete(call.id("mcp_server_id"), origin=API)


async def refresh_server(call: Call[Nothing, None]) -> McpRefreshed:
    """Lists its tools again: new ones are added, changed ones taken as they are, those that are gone deleted."""
    server = await _startable(call, call.id("mcp_server_id"))
    return refresh_to_wire(await call.services.mcp_servers.refresh(server.id, origin=API))


async def list_server_tools(call: Call[Nothing, None]) -> list[Tool]:
    """The tools of a server, by name, as they were when it was listed last."""
    return [tool_to_wire(one.tool) for one in await call.services.mcp_servers.tools(call.id("mcp_server_id"))]


async def get_server_tool(call: Call[Nothing, None]) -> Tool:
    """One tool of a server."""
    return await _tool(call)


async def run_server_tool(call: Call[Nothing, McpToolRun]) -> ToolExecutionResult:
    """Runs a tool by hand."""
    await _startable(call, call.id("mcp_server_id"))
    return run_to_wire(await call.services.mcp_servers.run((await _tool(call)).id, call.body.args))


async def old_list_servers(call: Call[Nothing, None]) -> dict[str, OldMcpServerState]:
    """MCP servers by name."""
    return {one.server.name: old_server_to_wire(one.server) for one in await call.services.mcp_servers.list()}


async def old_add_server(call: Call[Nothing, OldMcpServer]) -> list[OldMcpServerState]:
    """Adds a server, starts it and lists its tools. Answers all servers."""
    await _added(call, call.body.draft(call.body.server_name))
    return await _all_of_the_old(call)


async def old_update_server(call: Call[Nothing, McpConfig]) -> OldMcpServerState:
    """Changes what is given, and starts it again."""
    server = await _named(call)
    return old_server_to_wire(await _updated(call, server, call.body.patched(server, None)))


async def old_delete_server(call: Call[Nothing, None]) -> list[OldMcpServerState]:
    """Ends a server and forgets it with its tools. Answers those that are left."""
    await call.services.mcp_servers.delete((await _named(call)).id, origin=API)
    return await _all_of_the_old(call)


async def old_test_server(call: Call[Nothing, OldMcpServer]) -> McpTested:
    """Starts a server, lists its tools and ends it. Nothing is stored."""
    draft = call.body.draft(call.body.server_name)
    await _check(call, draft)
    hello = await call.services.mcp_servers.test(draft)
    return McpTested(tools=tuple(offer_to_wire(one) for one in hello.offers))


async def old_connect_server(call: Call[Nothing, OldMcpServer]) -> Any:
    """The same as a stream of events: an attempt, then its success or what went wrong."""
    draft = call.body.draft(call.body.server_name)
    await _check(call, draft)
    told: dict[str, Any]
    try:
        hello = await call.services.mcp_servers.test(draft)
        told = {"event": "success", "tools": [offer_to_wire(one).model_dump(by_alias=True) for one in hello.offers]}
    except AppError as error:
        told = {"event": "error", "message": f"{error.message} {error.hint}".strip()}
    events = ({"event": "connection_attempt", "server_name": draft.name}, told)
    text = "".join(f"data: {json.dumps(event, ensure_ascii=False)}\n\n" for event in events)
    return Response(text, media_type="text/event-stream")


async def old_list_tools(call: Call[Nothing, None]) -> list[McpToolTold]:
    """The tools of a server in the words of MCP. It is started where it does not run yet."""
    server = await _startable(call, (await _named(call)).id)
    await call.services.mcp_servers.start(server.id)
    return [old_tool_to_wire(one) for one in await call.services.mcp_servers.tools(server.id)]


async def old_add_tool(call: Call[Nothing, None]) -> Tool:
    """A tool of a server by its name there, for agents to have."""
    server, name = await _named(call), str(call.request.path_params["mcp_tool_name"])
    for one in await call.services.mcp_servers.tools(server.id):
        if name in (one.origin.tool_name, one.tool.name):
            return tool_to_wire(one.tool)
    raise NotFound(f"“{server.name}” offers no tool named “{name}”.", hint="The list of its tools has the names.")


async def _tool(call: AnyRoute) -> Tool:
    for one in await call.services.mcp_servers.tools(call.id("mcp_server_id")):
        if one.tool.id == call.id("tool_id"):
            return tool_to_wire(one.tool)
    raise NotFound("The MCP server has no tool of this id.", hint="The list of its tools has the ids.")


async def _added(call: AnyRoute, draft: McpDraft) -> McpServer:
    await _check(call, draft)
    return await _started(call, await call.services.mcp_servers.add(draft))


async def _updated(call: AnyRoute, server: McpServer, draft: McpDraft) -> McpServer:
    await _check(call, draft)
    return await _started(call, await call.services.mcp_servers.update(server.id, draft))


async def _started(call: AnyRoute, server: McpServer) -> McpServer:
    servers = call.services.mcp_servers
    approved = await servers.approve(server.id, server.launch.digest)
    try:
        await servers.start(server.id)
    except AppError:
        # It stays, as in the Letta API; whoever lists its tools or runs one is told what is wrong.
        return approved
    return approved


async def _check(call: AnyRoute, draft: McpDraft) -> None:
    if draft.transport == "stdio":
        await check_may_add_programs(call)


async def _startable(call: AnyRoute, server_id: str) -> McpServer:
    server = await call.services.mcp_servers.get(server_id)
    if server.launch.transport == "stdio":
        await check_may_add_programs(call)
    return server


async def _named(call: AnyRoute) -> McpServer:
    return await call.services.mcp_servers.named(str(call.request.path_params["mcp_server_name"]))


async def _all_of_the_old(call: AnyRoute) -> list[OldMcpServerState]:
    return [old_server_to_wire(one.server) for one in await call.services.mcp_servers.list()]


_SERVERS = "/v1/mcp-servers"
_OLD = "/v1/tools/mcp/servers"
ENDPOINTS = (
    Endpoint("GET", _SERVERS, list_servers),
    Endpoint("POST", _SERVERS, create_server),
    Endpoint("GET", f"{_SERVERS}/{{mcp_server_id}}", get_server),
    Endpoint("PATCH", f"{_SERVERS}/{{mcp_server_id}}", update_server),
    Endpoint("DELETE", f"{_SERVERS}/{{mcp_server_id}}", delete_server),
    Endpoint("PATCH", f"{_SERVERS}/{{mcp_server_id}}/refresh", refresh_server),
    Endpoint("GET", f"{_SERVERS}/{{mcp_server_id}}/tools", list_server_tools),
    Endpoint("GET", f"{_SERVERS}/{{mcp_server_id}}/tools/{{tool_id}}", get_server_tool),
    Endpoint("POST", f"{_SERVERS}/{{mcp_server_id}}/tools/{{tool_id}}/run", run_server_tool),
    Endpoint("GET", _OLD, old_list_servers),
    Endpoint("PUT", _OLD, old_add_server),
    Endpoint("POST", f"{_OLD}/test", old_test_server),
    Endpoint("POST", f"{_OLD}/connect", old_connect_server),
    Endpoint("PATCH", f"{_OLD}/{{mcp_server_name}}", old_update_server),
    Endpoint("DELETE", f"{_OLD}/{{mcp_server_name}}", old_delete_server),
    Endpoint("GET", f"{_OLD}/{{mcp_server_name}}/tools", old_list_tools),
    Endpoint("POST", f"{_OLD}/{{mcp_server_name}}/{{mcp_tool_name}}", old_add_tool),
)
