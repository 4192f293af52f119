"""MCP servers: what people and programs do with them."""

import asyncio
from typing import Any

from app.domain.address import web_address
from app.domain.error import AppError, Conflict, Invalid, NotFound
from app.domain.event import Changed
from app.domain.history import USER, Origin
from app.domain.mcp import (
    McpAnswer,
    McpDraft,
    McpError,
    McpHello,
    McpLine,
    McpOrigin,
    McpPaste,
    McpPrompt,
    McpRefresh,
    McpResource,
    McpServer,
    McpTool,
    McpView,
)
from app.domain.tool import Tool
from app.engine.deps import EngineDeps
from app.engine.mcp.listing import accepted, tools_of, with_origin
from app.engine.mcp.paste import pasted
from app.engine.tools.mcp import changed_since
from app.ports.storage import Repositories
from app.services.changing import change, check_version
from app.services.mcp.connections import McpConnections
from app.services.mcp.secrets import AUTHORIZATION, McpSecrets
from app.services.tools import forget_tool

MOST_NAME, MOST_WORDS, MOST_VALUE = 60, 200, 32_000
"""Characters of a server's name; arguments of a program; characters of one of them or of a value."""
LEAST_SECONDS, MOST_SECONDS = 0.1, 600.0


class McpServers:
    def __init__(self, deps: EngineDeps, secrets: McpSecrets, connections: McpConnections) -> None:
        self._deps = deps
        self._secrets = secrets
        self._connections = connections

    async def list(self) -> tuple[McpView, ...]:
        """All of them, in the order in which they were added. Starts nothing."""

        def work(repos: Repositories) -> tuple[tuple[McpServer, tuple[McpOrigin, ...]], ...]:
            return tuple(
                (one, tuple(origin for _, origin in tools_of(repos, one.id).values()))
                for one in repos.mcp_servers.list()
            )

        found = await self._deps.storage.read(work)
        return tuple(self._view(server, origins) for server, origins in found)

    async def get(self, server_id: str) -> McpServer:
        """Raises `NotFound`."""
        return await self._deps.storage.read(lambda repos: repos.mcp_servers.get(server_id))

    async def named(self, name: str) -> McpServer:
        """Raises `NotFound`."""
        found = await self._deps.storage.read(lambda repos: repos.mcp_servers.named(name))
        if found is None:
            raise NotFound(f"There is no MCP server named “{name}”.", details={"kind": "mcp_server", "name": name})
        return found

    async def view(self, server_id: str) -> McpView:
        """One server as lists show it. Raises `NotFound`."""

        def work(repos: Repositories) -> tuple[McpServer, tuple[McpOrigin, ...]]:
            server = repos.mcp_servers.get(server_id)
            return server, tuple(origin for _, origin in tools_of(repos, server_id).values())

        return self._view(*await self._deps.storage.read(work))

    async def parse(self, text: str) -> McpPaste:
        """What a block of Claude Desktop, Cursor or VS Code says. Nothing is stored or started."""
        return await asyncio.to_thread(pasted, text)

    async def add(self, draft: McpDraft) -> McpServer:
        """Stores a server, which starts nothing before `approve`. Raises `Invalid` and `Conflict` (`name_taken`)."""
        now = self._deps.clock.now()
        server = _server_of(draft, self._deps.ids.new("mcp_server"), now)

        def work(repos: Repositories) -> McpServer:
            repos.mcp_servers.add(server)
            _note(repos, server)
            return server

        await self._deps.storage.write(work)
        try:
            await self._secrets.keep(server.id, draft, None)
        except AppError:
            await self._deps.storage.write(lambda repos: repos.mcp_servers.delete(server.id))
            raise
        return server

    async def update(self, server_id: str, draft: McpDraft, expected_version: int | None = None) -> McpServer:
        """Changes a server; values of None stay as they are. What it would start now has to be agreed to again.

        Raises `NotFound`, `Invalid` and `Conflict`.
        """
        now = self._deps.clock.now()
        before = await self.get(server_id)
        _check_values_stay_here(before, draft)
        renewed = _server_of(draft, server_id, now)

        def work(repos: Repositories) -> McpServer:
            known = repos.mcp_servers.get(server_id)
            check_version(f"“{known.name}”", known.version, expected_version)
            has_token = known.has_token if draft.token is None else bool(draft.token)
            kept = {"approved": known.approved, "created_at": known.created_at, "version": known.version + 1}
            kept["signed_in"] = known.signed_in and known.launch.url == renewed.launch.url
            server = renewed.model_copy(update={**kept, "has_token": has_token})
            repos.mcp_servers.save(server)
            if server.name != known.name:
                _rename(repos, server, now)
            _note(repos, server)
            return server

        server = await self._deps.storage.write(work)
        await self._secrets.keep(server_id, draft, before)
        if before.signed_in and not server.signed_in:
            await self._secrets.keep_grant(server_id, None)
        await self._connections.stop(server_id, "Its settings changed.")
        return server

    async def delete(self, server_id: str, origin: Origin = USER) -> None:
        """Ends it and forgets it with its tools and secrets; agents lose those tools, which their history tells.

        Raises `NotFound`.
        """
        await self.get(server_id)
        await self._connections.stop(server_id)

        def work(changes: Any) -> McpServer:
            server = changes.repos.mcp_servers.get(server_id)
            for tool, _ in tools_of(changes.repos, server_id).values():
                forget_tool(changes, tool)
            changes.repos.mcp_servers.delete(server_id)
            _note(changes.repos, server)
            return server

        await self._secrets.forget(await change(self._deps, origin, work))
        self._connections.forget(server_id)

    async def approve(self, server_id: str, digest: str) -> McpServer:
        """A person has seen what this server starts, of which `digest` is the `McpLaunch.digest`, and agrees.

        Raises `NotFound`, and `Invalid` where it is another by now.
        """

        def work(repos: Repositories) -> McpServer:
            known = repos.mcp_servers.get(server_id)
            if known.launch.digest != digest:
                raise Invalid(
                    f"What “{known.name}” starts has changed meanwhile.",
                    hint="Look at the command again, then start it.",
                )
            server = known.model_copy(update={"approved": digest})
            repos.mcp_servers.save(server)
            _note(repos, server)
            return server

        return await self._deps.storage.write(work)

    async def start(self, server_id: str) -> McpHello:
        """Starts it now; one that runs stays. Raises `McpError` and `NotFound`."""
        return await self._connections.start(server_id)

    async def stop(self, server_id: str) -> None:
        """Ends its session; the next call starts it again. Raises `NotFound`."""
        await self.get(server_id)
        await self._connections.stop(server_id)

    async def restart(self, server_id: str) -> McpHello:
        """Raises `McpError` and `NotFound`."""
        await self.stop(server_id)
        return await self.start(server_id)

    async def sign_in(self, server_id: str) -> None:
        """A person wants to sign in at this server. Returns at once; `McpView.status` says how it goes on, and has the
        address that the person opens. `stop` ends it. Raises `McpError` (`mcp_unseen`), `Invalid` and `NotFound`.
        """
        if (await self.get(server_id)).launch.transport == "stdio":
            raise Invalid("A program on this computer has no such sign-in.", hint="Enter its key as a variable.")
        await self._connections.sign_in(server_id)

    async def sign_out(self, server_id: str) -> None:
        """Ends its session and forgets the tokens, here and at the server where it answers. Raises `NotFound`."""
        grant = await self._secrets.grant(await self.get(server_id))
        await self._connections.sign_out(server_id, grant)

    async def test(self, draft: McpDraft, server_id: str | None = None) -> McpHello:
        """Starts what the draft says, stores nothing and ends it again. Values of None are those of `server_id`.

        Whoever calls this has seen the command. Raises `McpError`, `NotFound` and `Invalid`.
        """
        known = None if server_id is None else await self.get(server_id)
        if known is not None:
            _check_values_stay_here(known, draft)
        server = _server_of(draft, "", self._deps.clock.now())
        return await self._connections.trial(server, await self._secrets.trial_target(server, draft, known))

    async def refresh(self, server_id: str, origin: Origin = USER) -> McpRefresh:
        """Lists its tools again and takes them as they are: changes are agreed to, and what it offers no longer is
        deleted, also from agents. Raises `McpError` and `NotFound`.
        """
        found = await self._connections.refresh(server_id)

        def work(changes: Any) -> tuple[str, ...]:
            gone = [tool for tool, one in tools_of(changes.repos, server_id).values() if one.missing]
            for tool in gone:
                forget_tool(changes, tool)
            return tuple(tool.name for tool in gone)

        return found.model_copy(update={"deleted": await change(self._deps, origin, work)})

    async def log(self, server_id: str) -> tuple[McpLine, ...]:
        """What it wrote and what Lares did, oldest first."""
        return self._connections.log(server_id)

    async def tools(self, server_id: str) -> tuple[McpTool, ...]:
        """Its tools as they are stored, by name, with what each costs in a request. Raises `NotFound`."""

        def work(repos: Repositories) -> tuple[tuple[Tool, McpOrigin, int], ...]:
            repos.mcp_servers.get(server_id)
            use = repos.tools.use()
            return tuple((tool, one, use.get(tool.id, 0)) for tool, one in tools_of(repos, server_id).values())

        found = await self._deps.storage.read(work)

        def counted() -> tuple[McpTool, ...]:
            each = (
                McpTool(tool=tool, origin=one, agents=agents, tokens=self._deps.ledger.tool(tool))
                for tool, one, agents in found
            )
            return tuple(sorted(each, key=lambda one: one.tool.name))

        return await asyncio.to_thread(counted)

    async def accept(self, tool_id: str, digest: str) -> Tool:
        """A person has seen what a server says of this tool now, of which `digest` is the `McpChange.digest`, and
        agrees. Raises `NotFound`, and `Conflict` where it says something else by now.
        """
        now = self._deps.clock.now()

        def work(repos: Repositories) -> Tool:
            before = repos.tools.get(tool_id)
            origin = McpOrigin.of(before)
            if origin is not None and origin.changed is not None and origin.changed.digest != digest:
                raise Conflict(
                    f"The MCP server “{origin.server_name}” has changed again what it says of “{before.name}”.",
                    code="changed_since",
                    hint="Look at the change as it is now, then allow it.",
                )
            tool = repos.tools.upsert(accepted(before, now))
            repos.changed(Changed(kind="tool", ids=(tool_id,)))
            return tool

        return await self._deps.storage.write(work)

    async def run(self, tool_id: str, arguments: dict[str, Any]) -> McpAnswer:
        """Tries a tool by hand. Raises `McpError`, `NotFound` and `Invalid`."""
        tool = await self._deps.storage.read(lambda repos: repos.tools.get(tool_id))
        origin = McpOrigin.of(tool)
        if origin is None:
            raise Invalid(f"“{tool.name}” is no tool of an MCP server.")
        if origin.missing:
            raise McpError(tool.why_not_set_up, hint="Refresh the list of its tools.")
        if origin.changed is not None:
            raise McpError(changed_since(tool, origin), code="mcp_changed")
        return await self._connections.call(origin.server_id, origin.tool_name, arguments)

    async def resources(self, server_id: str) -> tuple[McpResource, ...]:
        """What it lets be read; nothing where it has no such things. Raises `McpError` and `NotFound`."""
        hello = await self._connections.start(server_id)
        return await self._connections.resources(server_id) if hello.resources else ()

    async def read(self, server_id: str, uri: str) -> McpAnswer:
        """The text of a resource. Raises `McpError` and `NotFound`."""
        return await self._connections.read(server_id, uri)

    async def prompts(self, server_id: str) -> tuple[McpPrompt, ...]:
        """Raises `McpError` and `NotFound`."""
        hello = await self._connections.start(server_id)
        return await self._connections.prompts(server_id) if hello.prompts else ()

    async def prompt(self, server_id: str, name: str, arguments: dict[str, str]) -> McpAnswer:
        """The text that the server makes of a prompt. Raises `McpError` and `NotFound`."""
        return await self._connections.prompt(server_id, name, arguments)

    def _view(self, server: McpServer, origins: tuple[McpOrigin, ...]) -> McpView:
        waiting = sum(one.changed is not None for one in origins)
        offered = sum(not one.missing for one in origins)
        return McpView(server=server, status=self._connections.status(server), tools=offered, waiting=waiting)


