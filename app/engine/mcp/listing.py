"""What a server offers becomes rows of tools, under names that models accept; what changed waits for a person.

A tool keeps its name and id as long as its server tells of it. Nothing is deleted here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.base import Micros
from app.domain.event import Changed
from app.domain.mcp import TAG, McpChange, McpOffer, McpOrigin, McpRefresh, McpServer
from app.domain.page import ToolFilter
from app.domain.tool import Tool
from app.engine.mcp.names import tool_name
from app.engine.mcp.plain import MOST_DESCRIPTION, plain
from app.engine.mcp.schemas import mended
from app.ports.storage import Repositories
from app.ports.system import IdFactory

RETURN_CHARS = 50_000
"""Of a return, as other tools have it."""


@dataclass(frozen=True)
class Listing:
    """An offer in our words."""

    offer: McpOffer
    description: str
    parameters: dict[str, object]

    @classmethod
    def of(cls, offer: McpOffer) -> "Listing":
        words = plain(offer.description or offer.title, MOST_DESCRIPTION)
        return cls(offer, words, mended(offer.parameters))


def tools_of(repos: Repositories, server_id: str) -> dict[str, tuple[Tool, McpOrigin]]:
    """The tools of a server, by their names there."""
    found: dict[str, tuple[Tool, McpOrigin]] = {}
    for tool in repos.tools.list(ToolFilter(types=("external_mcp",))):
        origin = McpOrigin.of(tool)
        if origin is not None and origin.server_id == server_id:
            found[origin.tool_name] = (tool, origin)
    return found


def store_offers(
    repos: Repositories, ids: IdFactory, now: Micros, server: McpServer, listings: Sequence[Listing], *, accept: bool
) -> McpRefresh:
    """Makes the rows say what the server offers. `accept`: somebody asked for it and is told, so changes need nobody
    else's look. What it offers no longer is marked.
    """
    known = tools_of(repos, server.id)
    taken = {tool.name for tool in repos.tools.list()}
    added, updated, waiting, touched = list[str](), list[str](), list[str](), list[str]()
    for one in listings:
        name = one.offer.name
        if name not in known:
            tool = _new(one, server, tool_name(name, server.name, taken), ids.new("tool"), now)
            taken.add(tool.name)
            added.append(tool.name)
        else:
            before, origin = known[name]
            tool = _renewed(before, origin, one, server, now, accept=accept)
            if tool == before:
                continue
            after = McpOrigin.of(tool)
            if after is not None and after.changed is not None:
                waiting.append(tool.name)
            elif tool.version != before.version:
                updated.append(tool.name)
        touched.append(repos.tools.upsert(tool).id)
    offered = {one.offer.name for one in listings}
    for name, (tool, origin) in known.items():
        if name not in offered and not origin.missing:
            gone = origin.model_copy(update={"missing": True})
            touched.append(repos.tools.upsert(with_origin(tool, gone, now)).id)
    if touched:
        repos.changed(Changed(kind="tool", ids=tuple(touched)))
    return McpRefresh(added=tuple(added), updated=tuple(updated), waiting=tuple(waiting))


def accepted(tool: Tool, now: Micros) -> Tool:
    """The tool as its server tells of it now; the same where nothing waits."""
    origin = McpOrigin.of(tool)
    if origin is None or origin.changed is None:
        return tool
    told = {"description": origin.changed.description, "parameters": origin.changed.parameters}
    renewed = tool.model_copy(update={**told, "version": tool.version + 1})
    return with_origin(renewed, origin.model_copy(update={"changed": None}), now)


def with_origin(tool: Tool, origin: McpOrigin, now: Micros) -> Tool:
    """The tool with what its metadata and tags say of where it is from."""
    told = origin.model_dump(mode="json", exclude_defaults=True)
    tags = tuple(one for one in tool.tags if not one.startswith(TAG))
    return tool.model_copy(
        update={
            "metadata": {**tool.metadata, "mcp": told},
            "tags": (*tags, f"{TAG}{origin.server_name}"),
            "updated_at": now,
        }
    )


def _new(one: Listing, server: McpServer, name: str, tool_id: str, now: Micros) -> Tool:
    tool = Tool(
        id=tool_id,
        name=name,
        tool_type="external_mcp",
        description=one.description,
        parameters=one.parameters,
        return_char_limit=RETURN_CHARS,
        created_at=now,
        updated_at=now,
    )
    return with_origin(tool, _origin(one, server), now)


def _origin(one: Listing, server: McpServer) -> McpOrigin:
    return McpOrigin(
        server_id=server.id, server_name=server.name, tool_name=one.offer.name, read_only=one.offer.read_only
    )


def _renewed(before: Tool, origin: McpOrigin, one: Listing, server: McpServer, now: Micros, *, accept: bool) -> Tool:
    """A tool that says of itself that it only reads must not come to be trusted by saying so later."""
    same = (before.description, before.parameters) == (one.description, one.parameters)
    change = None if same else McpChange(description=one.description, parameters=one.parameters)
    read_only = one.offer.read_only if same or accept else origin.read_only
    told = _origin(one, server).model_copy(update={"changed": change, "read_only": read_only})
    if told == origin:
        return before
    renewed = with_origin(before, told, now)
    return accepted(renewed, now) if accept else renewed
