"""Tools: found by name, id and kind; written, changed, deleted and tried by programs that may."""

import uuid

from app.domain.error import Invalid
from app.domain.page import ToolFilter
from app.domain.wire_message import iso
from app.rest.call import Call, Endpoint
from app.rest.requests.pages import asked_page
from app.rest.requests.programs import check_may_add_programs
from app.rest.wire.base import API, Nothing
from app.rest.wire.tools import (
    Tool,
    ToolCreate,
    ToolExecutionResult,
    ToolQuery,
    ToolReturned,
    ToolRun,
    ToolRunFromSource,
    ToolSearch,
    ToolSearchResult,
    ToolUpdate,
    executed_to_wire,
    found_to_wire,
    returned_to_wire,
    tool_to_wire,
)


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


async def write_tool(call: Call[Nothing, ToolCreate]) -> Tool:
    """A new tool from its source, or a new version of the one of that name."""
    await check_may_add_programs(call)
    tool = await call.services.tools.write(call.body.draft())
    await call.services.tools.agree_to_packages(tool.pip_requirements)
    return tool_to_wire(tool)


async def update_tool(call: Call[Nothing, ToolUpdate]) -> Tool:
    """Changes a tool; a source brings its own description and arguments."""
    await check_may_add_programs(call)
    tool = await call.services.tools.update(call.id("tool_id"), call.body.patch())
    await call.services.tools.agree_to_packages(tool.pip_requirements)
    return tool_to_wire(tool)


async def delete_tool(call: Call[Nothing, None]) -> None:
    """Forgets a tool; agents that had it lose it."""
    await call.services.tools.delete(call.id("tool_id"), origin=API)


async def search_tools(call: Call[Nothing, ToolSearch]) -> list[ToolSearchResult]:
    """Tools that have words of the query in their name, tags or description, the best first."""
    body = call.body
    if body.search_mode == "vector":
        raise Invalid("Tools are searched by their words here, not by meaning.", hint="Use fts or hybrid.")
    found = await call.services.tools.search(body.query or "", ToolFilter(types=body.tool_types or ()))
    wanted = set(body.tags or ())
    return found_to_wire(tuple(one for one in found if not wanted or wanted & set(one.tags))[: body.limit])


async def run_source(call: Call[Nothing, ToolRunFromSource]) -> ToolReturned:
    """Tries a source in the sandbox, without storing it."""
    await check_may_add_programs(call)
    draft = call.body.draft()
    await call.services.tools.agree_to_packages(draft.pip_requirements)
    result = await call.services.tools.run_source(draft, call.body.args, call.body.env_vars)
    number, now = uuid.uuid4(), iso(call.context.clock.now())
    return returned_to_wire(result, f"message-{number}", f"call_{number.hex[:24]}", now, call.body.name or "")


async def run_tool(call: Call[Nothing, ToolRun]) -> ToolExecutionResult:
    """Runs a tool of an agent by hand, with the agent's secrets."""
    await check_may_add_programs(call)
    name = call.request.path_params["tool_name"]
    return executed_to_wire(await call.services.tools.run(call.id("agent_id"), str(name), call.body.args))


ENDPOINTS = (
    Endpoint("GET", "/v1/tools", list_tools),
    Endpoint("GET", "/v1/tools/count", count_tools),
    Endpoint("POST", "/v1/tools/add-base-tools", add_base_tools),
    Endpoint("POST", "/v1/tools", write_tool),
    Endpoint("PUT", "/v1/tools", write_tool),
    Endpoint("POST", "/v1/tools/run", run_source),
    Endpoint("POST", "/v1/tools/search", search_tools),
    Endpoint("GET", "/v1/tools/{tool_id}", get_tool),
    Endpoint("PATCH", "/v1/tools/{tool_id}", update_tool),
    Endpoint("DELETE", "/v1/tools/{tool_id}", delete_tool),
    Endpoint("POST", "/v1/agents/{agent_id}/tools/{tool_name}/run", run_tool),
)
