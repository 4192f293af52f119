"""Tools: those that are built in, found by name, id and kind."""

from app.domain.error import NotFound
from app.domain.tool import Tool as OurTool
from app.rest.call import Call, Endpoint
from app.rest.requests.pages import page_of
from app.rest.wire.base import Nothing
from app.rest.wire.tools import Tool, ToolQuery, tool_to_wire


async def list_tools(call: Call[ToolQuery, None]) -> list[Tool]:
    """Tools, newest first."""
    found = [tool for tool in await call.services.tools.list() if _fits(tool, call.query)]
    return [tool_to_wire(tool) for tool in page_of(found, call.query, lambda tool: tool.id)]


def _fits(tool: OurTool, query: ToolQuery) -> bool:
    words = (query.search or "").casefold()
    return (
        query.name in (None, tool.name)
        and (not query.names or tool.name in query.names)
        and (not query.tool_ids or tool.id in query.tool_ids)
        and (words in tool.name.casefold() or words in tool.description.casefold())
        and (not query.tool_types or tool.tool_type in query.tool_types)
        and tool.tool_type not in query.exclude_tool_types
        and (not query.return_only_letta_tools or tool.tool_type.startswith("letta_"))
    )


async def count_tools(call: Call[Nothing, None]) -> int:
    """How many tools there are."""
    return len(await call.services.tools.list())


async def get_tool(call: Call[Nothing, None]) -> Tool:
    """One tool."""
    for tool in await call.services.tools.list():
        if tool.id == call.id("tool_id"):
            return tool_to_wire(tool)
    raise NotFound("This tool does not exist.", hint="The list of tools has the ids.")


async def add_base_tools(call: Call[Nothing, None]) -> list[Tool]:
    """The built-in tools; they are there from the first start."""
    return [tool_to_wire(tool) for tool in await call.services.tools.list() if tool.tool_type.startswith("letta_")]


ENDPOINTS = (
    Endpoint("GET", "/v1/tools", list_tools),
    Endpoint("GET", "/v1/tools/count", count_tools),
    Endpoint("POST", "/v1/tools/add-base-tools", add_base_tools),
    Endpoint("GET", "/v1/tools/{tool_id}", get_tool),
)