def _server_of(draft: McpDraft, server_id: str, now: int) -> McpServer:
    name = " ".join(draft.name.split())
    if not 0 < len(name) <= MOST_NAME or not name.isprintable():
        raise Invalid(f"An MCP server needs a name of 1 to {MOST_NAME} characters.")
    launch = draft.launch
    if launch.transport == "stdio":
        if not launch.command:
            raise Invalid("A server on this computer needs a command.", hint="For example: npx")
    elif web_address(launch.url) is None:
        raise Invalid(f"“{launch.url}” is not a web address.", hint="Write it like http://127.0.0.1:8000/mcp")
    values = (*draft.env.values(), *draft.headers.values(), *draft.inputs.values(), draft.token)
    words = (launch.command, *launch.args, launch.folder, launch.url, draft.auth_header)
    texts = (*words, *draft.env, *draft.headers, *(one for one in values if one is not None))
    if len(launch.args) > MOST_WORDS or any(len(one) > MOST_VALUE or "\0" in one for one in texts):
        raise Invalid(f"A command has at most {MOST_WORDS} arguments, and each at most {MOST_VALUE:,} characters.")
    if any(not one or "=" in one or "\n" in one for one in draft.env):
        raise Invalid("The name of a variable is empty or has a sign that none can have.", hint="For example: API_KEY")
    headers = (*draft.headers.items(), (draft.auth_header or AUTHORIZATION, draft.token))
    if any(not _is_header(one, value or "") for one, value in headers):
        raise Invalid("A header has a name or a value that none can have.", hint="For example: X-Api-Key")
    for seconds in (draft.start_seconds, draft.call_seconds):
        if not LEAST_SECONDS <= seconds <= MOST_SECONDS:
            raise Invalid(f"A server is waited for {LEAST_SECONDS:g} to {MOST_SECONDS:g} seconds.")
    return McpServer(
        id=server_id,
        name=name,
        launch=launch,
        auth_header=draft.auth_header.strip(),
        has_token=bool(draft.token),
        start_seconds=draft.start_seconds,
        call_seconds=draft.call_seconds,
        created_at=now,
        updated_at=now,
    )


def _is_header(name: str, value: str) -> bool:
    plain = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return plain and value.isprintable()


def _check_values_stay_here(known: McpServer, draft: McpDraft) -> None:
    """Raises `Invalid` where values that were entered for one place would go to another without anybody's seeing it."""
    old, new = known.launch, draft.launch
    same = (old.transport, old.command, old.url) == (new.transport, new.command, new.url)
    values = (*draft.env.values(), *draft.headers.values(), *draft.inputs.values())
    keeps = any(one is None for one in values) or (draft.token is None and known.has_token)
    if not same and keeps:
        raise Invalid(
            "Another command or address gets none of the values that were entered for the one before.",
            code="mcp_values_again",
            hint="Enter its variables, headers and token again, or remove them.",
        )


def _rename(repos: Repositories, server: McpServer, now: int) -> None:
    for tool, origin in tools_of(repos, server.id).values():
        repos.tools.upsert(with_origin(tool, origin.model_copy(update={"server_name": server.name}), now))


def _note(repos: Repositories, server: McpServer) -> None:
    repos.changed(Changed(kind="mcp_server", ids=(server.id,)))
