"""Tools: those that are built in, found by name, id and kind."""

from app.domain.page import ToolFilter
from app.rest.call import Call, Endpoint
from app.rest.requests.pages import asked_page
from app.rest.wire.base import Nothing
from app.rest.wire.tools import Tool, ToolQuery, tool_to_wire


async def list_tools(call: Call[ToolQuery, None]) -> list[Tool]:
    """Tools, newest first."""
    found = await call.services.tools.list(call.query.filter(), asked_page(call.query, "tool"))
    return [tool_to_wire(tool) for tool in found]


async def count_tools(call: Call[ToolQuery, None]) -> int:
    """How many tools there are."""
    return await call.services.tools.count(call.query.filter())


async def get_tool(call: Call[Nothing, None]) -> Tool:
    """One tool."""
    return tool_to_wire(await call.services.tools.get(call.id("tool_id")))


async def add_base_tools(call: Call[Nothing, None]) -> list[Tool]:
    """The built-in tools; they are there from the first start."""
    return [tool_to_wire(tool) for tool in await call.services.tools.list(ToolFilter(built_in=True))]


ENDPOINTS = (
    Endpoint("GET", "/v1/tools", list_tools),
    Endpoint("GET", "/v1/tools/count", count_tools),
    Endpoint("POST", "/v1/tools/add-base-tools", add_base_tools),
    Endpoint("GET", "/v1/tools/{tool_id}", get_tool),
)
